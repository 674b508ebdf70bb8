"""What only a CUDA device can show: run with -m gpu, or by `make gpu`."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from nasbench.executors.packing import CONTEXT_BYTES, cuda_peak

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from graphed_step import WARM_UP_STEPS, graphed_step

MEBIBYTE = 2**20


@pytest.mark.gpu
def test_the_peak_of_a_child_is_what_it_held_at_once():
    torch.cuda.init()
    cuda_peak()
    held = torch.empty(256 * MEBIBYTE, dtype=torch.uint8, device="cuda")
    found = cuda_peak()
    assert found is not None
    assert found.used - CONTEXT_BYTES >= held.numel()
    assert found.total == torch.cuda.get_device_properties(0).total_memory


@pytest.mark.gpu
def test_a_step_that_is_replayed_trains_as_one_that_is_run():
    losses = []
    for graphed in (False, True):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))
        network.cuda()
        images, labels = torch.randn(16, 3, 8, 8, device="cuda"), torch.randint(10, (16,), device="cuda")
        optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)

        def step(network=network, images=images, labels=labels, optimizer=optimizer):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            return loss.detach()

        once = graphed_step(step) if graphed else step
        skipped = 0 if graphed else WARM_UP_STEPS
        losses.append([once().item() for _ in range(skipped + 10)][skipped:])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_without_a_device_there_is_nothing_to_measure(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert cuda_peak() is None

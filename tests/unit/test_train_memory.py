"""Gradient checkpointing changes no number, and what a step keeps is counted without computing it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Task
from nasbench.nn.drop_path import DropPath
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng
from nasbench.train.step_memory import COUNTED_IMAGES, MARGIN, USED, activation_bytes, free_bytes, parts_that_fit
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
RECIPE = Recipe(
    "memory", 1, epochs=2, batch_size=32, lr_peak=0.1, train_images=128, val_images=50, drop_path=0.2, ema_decay=0.9
)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.drop_path, self.dropout = DropPath(), nn.Dropout(0.1)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += self.training
        return x + self.dropout(self.drop_path(self.body(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3)
        self.blocks = nn.Sequential(Block(), Block(), Block())
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))


def test_computed_twice_the_numbers_are_the_same() -> None:
    digits = resolve_dataset("digits").load(None, None, False)
    nets = []
    for twice in (False, True):
        with isolated_rng(CPU, 0):
            nets.append(Net())
        metrics = fit(nets[-1], digits, RECIPE, seed=1, device=CPU, checkpoint_activations=twice)
    once, again = (net.state_dict() for net in nets)
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert nets[1].blocks[0].calls == 2 * nets[0].blocks[0].calls == 16
    assert metrics["val_accuracy"] > 0.1


def test_a_network_without_repeated_parts() -> None:
    digits = resolve_dataset("digits").load(None, None, False)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(UsageError, match="no repeated parts whose activations could be left out"):
        fit(plain, digits, replace(RECIPE, drop_path=0.0), seed=1, device=CPU, checkpoint_activations=True)


def on_meta() -> Net:
    with blank():
        return Net()


def test_what_a_step_keeps_is_counted() -> None:
    with torch.device("meta"):
        convolution = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
    image, feature = 4 * 64, 4 * 8 * 64  # the image, which the convolution keeps, and the output of the activation
    assert activation_bytes(convolution, Task(10, 8, 1)) == image + feature
    whole, less = (activation_bytes(on_meta(), Task(10, 8, 1), twice) for twice in (False, True))
    assert less < whole / 1.5
    assert on_meta().training
    assert COUNTED_IMAGES > 1


def test_a_batch_falls_into_as_few_parts_as_fit() -> None:
    network, task = on_meta(), Task(10, 8, 1)
    each = MARGIN * activation_bytes(network, task)
    weights = 4 * sum(p.numel() for p in network.parameters())
    needs = (4 * weights + 32 * each) / USED  # weights, gradients, velocity, average; and the batch
    assert parts_that_fit(network, task, RECIPE, 32, int(needs) + 1, False) == 1
    assert parts_that_fit(network, task, RECIPE, 32, int(needs) - 1, False) == 2
    assert parts_that_fit(network, task, RECIPE, 30, int(needs / 3), False) == 5
    with pytest.raises(UsageError, match=r"one image of 8 pixels needs .* Take fewer pixels, --checkpoint-activations"):
        parts_that_fit(network, task, RECIPE, 32, weights, False)


def test_a_machine_has_memory() -> None:
    assert 2**20 < free_bytes(CPU) < 2**50

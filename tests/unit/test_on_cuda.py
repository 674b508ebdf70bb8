"""What only a CUDA device can show: run with -m gpu, or by `make gpu`."""

from dataclasses import replace
from functools import partial
from random import Random

import pytest
import torch
from torch import Tensor, nn

import zoo
from nasbench.core.arch import sample
from nasbench.core.recipe import Recipe
from nasbench.core.registry import losses, recipes, spaces
from nasbench.core.spec import Size, Task
from nasbench.executors.packing import CONTEXT_BYTES, cuda_peak
from nasbench.nn.drop_path import DropPath, hold_probabilities, set_drop_path, set_progress
from nasbench.train.data import ImageData, Split
from nasbench.train.graphed import BROKEN_CAPTURE, SWITCH, WARM_UP_STEPS, GraphedPass, can_be_captured
from nasbench.train.trainer import fit
from nasbench.train.training import Training

MEBIBYTE = 2**20
RECIPE = replace(recipes.get("quick"), epochs=1, batch_size=16, train_images=None, val_images=None)
SIZES = {"mbconv": Size(), "nas-rl": Size()}
"""Of children whose space has no N and F."""
STEPS = 8
"""Of an epoch of RECIPE on `images`."""


def images(pixels: int = 32) -> ImageData:
    drawn = torch.Generator().manual_seed(0)
    split = Split(
        torch.randint(0, 256, (16 * STEPS, 3, pixels, pixels), generator=drawn, dtype=torch.uint8),
        torch.randint(0, 10, (16 * STEPS,), generator=drawn),
    )
    return ImageData("random", split, split, (0.5,) * 3, (0.3,) * 3, tuple("abcdefghij"), pixels)


def child(space: str = "nasnet") -> nn.Module:
    torch.manual_seed(0)
    found = spaces.make(space)
    size = SIZES.get(space, Size(1, 8, skeleton="cifar"))
    return found.build(sample(space, found.choices, Random(1)), size, Task(10, 32, 3))


def captured(monkeypatch: pytest.MonkeyPatch, model: nn.Module, recipe: Recipe = RECIPE) -> tuple[bool, float]:
    """Whether the steps of a training were captured, and its loss."""
    started: list[Training] = []
    start = Training.start.__func__

    def kept(cls: type[Training], *given: object, **named: object) -> Training:
        started.append(start(cls, *given, **named))
        return started[-1]

    monkeypatch.setattr(Training, "start", classmethod(kept))
    metrics = fit(model, images(), recipe, seed=0, device=torch.device("cuda"))
    graph = started[0].graph
    return graph is not None and graph.is_captured, metrics["train_loss"]


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
@pytest.mark.parametrize("changes", [{}, {"mixed_precision": True, "ema_decay": 0.9, "label_smoothing": 0.1}])
def test_a_training_whose_steps_are_replayed_is_the_one_whose_steps_are_run(monkeypatch, changes):
    recipe = replace(RECIPE, **changes)
    replayed, loss = captured(monkeypatch, child(), recipe)
    monkeypatch.setenv(SWITCH, "0")
    run, expected = captured(monkeypatch, child(), recipe)
    assert (replayed, run) == (True, False)
    assert loss == pytest.approx(expected, rel=0.02)


@pytest.mark.gpu
@pytest.mark.parametrize("space", ["nasnet", "nasbench201", "mbconv", "enas-micro", "enas-macro", "nas-rl"])
def test_children_of_every_space_are_captured(monkeypatch, space):
    assert captured(monkeypatch, child(space))[0]


@pytest.mark.gpu
@pytest.mark.parametrize(
    "name", ["resnet20", "densenet121", "resnet110_stochastic_depth", "efficientnet_b0", "deit_tiny", "mixer_s16"]
)
def test_networks_of_the_zoo_are_captured(monkeypatch, name):
    assert captured(monkeypatch, zoo.entry(name).build(Task(10, 32, 3)))[0]


@pytest.mark.gpu
def test_what_waits_for_the_device_is_never_captured():
    graph, weight = GraphedPass(), torch.ones(4, device="cuda", requires_grad=True)

    def run(images: Tensor, labels: Tensor) -> Tensor:
        weight.grad = None
        loss = (weight * images).sum() * (1.0 if images.sum().item() > 0 else -1.0)
        loss.backward()
        return loss.detach()

    given = torch.arange(4.0, device="cuda"), torch.zeros(1, device="cuda")
    assert [graph(run, *given).item() for _ in range(WARM_UP_STEPS + 2)] == [6.0] * (WARM_UP_STEPS + 2)
    assert not graph.is_captured


@pytest.mark.gpu
def test_a_capture_that_fails_is_told_by_its_first_error():
    graph, calls = GraphedPass(), iter(range(WARM_UP_STEPS + 1))

    def run(images: Tensor, labels: Tensor) -> Tensor:
        if next(calls) == WARM_UP_STEPS:
            raise ValueError("no more")
        return images.sum()

    given = torch.ones(4, device="cuda"), torch.zeros(1, device="cuda")
    for _ in range(WARM_UP_STEPS):
        graph(run, *given)
    with pytest.raises(RuntimeError, match=f"{BROKEN_CAPTURE}: no more"):
        graph(run, *given)


@pytest.mark.gpu
def test_the_probability_of_drop_path_grows_under_a_graph():
    graph, path = GraphedPass(), DropPath()
    model = nn.Sequential(nn.Linear(1, 1), path).cuda().train()
    set_drop_path(model, 0.9)
    set_progress(model, 0.0)
    hold_probabilities(model)
    ones, labels = torch.ones(2000, 1, device="cuda"), torch.zeros(1, device="cuda")

    def run(images: Tensor, labels: Tensor) -> Tensor:
        return (path(images) == 0).float().mean()

    shares = []
    for progress in (0.0,) * (WARM_UP_STEPS + 1) + (0.5, 1.0):
        set_progress(model, progress)
        shares.append(graph(run, ones, labels).item())
    assert graph.is_captured
    assert shares[:-2] == [0.0] * (WARM_UP_STEPS + 1)
    assert shares[-2:] == pytest.approx([0.45, 0.9], abs=0.05)


def own_loss(logits: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits, labels)


def test_layers_and_losses_of_unknown_packages_are_not_captured(monkeypatch):
    class Own(nn.Linear):
        pass

    cuda, known = torch.device("cuda"), nn.Sequential(nn.Linear(1, 1))
    for loss in (losses.get("cross_entropy"), losses.get("torch.nn:CrossEntropyLoss"), nn.CrossEntropyLoss()):
        assert can_be_captured(known, loss, cuda)
        assert not can_be_captured(nn.Sequential(Own(1, 1)), loss, cuda)
    for loss in (own_loss, partial(own_loss)):
        assert not can_be_captured(known, loss, cuda)
    assert not can_be_captured(known, losses.get("cross_entropy"), torch.device("cpu"))
    monkeypatch.setenv(SWITCH, "0")
    assert not can_be_captured(known, losses.get("cross_entropy"), cuda)


def test_without_a_device_there_is_nothing_to_measure(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert cuda_peak() is None

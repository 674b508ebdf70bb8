"""The training of a supernet: which weights a step moves, by which gradient, and that it can be resumed bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
import torch
from torch import nn

from nasbench.core.arch import Architecture
from nasbench.core.errors import PartFailed, UsageError
from nasbench.core.protocols import PathSampler
from nasbench.core.recipe import Recipe
from nasbench.core.registry import samplers
from nasbench.core.spec import Size
from nasbench.nn.supernet import Supernet
from nasbench.train.data import ImageData
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng
from nasbench.train.loader import TrainBatches
from nasbench.train.path_scores import PathImages, score_path
from nasbench.train.shared_training import SharedTraining, distinct_panel
from nasbench.train.trainer import fit
from search_spaces.nasbench201.space import NasBench201Space

CPU = torch.device("cpu")
SPACE = NasBench201Space()
RECIPE = Recipe(
    "shared", 1, epochs=1, batch_size=32, lr_peak=0.05, weight_decay=0.1, train_images=64, val_images=64, flip=True
)
EVERYTHING = replace(RECIPE, epochs=2, nesterov=True, grad_clip_norm=1.0, ema_decay=0.9, accumulate=2)
CONV = SPACE.from_string("|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|")
POOL = SPACE.from_string("|avg_pool_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
FEW_DRAWS = {"steps": 1, "samples": 2, "hidden_units": 4}


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return resolve_dataset("digits").load(None, None, False)


@dataclass(frozen=True)
class Fixed:
    """Always the same paths."""

    chosen: tuple[Architecture, ...]

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        return self.chosen


def supernet(data: ImageData) -> Supernet:
    with isolated_rng(CPU, 0):
        return SPACE.supernet(Size(1, 4, skeleton="cifar"), data.task)


def shared(data: ImageData, sampler: PathSampler, panel: Sequence[Architecture] = (CONV,)) -> SharedTraining:
    return SharedTraining(sampler, 0, panel, PathImages.of(data, CPU, 64, 64), data.val.first(64), data, CPU)


def trained(
    data: ImageData, recipe: Recipe, paths: SharedTraining, **more: object
) -> tuple[Supernet, dict[str, float]]:
    network = supernet(data)
    return network, fit(network, data, recipe, seed=0, device=CPU, paths=paths, **more)  # type: ignore[arg-type]


def parameters(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in network.named_parameters()}


def test_weights_off_the_path_stay_and_those_on_it_move(digits: ImageData) -> None:
    before, (network, metrics) = parameters(supernet(digits)), trained(digits, RECIPE, shared(digits, Fixed((CONV,))))
    on = {id(tensor) for tensor in network.shared(CONV).values()}
    moved = {name for name, value in network.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {name for name, value in network.named_parameters() if id(value) in on}, "not even by decay"
    assert 0 < len(moved) < len(before)
    assert {"train_loss", "val_accuracy", "val_loss", "val_top5"} == set(metrics)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_step_follows_the_sum_of_the_gradients_of_its_paths(digits: ImageData, accumulate: int) -> None:
    recipe = replace(
        RECIPE, momentum=0.0, weight_decay=0.0, batch_size=64, accumulate=accumulate, lr_schedule="constant"
    )
    by_hand = supernet(digits)
    start = parameters(by_hand)
    images, labels = next(TrainBatches(digits, recipe, 0, CPU).epoch(0))
    for part, targets in zip(images.chunk(accumulate), labels.chunk(accumulate), strict=True):
        for path in (CONV, POOL):
            (nn.functional.cross_entropy(by_hand(part, path), targets) / accumulate).backward()
    found, metrics = trained(digits, recipe, shared(digits, Fixed((CONV, POOL))))
    for name, value in by_hand.named_parameters():
        expected = start[name] if value.grad is None else start[name] - recipe.lr_peak * value.grad
        assert torch.allclose(found.get_parameter(name), expected, atol=1e-6), name
    assert any(value.grad is None for value in by_hand.parameters())
    assert metrics["train_loss"] > 0


@pytest.mark.parametrize("name", ["fair", "enas"])
def test_a_resumed_training_is_the_uninterrupted_one(digits: ImageData, name: str, tmp_path: Path) -> None:
    def made() -> PathSampler:
        return samplers.make(name, SPACE, options=FEW_DRAWS if name == "enas" else {})

    hears = {"lr_schedule": "plateau", "lr_metric": "val_accuracy", "lr_patience": 0, "lr_threshold": 10.0}
    recipe = EVERYTHING if name == "enas" else replace(EVERYTHING, **hears)
    whole, expected = trained(digits, recipe, shared(digits, made()))
    file = tmp_path / "checkpoint.pt"
    trained(digits, recipe, shared(digits, made()), stop_after=1, checkpoint=file)
    assert ("schedule" in torch.load(file, weights_only=True)) == (name == "fair")
    resumed, found = trained(digits, recipe, shared(digits, made()), checkpoint=file)
    assert found == expected
    assert ("controller_reward" in found) == (name == "enas")
    for key, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_training_does_not_depend_on_what_is_scored(digits: ImageData) -> None:
    fair = samplers.make("fair", SPACE)
    one, scored = trained(digits, EVERYTHING, shared(digits, fair, (CONV,)))
    other, otherwise = trained(digits, EVERYTHING, shared(digits, fair, (POOL, CONV)))
    assert scored["train_loss"] == otherwise["train_loss"]
    assert scored["val_loss"] != otherwise["val_loss"]
    for name, value in one.named_parameters():
        assert torch.equal(value, other.get_parameter(name)), name


def test_the_panel_scores_what_is_kept(digits: ImageData) -> None:
    """The average of the weights, of which `model` ends up with a copy."""
    paths = shared(digits, samplers.make("fair", SPACE), (CONV, POOL))
    network, metrics = trained(digits, EVERYTHING, paths)
    again = [score_path(network, path, paths.images, digits, CPU).loss for path in (CONV, POOL)]
    assert metrics["val_loss"] == pytest.approx(sum(again) / 2, rel=1e-6)


def test_a_panel_is_drawn_by_the_seed_and_holds_no_path_twice() -> None:
    small = NasBench201Space(("none", "skip_connect"))
    uniform = samplers.make("uniform", small)
    panel = distinct_panel(lambda rng: uniform.paths(rng)[0], 4, seed=1)
    assert len(set(panel)) == len(panel) == 4
    assert panel == distinct_panel(lambda rng: uniform.paths(rng)[0], 4, seed=1)
    assert panel != distinct_panel(lambda rng: uniform.paths(rng)[0], 4, seed=2)
    assert distinct_panel(lambda _: CONV, 4, seed=0) == (CONV,)


@pytest.mark.parametrize("drawn", [(), ("nor_conv_3x3",), None], ids=["none", "a text", "nothing"])
def test_a_sampler_that_draws_no_architecture_is_named(digits: ImageData, drawn: object) -> None:
    class Draws:
        def paths(self, rng: Random) -> object:
            return drawn

    training = SharedTraining(Draws(), 0, (), None, digits.val, digits, torch.device("cpu"))  # type: ignore[arg-type]
    told = "Draws .*failed in paths" if drawn is None else r"paths\(\) of the sampler .*Draws.* one nasbench.core.arch"
    with pytest.raises((UsageError, PartFailed), match=told):
        training.of_step(3)

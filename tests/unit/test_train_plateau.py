"""The schedule `plateau` against PyTorch's ReduceLROnPlateau, and in trainings that are interrupted."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.train.data import ImageData, Split
from nasbench.train.schedules import build_schedule, make_schedule
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
RECIPE = Recipe("test", 1, epochs=12, batch_size=16, lr_peak=0.4, lr_final=0.003, lr_schedule="plateau", lr_patience=2)
TINY = replace(RECIPE, lr_patience=0, lr_metric="val_accuracy", lr_threshold=0.05)


def torchs(recipe: Recipe, values: list[float]) -> list[float]:
    """PyTorch's rates after each value."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=recipe.lr_peak)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="max" if "loss" not in recipe.lr_metric else "min",
        factor=recipe.lr_gamma,
        patience=recipe.lr_patience,
        threshold=recipe.lr_threshold,
        min_lr=recipe.lr_final,
    )
    found = []
    for value in values:
        schedule.step(value)
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.parametrize("metric", ["val_loss", "train_loss", "val_accuracy", "val_top5"])
@pytest.mark.parametrize("patience", [0, 2, 5])
def test_equals_pytorchs_and_goes_on_from_its_state(metric: str, patience: int) -> None:
    recipe = replace(RECIPE, lr_metric=metric, lr_patience=patience, lr_gamma=0.3, lr_threshold=0.02)
    rng = Random(patience)
    values = [0.5 + 0.1 * rng.random() + 0.02 * epoch * (rng.random() < 0.3) for epoch in range(80)]
    rate, found = make_schedule(recipe), []
    for epoch, value in enumerate(values):
        assert rate.hears is not None
        rate.hears.hear({metric: value, "other": -value})
        found.append(rate(25 * (epoch + 1), 25, 81))
        if epoch % 7 == 3:  # resumed in the middle
            state, rate = rate.hears.state(), make_schedule(recipe)
            assert rate.hears is not None
            rate.hears.restore(state)
    assert found == torchs(recipe, values)
    assert len(set(found)) > 2


def test_the_warm_up_rises_to_the_present_rate() -> None:
    rate = make_schedule(replace(RECIPE, warmup_epochs=2.0, lr_patience=0))
    assert rate.hears is not None
    assert [rate(step, 2, 4) for step in range(5)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4])
    for _ in range(2):
        rate.hears.hear({"val_loss": 1.0})
    assert rate(4, 2, 4) == pytest.approx(0.04)
    assert rate(3, 2, 4) == pytest.approx(0.4), "the rate of a step that was done stays what it was"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'val_los'.*Did you mean 'val_loss'"):
        make_schedule(replace(RECIPE, lr_metric="val_los"))
    with pytest.raises(UsageError, match=r"lr_gamma .* must be below 1"):
        make_schedule(replace(RECIPE, lr_gamma=1.0))
    rate = make_schedule(RECIPE)
    assert rate.hears is not None
    with pytest.raises(UsageError, match="listens to val_loss, which this training does not report"):
        rate.hears.hear({"train_loss": 1.0})


class Deaf:
    """A schedule of one's own that hears, and could not be resumed."""

    def __call__(self) -> float:
        return 0.1

    def hear(self, metrics: Mapping[str, float]) -> None:
        """Forgets."""


def test_a_schedule_that_hears_must_be_able_to_go_on() -> None:
    with pytest.raises(UsageError, match="no state and no restore"):
        build_schedule(Deaf, RECIPE)


def data() -> ImageData:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (64, 1, 8, 8), generator=generator).byte()
    split = Split(images, torch.randint(0, 3, (64,), generator=generator))
    return ImageData("noise", split, split.first(32), (0.5,), (0.25,), ("a", "b", "c"), 8)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))


def test_a_training_evaluates_for_it_and_is_resumed_exactly(tmp_path: Path) -> None:
    def train(**options: Any) -> tuple[list[torch.Tensor], dict[str, float]]:
        model = net()
        metrics = fit(model, data(), TINY, seed=1, device=CPU, **options)
        return list(model.state_dict().values()), metrics

    whole, metrics = train()
    constant = net()
    fit(constant, data(), replace(TINY, lr_schedule="constant"), seed=1, device=CPU)
    assert not torch.equal(whole[0], next(iter(constant.state_dict().values())))
    file = tmp_path / "state.pt"
    for stop in (2, 5, 9):
        train(checkpoint=file, stop_after=stop)
    assert torch.load(file, weights_only=True)["schedule"]["rates"][-1] < TINY.lr_peak
    resumed, same = train(checkpoint=file)
    assert same == metrics
    assert all(torch.equal(one, other) for one, other in zip(whole, resumed, strict=True))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alexnet", (1e-2, "plateau", 128, 0.9, 5e-4, 0.5)),
        ("vgg", (1e-2, "plateau", 256, 0.9, 5e-4, 0.5)),
        ("googlenet", (1e-2, "exponential", 32, 0.9, 2e-4, None)),
        ("resnet_plateau", (0.1, "plateau", 256, 0.9, 1e-4, None)),
    ],
)
def test_the_winners_recipes(name: str, said: tuple[Any, ...]) -> None:
    recipe = recipes.get(name)
    assert said == (
        *(recipe.lr_peak, recipe.lr_schedule, recipe.batch_size, recipe.momentum, recipe.weight_decay, recipe.dropout),
    )
    rate = make_schedule(recipe)
    assert rate(0, 10, recipe.epochs) == recipe.lr_peak
    if name == "googlenet":
        assert rate(80, 10, recipe.epochs) == pytest.approx(0.96 * recipe.lr_peak)

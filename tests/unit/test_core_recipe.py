"""Recipes refuse numbers that make no sense, and say what identifies a training; the built-in recipes are sound."""

from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import pytest

from nasbench.core import built_in
from nasbench.core.errors import UsageError
from nasbench.core.recipe import INTERVALS, NEWER_FIELDS, Recipe
from nasbench.core.registry import losses, optimizers, recipes, schedules

RECIPE = Recipe("test", 1, epochs=4, batch_size=8, lr_peak=0.4)


def test_every_number_has_an_interval() -> None:
    numbers = {field.name for field in fields(Recipe) if "int" in str(field.type) or "float" in str(field.type)}
    assert numbers == INTERVALS.keys()


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize("number", [nan, inf, -1, "1"])
def test_a_number_that_makes_no_sense_is_refused(name: str, number: Any) -> None:
    value = (0.5, number) if name == "lr_milestones" else number
    with pytest.raises(UsageError, match=rf"^{name} of recipe 'test' must be a number in .*; got {number!r}$"):
        replace(RECIPE, **{name: value})


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"lr_peak": 0.0},
        {"drop_path": 1.0},
        {"ema_decay": 1.0},
        {"label_smoothing": 1.1},
        {"lr_milestones": (0.5, 2.0)},
        {"momentum": None},
    ],
)
def test_the_ends_of_intervals(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        replace(RECIPE, **wrong)


def test_what_is_at_the_end_of_an_interval_passes() -> None:
    replace(RECIPE, epochs=1, label_smoothing=1.0, drop_path=0.0, lr_milestones=(), grad_clip_norm=None, momentum=0)


@pytest.mark.parametrize("name", built_in.RECIPES)
def test_the_parts_of_the_built_in_recipes_exist(name: str) -> None:
    recipe = recipes.get(name)
    assert recipe.loss in losses.names()
    assert recipe.optimizer in optimizers.names()
    assert recipe.lr_schedule in schedules.names()


def test_newer_fields_at_their_defaults_are_no_part_of_what_identifies_a_training() -> None:
    assert RECIPE.to_json() == {key: value for key, value in vars(RECIPE).items() if key not in NEWER_FIELDS}
    assert replace(RECIPE, loss="mine:Loss").to_json()["loss"] == "mine:Loss"
    assert replace(RECIPE, lr_restart_epochs=5.0).to_json()["lr_restart_epochs"] == 5.0


@pytest.mark.parametrize("name", built_in.RECIPES)
def test_recipes_are_recipes_under_their_own_name(name):
    recipe = recipes.get(name)
    assert isinstance(recipe, Recipe)
    assert recipe.name == name
    assert recipe.source

"""Options as people write them, and what the engine offers to parts that name it."""

from typing import Any

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.options import call_with_options, parse_options
from nasbench.core.registry import strategies
from nasbench.testing import TOY_SPACE


def plain(space: str, seed: int = 0, size: int = 3) -> dict[str, Any]:
    return {"space": space, "seed": seed, "size": size}


def names_epochs(space: str, seed: int = 0, epochs: int = 1, **options: object) -> dict[str, Any]:
    return {"space": space, "seed": seed, "epochs": epochs, **options}


def takes_any(space: str, **options: object) -> dict[str, Any]:
    return {"space": space, **options}


OFFERED = {"epochs": 20, "counts": len}


def test_what_is_offered_goes_to_those_that_name_it() -> None:
    assert call_with_options(plain, "it", {"size": 5}, "s", seed=1, offered=OFFERED) == {
        "space": "s",
        "seed": 1,
        "size": 5,
    }
    assert call_with_options(names_epochs, "it", {"lr": 0.1}, "s", seed=1, offered=OFFERED) == {
        "space": "s",
        "seed": 1,
        "epochs": 20,
        "lr": 0.1,
    }
    assert call_with_options(takes_any, "it", {"epochs": 3}, "s", seed=1, offered=OFFERED) == {
        "space": "s",
        "seed": 1,
        "epochs": 3,
    }


@pytest.mark.parametrize(
    ("part", "options", "words"),
    [
        (plain, {"sise": 4}, ["'sise'", "Did you mean 'size'"]),
        (plain, {"seed": 4}, ["'seed'", "size"]),
        (names_epochs, {"epochs": 4}, ["'epochs'"]),
        (takes_any, {"seed": 4}, ["'seed'"]),
    ],
)
def test_an_option_that_is_not_one_is_named(part: Any, options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        call_with_options(part, "it", options, "s", seed=1, offered=OFFERED)
    for word in words:
        assert word in str(error.value)


def test_options_are_literals_or_text() -> None:
    assert parse_options(["a=1", "b=0.5", "c=tpe", "d=None"], "--x") == {"a": 1, "b": 0.5, "c": "tpe", "d": None}


def test_ppo_has_epochs_of_its_own() -> None:
    offered = {"objectives": (), "counts": None}
    strategy = strategies.make("ppo", TOY_SPACE, options={"epochs": 2}, offered={**offered, "epochs": 20}, seed=0)
    assert strategy._epochs == 2  # type: ignore[attr-defined]
    asha = strategies.make("asha", TOY_SPACE, options={}, offered={**offered, "epochs": 9}, seed=0)
    assert asha.epochs == (1, 3, 9)  # type: ignore[attr-defined]


def needs_depth(space: str, depht: int, seed: int = 0) -> dict[str, Any]:
    return {"space": space, "depht": depht, "seed": seed}


def test_a_required_parameter_gets_an_option() -> None:
    assert call_with_options(needs_depth, "it", {"depht": 3}, "s", seed=1)["depht"] == 3


def test_a_required_parameter_without_a_value_is_one_error_that_lists_what_is_offered() -> None:
    with pytest.raises(UsageError) as error:
        call_with_options(needs_depth, "loss 'mine'", None, "s", offered={"depth": 3, "width": 2})
    assert str(error.value) == (
        "loss 'mine' has the required parameter 'depht', for which there is no value. Did you mean 'depth'? "
        "Offered: depth, width. Name one of these, or give the parameter a default."
    )
    with pytest.raises(UsageError, match="give it as an option, depht=VALUE"):
        call_with_options(needs_depth, "it", {}, "s", seed=1)


@pytest.mark.parametrize("part", [3, "text", type("NoCall", (), {})()])
def test_what_cannot_be_called_is_said(part: Any) -> None:
    with pytest.raises(UsageError, match="it is not a function or class"):
        call_with_options(part, "it", None)


def test_too_few_positional_parameters_are_said() -> None:
    with pytest.raises(UsageError, match=r"takes 1 positional argument\(s\), but it is called with 2"):
        call_with_options(takes_any, "it", None, "logits", "labels")

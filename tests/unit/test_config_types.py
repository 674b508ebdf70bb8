"""Keywords from Python are checked by the types of the fields: one clear error for a value of another type."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.options import parse_options
from nasbench.engine.config import SearchConfig

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a text for a number": ({"trials": "3"}, r"^--trials takes a whole number; got '3'"),
    "a number for a path": ({"run": 5}, r"^--run takes a text; got 5"),
    "a number for a path to resume": ({"run": 5, "resume": True}, r"^--run takes a text; got 5"),
    "a text for a switch": ({"resume": "yes"}, r"^--resume takes True or False; got 'yes'"),
    "nothing for a number": ({"trials": None}, r"^--trials takes a whole number; got None"),
    "a switch for a number": ({"control": True}, r"^--control takes a whole number or auto; got True"),
    "a share for a whole number": ({"epochs": 1.5}, r"^--epochs takes a whole number from 1 on; got 1.5"),
    "none of the choices": ({"device": "tpu"}, r"^--device takes auto, cpu, cuda or mps; got 'tpu'"),
    "a number for a choice": ({"device": 3}, r"^--device takes auto, cpu, cuda or mps; got 3"),
    "no preset": ({"preset": []}, r"^--preset takes paper or quick; got \[\]"),
    "a number for names": ({"objectives": 3}, r"^--objectives takes a text, or several; got 3"),
    "an object for an option": (
        {"strategy_options": {"a": object()}},
        r"^--strategy-options takes numbers, texts, .* for 'a'$",
    ),
    "a number for the name of an option": ({"strategy_options": {3: 1}}, r"^--strategy-options takes .* the name 3$"),
    "a number for options": ({"strategy_options": 5}, r"^--strategy-options takes a text, or several; got 5"),
    "a number for a part": ({"space": 5}, "no import path"),
    "no trackers": ({"trackers": 5}, "trackers takes a list"),
    "what is no tracker": ({"trackers": [5]}, r"5 is no tracker: it lacks start, trial, finish"),
    "no such keyword": ({"strategies": "x"}, "Did you mean 'strategy'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_search_from_python_says_what_is_wrong(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        nasbench.search(**options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"phi": "3"}, {"base": 5}, {"search": "yes"}, {"search": True, "trials": "4"}])
def test_so_does_scaling(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="takes"):
        nasbench.scale(**options)


@pytest.mark.parametrize("model", [5, None, ["lenet5"]])
def test_a_model_is_a_name_or_a_path(model: Any) -> None:
    with pytest.raises(UsageError, match="a MODEL is"):
        nasbench.load(model)


def test_what_means_the_same_is_taken() -> None:
    config = SearchConfig.of(run=Path("a") / "b", trials=np.int64(3), time_budget=2, objectives="val_accuracy")
    assert (config.place.run, config.trials, type(config.trials)) == ("a/b", 3, int)
    assert (config.time_budget, config.goals.objectives) == (2, ("val_accuracy",))
    assert SearchConfig.of(max_macs=4_000_000, max_params=2e6).goals.count("max_macs") == 4_000_000
    assert SearchConfig.of(strategy_options=["a=1"]).strategy_options == ("a=1",)


OPTIONS = {"population": 5, "rate": np.float64(0.5), "sampler": "tpe", "text": "5", "none": None, "sizes": (1, 2)}


def test_options_of_a_strategy_are_taken_as_a_mapping_too() -> None:
    config = SearchConfig.of(strategy_options=OPTIONS)
    assert config.strategy_options[:4] == ("population=5", "rate=0.5", "sampler=tpe", "text='5'")
    assert parse_options(config.strategy_options, "--strategy-options") == OPTIONS
    assert SearchConfig.of(strategy_options={}).strategy_options == ()

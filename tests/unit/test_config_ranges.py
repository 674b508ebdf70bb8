"""Every number of every command has a range: what is not finite, or out of it, is one message that names the flag."""

from dataclasses import fields
from math import inf, nan
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.cli.profile import ProfileConfig
from nasbench.core.errors import UsageError
from nasbench.engine.config import (
    CompareConfig,
    ExportConfig,
    ModelOverrides,
    RaceConfig,
    ScaleConfig,
    SearchConfig,
    TrainConfig,
    TransferConfig,
)
from nasbench.engine.config.record import Record, flag

COMMANDS: tuple[type[Record], ...] = (
    SearchConfig,
    TrainConfig,
    CompareConfig,
    TransferConfig,
    ScaleConfig,
    RaceConfig,
    ExportConfig,
    ModelOverrides,
)
UNBOUNDED = ("seed", "phi")
"""Numbers that may be negative."""


def numbers(config: Record) -> dict[str, bool]:
    """Flat name of every field that holds a number -> whether it is a whole one."""
    found: dict[str, bool] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        if isinstance(value, Record):
            found |= numbers(value)
        elif any(word in str(each.type) for word in ("int", "float")):
            found[each.name] = "int" in str(each.type)
    return found


CASES = [(kind, name) for kind in COMMANDS for name in numbers(kind())]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind.__name__}-{name}" for kind, name in CASES])
@pytest.mark.parametrize("value", [nan, inf, -inf, -5])
def test_a_number_out_of_range_is_refused(kind: type[Record], name: str, value: float) -> None:
    if value == -5 and name in UNBOUNDED:
        return
    given = (value,) if isinstance(kind().flat()[name], tuple) else value
    with pytest.raises(UsageError, match=f"^{flag(name)} takes "):
        kind.of(**{name: given}).check()


def test_a_profile_checks_its_overrides_too() -> None:
    with pytest.raises(UsageError, match="--classes takes a whole number from 2 on"):
        ProfileConfig(model="lenet5", overrides=ModelOverrides(classes=1)).overrides.check()


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_defaults_are_in_range(kind: type[Record]) -> None:
    needed: dict[type[Record], dict[str, Any]] = {RaceConfig: {"trials": 1}, CompareConfig: {"models": ("a", "b")}}
    kind.of(**needed.get(kind, {})).check()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "lenet5", "--trial-timeout", "-5"],
        ["train", "lenet5", "--seeds", "0"],
        ["compare", "lenet5", "resnet20", "--controls", "-1"],
        ["transfer", "lenet5", "--accumulate", "0"],
        ["race", "--trials", "5", "--also", "inf"],
        ["scale", "--phi", "nan"],
        ["profile", "lenet5", "--classes", "1"],
        ["export", "lenet5", "--batch", "0"],
    ],
)
def test_the_command_line_answers_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "takes" in error
    assert "Traceback" not in error


def test_one_text_for_a_list_is_a_list_of_one() -> None:
    assert SearchConfig.of(objectives="val_accuracy,macs").goals.objectives == ("val_accuracy,macs",)

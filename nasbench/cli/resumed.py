"""The command lines of trainings that can be gone on with: what is not given again comes from the run directory."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from nasbench.cli.parse import parse
from nasbench.engine.config import CompareConfig, TrainConfig, TransferConfig

Config = TypeVar("Config", TrainConfig, TransferConfig, CompareConfig)


def parse_training(kind: type[Config], command: str, argv: Sequence[str], subject: str = "model") -> Config:
    """The record that `argv` asks for, whose field `subject` stands first; with --resume, that of the run in --run,
    which needs none.
    """
    if "--resume" not in argv:
        return parse(kind, command, argv, positional=subject)
    positional = None if argv[0].startswith("-") else subject
    given = parse(kind, command, argv, positional=positional)
    from nasbench.engine.run.resume import check_resume, stored_config

    stored = stored_config(kind, command, given.run)
    switches = [
        field.name for field in fields(kind) if field.default is False
    ]  # one that is on by default could not be given again
    off: dict[str, Any] = dict.fromkeys(switches, False)
    asked = parse(kind, command, argv, default=replace(stored, **off), positional=positional)
    on: dict[str, Any] = {name: getattr(asked, name) or getattr(stored, name) for name in switches if name != "json"}
    config = replace(asked, **on)
    check_resume(config, command)
    return config

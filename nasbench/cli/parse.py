"""Flags to frozen records, by tyro: the record's fields are the flags, their docstrings the help."""

from collections.abc import Sequence
from typing import TypeVar

import tyro

Config = TypeVar("Config")


def parse(config: type[Config], command: str, argv: Sequence[str], default: Config | None = None) -> Config:
    """The record that `argv` asks for; what is not given comes from `default`. Exits with status 2 on bad usage."""
    marks = (tyro.conf.FlagCreatePairsOff,)
    if default is None:
        return tyro.cli(config, prog=f"nasbench {command}", args=list(argv), config=marks)
    return tyro.cli(config, prog=f"nasbench {command}", args=list(argv), config=marks, default=default)

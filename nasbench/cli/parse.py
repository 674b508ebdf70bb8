"""Flags to frozen records, by tyro: the record's fields are the flags, their docstrings the help."""

from collections.abc import Sequence
from typing import TypeVar

import tyro

from nasbench.core.errors import UsageError

Config = TypeVar("Config")


def parse(
    config: type[Config],
    command: str,
    argv: Sequence[str],
    default: Config | None = None,
    positional: str | None = None,
) -> Config:
    """The record that `argv` asks for; what is not given comes from `default`. Exits with status 2 on bad usage.

    The field `positional` takes what stands before the first flag, and must be given.
    """
    marks = (tyro.conf.FlagCreatePairsOff,)
    flags = list(argv)
    if positional is not None and not {"-h", "--help"} & set(flags):
        words = next((index for index, word in enumerate(flags) if word.startswith("-")), len(flags))
        if words == 0:
            raise UsageError(f"nasbench {command} needs a model first. See: nasbench {command} --help")
        flags = [f"--{positional}", *flags]
    if default is None:
        return tyro.cli(config, prog=f"nasbench {command}", args=flags, config=marks)
    return tyro.cli(config, prog=f"nasbench {command}", args=flags, config=marks, default=default)

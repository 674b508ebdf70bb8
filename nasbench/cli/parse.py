"""Flags to frozen records, by tyro: the record's fields are the flags, their docstrings the help.

The records inside a configuration are groups of the help; their flags have no prefix.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tyro

from nasbench.core.errors import UsageError
from nasbench.engine.config.record import Record

Config = TypeVar("Config")
RunConfig = TypeVar("RunConfig", bound=Record)

MARKS = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)


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
    flags = list(argv)
    if positional is not None and not {"-h", "--help"} & set(flags):
        words = next((index for index, word in enumerate(flags) if word.startswith("-")), len(flags))
        if words == 0:
            raise UsageError(f"nasbench {command} needs a model first. See: nasbench {command} --help")
        flags = [f"--{positional}", *flags]
    if default is None:
        return tyro.cli(config, prog=f"nasbench {command}", args=flags, config=MARKS)
    return tyro.cli(config, prog=f"nasbench {command}", args=flags, config=MARKS, default=default)


def parse_run(
    kind: type[RunConfig],
    command: str,
    argv: Sequence[str],
    presets: Mapping[str, Any] | None = None,
    positional: str | None = None,
) -> RunConfig:
    """The configuration of a command that makes a run; with --resume, that of the run in --run, which needs no other.

    `presets` are values that explicit flags win over. UsageError where a run of another command is to be resumed.
    """
    resumes = "--resume" in argv
    where = None if resumes and argv[0].startswith("-") else positional
    given = parse(kind, command, argv, positional=where)
    if resumes:
        from nasbench.engine.run.resume import stored_config

        return _resumed(stored_config(kind, command, given.flat()["run"]), command, argv, where)
    if presets:
        return parse(kind, command, argv, kind.of(**presets), where)
    return given


def _resumed(stored: RunConfig, command: str, argv: Sequence[str], positional: str | None) -> RunConfig:
    """`stored` with the flags that were given again. No flag can be switched off: those that are on stay."""
    switches = [name for name, value in stored.flat().items() if isinstance(value, bool)]
    off = stored.changed(**dict.fromkeys(switches, False))
    asked = parse(type(stored), command, argv, off, positional)
    on = {name: asked.flat()[name] or (stored.flat()[name] and name != "json") for name in switches}
    config = asked.changed(**on)
    from nasbench.engine.run.resume import check_unchanged

    check_unchanged(stored, config, Path(config.flat()["run"]))
    return config

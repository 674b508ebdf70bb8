"""Flags to frozen records, by tyro: the record's fields are the flags, their docstrings the help.

The records inside a configuration are groups of the help; their flags have no prefix.
"""

import io
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path
from typing import Any, TypeVar

import tyro

from nasbench.cli.fields import registry_for
from nasbench.cli.output import Leaving
from nasbench.core.errors import UsageError
from nasbench.core.shown import say
from nasbench.engine.config.record import Record

Config = TypeVar("Config")
RunConfig = TypeVar("RunConfig", bound=Record)

NARROWEST = 60
"""Columns of characters that a help needs to be read."""
MARKS = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)


def parse(
    config: type[Config],
    command: str,
    argv: Sequence[str],
    default: Config | None = None,
    positional: str | None = None,
    needed: bool = True,
) -> Config:
    """The record that `argv` asks for; what is not given comes from `default`. Exits with status 2 on bad usage.

    The field `positional` takes the words that stand without a flag; UsageError where there are none and it is needed.
    """
    given: dict[str, Any] = {} if default is None else {"default": default}
    registry, prog = registry_for(positional), f"nasbench {command}"
    with legible(argv):
        try:
            found: Config = tyro.cli(config, prog=prog, args=list(argv), config=MARKS, registry=registry, **given)
        except SystemExit as leaving:
            raise Leaving(leaving.code) from None
    if positional is not None and needed and not getattr(found, positional):
        raise UsageError(f"nasbench {command} needs a model first. See: nasbench {command} --help")
    return found


@contextmanager
def legible(argv: Sequence[str]) -> Iterator[None]:
    """Helps and errors are not narrower than NARROWEST, and show the control characters of what was typed."""
    before = os.environ.get("COLUMNS")
    if shutil.get_terminal_size().columns < NARROWEST:
        os.environ["COLUMNS"] = str(NARROWEST)
    caught = io.StringIO()
    try:
        with redirect_stderr(caught) if not all(map(str.isprintable, argv)) else nullcontext():
            yield
    finally:
        if caught.getvalue():
            say(caught.getvalue().rstrip())
        if before is None:
            os.environ.pop("COLUMNS", None)
        else:
            os.environ["COLUMNS"] = before


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
    given = parse(kind, command, argv, positional=positional, needed=not resumes)
    if resumes:
        from nasbench.engine.run.resume import stored_config

        flat = given.flat()
        stored = stored_config(kind, command, flat["run"], flat.get("storage"))
        given = _resumed(stored, command, argv, positional)
    elif presets:
        given = parse(kind, command, argv, kind.of(**presets), positional)
    given.check()  # here too, where a wrong name or number is answered without what a command needs to run
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

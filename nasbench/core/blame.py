"""Who is to blame: a fault in a part of the user's own is told with the part's name and the line where it happened.

A part is somebody else's code. It may raise anything, `SystemExit` too, which would end the process without a word.
"""

import inspect
import os
import sysconfig
import traceback
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, final

from nasbench.core.errors import PartFailed, RunFailed, TrialFailed, TrialPruned, UsageError
from nasbench.core.json_text import DEEPEST
from nasbench.core.shown import sentence, shown, text_of
from nasbench.core.stop_signals import from_outside

REASON_LENGTH = 500
"""Characters of an error that go into the log."""
MOST_READ = 100_000
"""Characters of an error's text that are looked at: it may hold megabytes."""
SPEAKS = UsageError, RunFailed, TrialFailed, TrialPruned
"""Errors that speak to the user already."""
INSIDE = ("evaluator", "_inner")
"""Where parts of this package that wrap another one keep it."""


def in_one_line(error: BaseException) -> str:
    """An error as 'Type: text' on one line, in which every character can be seen; of a TrialFailed, only the text."""
    told = text_of(error)[:MOST_READ]
    text = told if isinstance(error, TrialFailed) and told else f"{type(error).__name__}: {told}"
    return shown(" ".join(text.split()))[:REASON_LENGTH]


@final
class blame:
    """Turns what a part raises inside into one error of that `kind`, which names the part, the call and the line.

    `part` is the part itself, or how it is called in words; `then` is a sentence on what to do. What speaks to the user
    already passes through, and so does the user's own interrupt. A class: a generator would let StopIteration pass.
    """

    def __init__(
        self, part: object, call: str, kind: type[UsageError] | type[PartFailed] = PartFailed, then: str = ""
    ) -> None:
        self._part, self._call, self._kind, self._then = part, call, kind, then

    def __enter__(self) -> None:
        """Nothing is prepared."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None or isinstance(error, SPEAKS) or from_outside(error):
            return
        who = self._part if isinstance(self._part, str) else part_name(self._part)
        what = sentence(in_one_line(error) + where_raised(error))
        raise self._kind(f"{who} failed in {self._call}: {what} {self._then}".rstrip()) from error


def part_name(part: object) -> str:
    """A part by its import path and where it is defined: 'my_module:MyPart (my_module.py:7)'."""
    while True:
        inner = next((getattr(part, name) for name in INSIDE if hasattr(part, name)), None)
        if inner is None or not type(part).__module__.startswith("nasbench."):
            break
        part = inner
    kind: Any = part if hasattr(part, "__qualname__") else type(part)
    name = f"{kind.__module__}:{kind.__qualname__}"
    try:
        file, (_, line) = inspect.getsourcefile(kind), inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return name
    return f"{name} ({_short(str(file))}:{line})"


def where_raised(error: BaseException) -> str:
    """' (my_module.py:12)': the innermost line outside this package and the libraries that it uses; '' for none."""
    line = _own_line(error)
    return "" if line is None else f" ({_short(line.filename)}:{line.lineno})"


def raised_by_user(error: BaseException) -> str | None:
    """'my_part() in my_module.py:12' where an error comes from code of the user's own; None where it does not."""
    if isinstance(error, SyntaxError) and error.filename and _is_own(error.filename):
        return f"{_short(error.filename)}:{error.lineno}"
    line = _own_line(error)
    return None if line is None else f"{line.name}() in {_short(line.filename)}:{line.lineno}"


def plain_values(value: Any) -> Any:
    """Metrics as JSON has them: a number of numpy or torch (of no dimensions), a decimal and a fraction are taken as
    their values. What lies deeper than a line of the log may hold stays as it is.
    """
    return _plain(value, DEEPEST)


def _plain(value: Any, levels: int) -> Any:
    if isinstance(value, Mapping | list | tuple) and levels == 0:
        return value
    if isinstance(value, Mapping):
        return {name: _plain(each, levels - 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, levels - 1) for each in value]
    if isinstance(value, str | int | float):
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    if isinstance(value, Decimal | Fraction):
        with suppress(ArithmeticError, ValueError):
            return float(value)
    return value


def _own_line(error: BaseException) -> traceback.FrameSummary | None:
    lines = [line for line in traceback.extract_tb(error.__traceback__) if _is_own(line.filename)]
    return lines[-1] if lines else None


def _is_own(file: str) -> bool:
    """Whether a file is none of this package's and none of an installed library's."""
    path = os.path.realpath(file)
    return not file.startswith("<") and not any(path.startswith(each + os.sep) for each in _others())


def _others() -> list[str]:
    paths = sysconfig.get_paths()
    root = Path(__file__).resolve().parents[2]
    ours = [str(root / name) for name in ("nasbench", "search_spaces", "zoo")]
    return [*ours, *(os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))]


def _short(file: str) -> str:
    """A path from here, where it lies below."""
    path = os.path.relpath(file) if os.path.isabs(file) else file
    return file if path.startswith("..") else path

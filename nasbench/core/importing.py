"""Modules of the user's own: imported by name, with one clear error for whatever happens at that."""

import importlib
import inspect
import sys
from collections.abc import Sequence
from dataclasses import is_dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from nasbench.core.blame import in_one_line, raised_by_user
from nasbench.core.errors import UsageError, unknown
from nasbench.core.shown import sentence
from nasbench.core.stop_signals import from_outside
from nasbench.core.trust import in_force

_starts: list[str] = []


def start_from(directory: str) -> None:
    """Import paths are looked up in this directory first, from the first one on that is followed.

    Not before: who stands in a directory that came by mail, and names nothing by an import path, imports nothing of it,
    whatever its modules are called.
    """
    _starts[:] = [directory]


def imported(path: str, kind: str, form: str, prefixes: Sequence[str] = ()) -> Any:
    """What 'package.module:attribute' names. `kind` is what it should be, `form` a sentence on how it is named;
    `prefixes` are what may stand before a colon instead, as table in table:FILE.

    UsageError where there is no such module or attribute, and with the line where the module breaks: a syntax error,
    an import of its own that fails, `sys.exit()`.
    """
    module_name, _, attribute = path.partition(":")
    sys.path[:0] = [each for each in _starts if each not in sys.path]
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:
        if from_outside(error):
            raise
        where = raised_by_user(error)
        if isinstance(error, ImportError) and where is None:
            near = get_close_matches(module_name, prefixes, n=1)
            why, then = str(error), (f"Did you mean '{near[0]}:{attribute}'? " if near else "") + form
        else:
            why, then = in_one_line(error) + (f" in {where}" if where else ""), "Mend it there."
        raise UsageError(f"cannot import {module_name!r} for the {kind} {path!r}: {sentence(why)} {then}") from error
    if not attribute or not hasattr(module, attribute):
        raise unknown(f"{kind} in module {module_name}", attribute, _defined_in(module), form)
    in_force().known.add(path)
    return getattr(module, attribute)


def _defined_in(module: ModuleType) -> list[str]:
    """The names of what a module defines itself: classes, functions, and records such as recipes; no imports, no plain
    values.
    """
    found = []
    for name, value in vars(module).items():
        described = isinstance(value, type) or inspect.isroutine(value)
        home = value.__module__ if described else module.__name__ if is_dataclass(value) else ""
        if home == module.__name__ and not name.startswith("_"):
            found.append(name)
    return found

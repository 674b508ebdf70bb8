"""Writes keywords.py and keyword_groups.py, so that editors and type checkers know the keywords of every function.

    python -m nasbench.api.write_keywords

The keywords are the fields of the configurations, which are the flags of the command line too: this is derived from
them. A test holds that the files are as this module would write them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from nasbench.core.writing import write_atomically
from nasbench.engine.config import RUNS, ExportConfig, FeaturesConfig, ModelOverrides, Record

FILE, GROUPS = Path(__file__).with_name("keywords.py"), Path(__file__).with_name("keyword_groups.py")
"""The keywords of each function, and those that functions have in common."""
FUNCTIONS: Mapping[str, type[Record]] = {
    **RUNS,
    "export": ExportConfig,
    "features": FeaturesConfig,
    "profile": ModelOverrides,
}
"""Function -> the record that its keywords fill."""
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "train": ("model",),
    "transfer": ("model",),
    "compare": ("models",),
    "export": ("model",),
    "features": ("model",),
}
"""Function -> fields that are arguments of their own."""
NOT_HERE = ("json", "dry_run")
"""Fields that say what a command prints."""
PLACES = (
    "data_dir",
    "run",
    "out",
    "weights",
    "plot",
    "filters",
    "activating",
    "coefficients",
    "base",
    "evaluator",
    "truth",
)
"""Fields that may hold a path."""
WIDEST = 120
GROUPS_HEAD = '''"""What keywords functions have in common. Written by nasbench.api.write_keywords."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict

from nasbench.core.recipe import Recipe

Text = str | PathLike[str]
"""A name or a path."""
Part = str | Callable[..., Any]
"""A part by name, by import path, or the class itself."""
Settings = Mapping[str, Any] | Sequence[str] | str
"""A part's own settings: {"population": 50}, or ["population=50"]."""
Count = int | float | str
"""A number, or a text such as "3M"."""
'''
HEAD = '''"""The keywords of each function, for editors and type checkers. Written by nasbench.api.write_keywords."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypedDict

from nasbench.api.keyword_groups import (
IMPORTED)
from nasbench.core.recipe import Recipe
'''
KINDS = ("Count", "Part", "Settings", "Text")


def written() -> dict[Path, str]:
    """The text of each file."""
    groups, functions = dict[str, str](), list[str]()
    for function, record in FUNCTIONS.items():
        *inside, own = _classes(record, function.capitalize(), ARGUMENTS.get(function, ()))
        groups |= {name: _block(name, parents, lines) for name, parents, lines in inside}
        functions.append(_block(*own))
    body = "\n\n".join(functions)
    used = [name for name in sorted((*KINDS, *groups)) if re.search(rf"\b{name}\b", body)]
    head = HEAD.replace("IMPORTED", "".join(f"    {name},\n" for name in used))
    return {GROUPS: "\n\n".join([GROUPS_HEAD, *groups.values()]), FILE: f"{head}\n\n{body}"}


def _block(name: str, parents: Sequence[str], lines: Sequence[str]) -> str:
    """A whole class."""
    return f"{_heading(name, parents)}\n" + ("\n".join(f"    {line}" for line in lines) or "    pass") + "\n"


def _heading(name: str, parents: Sequence[str]) -> str:
    """The first line of a class, or its first lines where it is too long for one."""
    arguments = [*(parents or ("TypedDict",)), "total=False"]
    line = f"class {name}({', '.join(arguments)}):"
    return line if len(line) <= WIDEST else f"class {name}(\n" + "".join(f"    {each},\n" for each in arguments) + "):"


def _classes(record: type[Record], name: str, without: tuple[str, ...]) -> Iterator[tuple[str, list[str], list[str]]]:
    """(name, parents, lines) of the class of a record, after those of the records inside."""
    hints = get_type_hints(record)
    parents, lines = [], []
    for each in fields(record):
        kind = hints[each.name]
        if isinstance(kind, type) and issubclass(kind, Record):
            inner = f"{kind.__name__}Keywords"
            yield from _classes(kind, kind.__name__, ())
            parents.append(inner)
        elif each.name not in (*NOT_HERE, *without):
            lines.append(f"{each.name}: {_kind(each.name, kind, each.metadata)}")
    yield f"{name}Keywords", parents, lines


def _kind(name: str, kind: Any, metadata: Mapping[str, Any]) -> str:
    optional = " | None" if NoneType in get_args(kind) else ""
    if metadata.get("options"):
        return "Settings"
    if metadata.get("count"):
        return "Count" + optional
    if metadata.get("part"):
        one = {"recipe": "str | Recipe"}.get(metadata["part"], "Part")
        one = f"{one} | PathLike[str]" if name in PLACES else one
        return f"{one} | Sequence[{one}]" if get_origin(kind) is tuple else one + optional
    if name == "trial":
        return "int | str" + optional
    return " | ".join(_word(name, each) for each in _alternatives(kind)) + optional


def _alternatives(kind: Any) -> list[Any]:
    several = get_args(kind) if get_origin(kind) not in (None, tuple, Literal) else (kind,)
    return [each for each in several if each is not NoneType]


def _word(name: str, kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"Literal[{', '.join(repr(each) for each in get_args(kind))}]".replace("'", '"')
    if get_origin(kind) is tuple:
        one = _word(name, get_args(kind)[0])
        return f"{one} | Sequence[{one}]"
    if kind is str and name in PLACES:
        return "Text"
    return {str: "str", bool: "bool", int: "int", float: "float"}[kind]


if __name__ == "__main__":
    for path, text in written().items():
        write_atomically(path, text)

"""Values that are given from Python, by the types of the fields that take them."""

import os
from numbers import Integral, Real
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from nasbench.core.errors import UsageError

WORDS = {str: "a text", bool: "True or False", int: "a whole number", float: "a number", NoneType: "None"}


def as_typed(name: str, kind: Any, value: Any) -> Any:
    """The value as a field of type `kind` holds it: a path as text, one text for a list of one, a number of numpy as
    Python's. UsageError that names the field for a value of another type.

    Numbers of the right type that are out of range are the field's own affair.
    """
    for each in alternatives(kind):
        found = _as_one(each, value)
        if found is not None or (each is NoneType and value is None):
            return found
    raise UsageError(f"{name} takes {_words(kind)}; got {value!r}")


def alternatives(kind: Any) -> tuple[Any, ...]:
    """int | None -> (int, NoneType)."""
    return get_args(kind) if get_origin(kind) not in (None, tuple, Literal) else (kind,)


def _as_one(kind: Any, value: Any) -> Any:
    """The value as one of that type; None where it is none."""
    if get_origin(kind) is Literal:
        return value if isinstance(value, str) and value in get_args(kind) else None
    if get_origin(kind) is tuple:
        member = get_args(kind)[0]
        several = value if isinstance(value, list | tuple) else (value,)
        found = tuple(_as_one(member, each) for each in several)
        return None if None in found else found
    if kind is str:
        return value if isinstance(value, str) else os.fspath(value) if isinstance(value, os.PathLike) else None
    if kind is bool:
        return value if isinstance(value, bool) else None
    if kind is NoneType or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value  # the range of the field says whether it must be whole
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else None


def _words(kind: Any) -> str:
    return " or ".join(_word(each) for each in alternatives(kind) if each is not NoneType)


def _word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        *others, last = map(str, get_args(kind))
        return f"{', '.join(others)} or {last}" if others else last
    if get_origin(kind) is tuple:
        return f"{_word(get_args(kind)[0])}, or several"
    return WORDS[kind]

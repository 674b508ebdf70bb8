"""Types and ranges of what is read from a file: a file that people mail each other is data, and may hold anything."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from nasbench.core.errors import UsageError, unknown

SHOWN = 80
"""Characters of a wrong value that an error shows."""
FARTHEST = 1e60
"""No number in a file lies farther from 0: its fourth power, of which intervals are made, is still a number."""
LARGEST = 10**15
"""No whole number in a file, a count or a size, is larger: it would only stop what computes with it."""


def checked_fields(kind: type, record: object, what: str) -> dict[str, Any]:
    """The fields of the dataclass `kind` in `record`, which came from JSON, each of the type that it is annotated with.

    `what` names the record in errors. UsageError for what is no object, for a field that is missing, unknown or of
    another type, and for a number that is infinite, not a number, or out of all proportion.
    """
    if not isinstance(record, Mapping):
        raise UsageError(f"{what} must be an object with named fields; got {shown(record)}")
    hints, required = _form(kind)
    known = list(hints)
    for name in record:
        if name not in known:
            raise unknown(f"field of {what}", str(name)[:SHOWN], known)
    for name, hint in hints.items():
        if name not in record:
            if name in required:
                raise UsageError(f"{what} lacks the field {name!r}")
        elif not fits(record[name], hint):
            raise UsageError(f"the field {name!r} of {what} must be {_in_words(hint)}; got {shown(record[name])}")
    return dict(record)


def check_types(hints: Mapping[str, Any], record: Mapping[str, Any], what: str) -> None:
    """UsageError for a field of `record`, as far as `hints` know its name, that is of another type."""
    for name, hint in hints.items():
        if name in record and not fits(record[name], hint):
            raise UsageError(f"the field {name!r} of {what} must be {_in_words(hint)}; got {shown(record[name])}")


@cache
def _form(kind: type) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Name -> type of the fields, and the names of those without a default."""
    hints = get_type_hints(kind)
    needed = [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
    return {each.name: hints[each.name] for each in fields(kind)}, frozenset(needed)


def check_range(what: str, value: float, low: float, high: float) -> None:
    """UsageError for a number outside [low, high]."""
    if not low <= value <= high:
        raise UsageError(f"{what} must lie between {low:,g} and {high:,g}; got {shown(value)}")


def shown(value: object) -> str:
    """A value as an error shows it: not longer than it helps, without control characters."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**SHOWN:
        return f"a whole number of more than {SHOWN} digits"
    try:
        text = repr(value)
    except Exception as error:  # an object of a user's own, or lists in lists without end
        text = f"a {type(value).__name__} whose repr() raised {type(error).__name__}"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def fits(value: object, hint: Any) -> bool:
    """Whether a value that came from JSON is of the annotated type; numbers finite, and not out of all proportion."""
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if hint in (int, float) and isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= LARGEST
    if hint is float and isinstance(value, float):
        return abs(value) <= FARTHEST
    if hint in (int, float):
        return False
    if not isinstance(value, origin or hint):
        return False
    inside = get_args(hint)
    if isinstance(value, Mapping) and inside:
        return all(fits(each, inside[-1]) for each in value.values())
    return not (isinstance(value, list) and inside) or all(fits(each, inside[0]) for each in value)


def _in_words(hint: Any) -> str:
    words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return " or ".join(_in_words(each) for each in get_args(hint))
    if origin is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if origin is list:
        return f"a list, each of it {_in_words(get_args(hint)[0])}"
    if origin is not None and get_args(hint)[-1] is not Any:
        return f"an object with named fields, each of it {_in_words(get_args(hint)[-1])}"
    return words.get(hint, "an object with named fields")

"""The options of a strategy: names, defaults and ranges as data. Values come from keywords or from KEY=VALUE texts.

A class of another library has its own: `count_of` reads one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter, signature
from math import inf, isfinite
from typing import Any

from nasbench.core.errors import UsageError, unknown


@dataclass(frozen=True)
class Option:
    """A number with its default and its closed range. It is an integer if the default is an integer."""

    name: str
    default: int | float
    low: float
    high: float = inf


def read_options(strategy: str, known: Sequence[Option], given: Mapping[str, object]) -> dict[str, float]:
    """Every known option -> its given value, or its default. A value is a number or the text of a number.

    Raises UsageError for an unknown name, a value that is not a number, and a value out of range.
    """
    names = [option.name for option in known]
    for name in given:
        if name not in names:
            raise unknown(f"option of the strategy {strategy!r}", name, names, "" if names else "It has no options.")
    return {option.name: _read(strategy, option, given.get(option.name, option.default)) for option in known}


def with_defaults(known: Sequence[Option], defaults: Mapping[str, int | float]) -> list[Option]:
    """The options with other defaults."""
    return [replace(option, default=defaults.get(option.name, option.default)) for option in known]


def count_of(kind: type[Any], names: Sequence[str], arguments: Mapping[str, Any]) -> int:
    """The first of the counts `names` that the constructor of `kind` has a default for: as given in `arguments`, else
    the default. 0 where it has none of them.
    """
    parameters = signature(kind).parameters
    for name in names:
        if name in parameters and parameters[name].default is not Parameter.empty:
            return int(arguments.get(name, parameters[name].default) or 0)
    return 0


def _read(strategy: str, option: Option, value: object) -> int | float:
    kind = type(option.default)
    try:
        number = kind(value) if isinstance(value, str) else value
    except ValueError:
        number = None
    exact = isinstance(number, int) and not isinstance(number, bool)
    if not (exact or (kind is float and isinstance(number, float) and isfinite(number))):
        noun = "a whole number" if kind is int else "a number"
        raise UsageError(
            f"option {option.name!r} of the strategy {strategy!r} must be {noun}; got {value!r}. "
            f"Default: {option.default}"
        )
    assert isinstance(number, int | float)
    if not option.low <= number <= option.high:
        nearest = option.low if number < option.low else option.high
        span = f"at least {option.low:g}" if option.high == inf else f"in [{option.low:g}, {option.high:g}]"
        raise UsageError(
            f"option {option.name!r} of the strategy {strategy!r} must be {span}; got {value!r}. "
            f"Nearest: {nearest:g}; default: {option.default}"
        )
    return kind(number)

"""The settings of a strategy: names, defaults and ranges as data, read from keywords or from the command line's
KEY=VALUE.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from nasbench.core.errors import UsageError, unknown


@dataclass(frozen=True)
class Option:
    """A number with its default and the closed range it must lie in. It is an integer where the default is one."""

    name: str
    default: int | float
    low: float
    high: float = inf


def read_options(strategy: str, known: Sequence[Option], given: Mapping[str, object]) -> dict[str, float]:
    """Every known option -> the value given or its default. A value may be a number or its text; UsageError names what
    is wrong.
    """
    names = [option.name for option in known]
    for name in given:
        if name not in names:
            raise unknown(f"option of the strategy {strategy!r}", name, names, "" if names else "It has no options.")
    return {option.name: _read(strategy, option, given.get(option.name, option.default)) for option in known}


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
            f"option {option.name!r} of the strategy {strategy!r} must be {noun}; got {value!r}. Default: "
            f"{option.default}"
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

"""Whole numbers among the options of samplers, such as the number of paths of a step."""

from nasbench.core.errors import UsageError

MOST = 10_000
"""More paths than this in one update are a mistake."""


def checked_num_paths(num_paths: object, sampler: str, least: int) -> int:
    """The number itself. UsageError unless it is a whole number from `least` to MOST."""
    return checked_number("num_paths", num_paths, sampler, least)


def checked_number(option: str, value: object, sampler: str, least: int = 1) -> int:
    """The value of an option. UsageError unless it is a whole number from `least` to MOST."""
    what = f"option {option!r} of the sampler {sampler!r}"
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{what} must be a whole number; got {value!r}. The least is {least}.")
    if not least <= value <= MOST:
        near = least if value < least else MOST
        raise UsageError(f"{what} must be from {least} to {MOST:,}; got {value:,}. The nearest is {near}.")
    return value

"""Counts, scores and durations as text."""

from typing import Any


def count(value: Any) -> str:
    """A whole number with thousands separators; a dash if there is no number."""
    return f"{value:,.0f}" if isinstance(value, int | float) else "–"


def score(value: float | None) -> str:
    """A score with 4 decimals below 10, else 4 significant digits. A dash if there is no score."""
    return "–" if value is None else f"{value + 0.0:.4f}" if abs(value) < 10 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Seconds in at most two units: 42 s, 3 min 5 s, 2 h 10 min, 3 d 4 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    for unit, size, small, part in (("min", 60, "s", 1), ("h", 3600, "min", 60), ("d", 86400, "h", 3600)):
        if whole < size * (60 if unit == "min" else 24) or unit == "d":
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {small}" if rest else "")
    raise AssertionError(whole)

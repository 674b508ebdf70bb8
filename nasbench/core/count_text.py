"""Counts as people write them: 400M, 4.5G; 1 epoch, 2 epochs."""

from nasbench.core.errors import UsageError

_FACTORS = {"K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12}


def parse_count(text: str, flag: str) -> int:
    """'400M' -> 400000000. UsageError naming `flag` where it is not a positive count."""
    cleaned = text.strip().replace(",", "").replace("_", "").upper()
    factor = _FACTORS.get(cleaned[-1:], 1.0)
    try:
        value = float(cleaned[:-1] if factor != 1.0 else cleaned) * factor
    except ValueError:
        value = -1.0
    if not 1 <= value < 1e18:
        raise UsageError(f"{flag} takes a positive count such as 400M or 4.5G; got {text!r}")
    return round(value)


def quantity(count: int, one: str, several: str | None = None) -> str:
    """'1 epoch', '2 epochs', '1,000 trials'. `several` is the plural, where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"

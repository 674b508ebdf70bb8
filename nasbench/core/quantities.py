"""Amounts of memory and of time as people write them: 6G, 512MiB; 20ms, 0.5s."""

from math import isfinite

from nasbench.core.errors import UsageError

_BYTES = {
    "": 1.0,
    **{letter: 1e3 ** (index + 1) for index, letter in enumerate("KMGT")},
    **{f"{letter}I": 1024.0 ** (index + 1) for index, letter in enumerate("KMGT")},
}
_MILLISECONDS = {"": 1.0, "US": 1e-3, "MS": 1.0, "S": 1e3}


def parse_bytes(text: str, flag: str) -> int:
    """'6G' -> 6000000000, '512MiB' -> 536870912. UsageError naming `flag` where it is no positive amount."""
    value = _parsed(text, _BYTES, ending="B")
    if value is None or not 1 <= value < 1e18:
        raise UsageError(f"{flag} takes an amount of memory such as 6G, 500M or 4GiB; got {text!r}")
    return round(value)


def parse_milliseconds(text: str, flag: str) -> float:
    """'20ms' -> 20.0, '0.5s' -> 500.0; a number alone is in milliseconds. UsageError naming `flag` as above."""
    value = _parsed(text, _MILLISECONDS)
    if value is None or not 1e-6 <= value < 1e9:
        raise UsageError(f"{flag} takes a time such as 20ms, 500us or 0.5s; got {text!r}")
    return value


def bytes_text(count: float) -> str:
    """'458 MB', '6.25 GB'."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count / factor:,.0f} {unit}"
    return f"{count:.0f} bytes"


def milliseconds_text(value: float) -> str:
    """'12.3 ms'."""
    return f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"


def _parsed(text: str, factors: dict[str, float], ending: str = "") -> float | None:
    cleaned = text.strip().replace(",", "").replace("_", "").upper()
    if ending:
        cleaned = cleaned.removesuffix(ending)
    for unit in sorted(factors, key=len, reverse=True):
        if cleaned.endswith(unit):
            try:
                value = float(cleaned[: len(cleaned) - len(unit)]) * factors[unit]
            except ValueError:
                return None
            return value if isfinite(value) else None
    return None

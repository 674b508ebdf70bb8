"""Names of files and folders: what cannot be one is refused before any work starts."""

from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.shown import quoted

MOST_BYTES = 255
"""The longest name that common file systems take, in bytes."""


def file_name(text: str, instead: str) -> str:
    """The text, which is to be one name on disk. UsageError where it cannot be; `instead` says what to do then."""
    reason = "it has a '/'" if "/" in text else _fault(text)
    if reason:
        raise UsageError(f"{quoted(text, 80)} cannot be the name of a file: {reason}. {instead}")
    return text


def check_path(text: str, flag: str) -> None:
    """UsageError, naming the flag, for a path of which a part cannot be a name on disk."""
    for part in Path(text).parts:
        reason = "" if part in ("..", Path(text).anchor) else _fault(part)
        if reason:
            raise UsageError(f"{flag} cannot be {quoted(text, 80)}: {reason}")


def _fault(name: str) -> str:
    size = len(name.encode("utf-8", "surrogateescape"))
    if name in ("", ".", ".."):
        return "that is the folder itself, or the one above it"
    if "\0" in name:
        return "it has a zero byte"
    return f"{quoted(name, 30)} has {size:,} bytes, and a name on disk has at most {MOST_BYTES}" * (size > MOST_BYTES)

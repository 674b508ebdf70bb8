"""JSON from a file: one object, or one clear error, whatever somebody has put there."""

from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.json_text import parsed
from nasbench.core.plain_file import plain_bytes
from nasbench.core.shown import quoted
from nasbench.core.typed import shown

LARGEST_RECORD = 64 * 2**20
"""Bytes: no record of one network or one run comes near."""


def read_object(path: Path, what: str, finite: bool = True) -> dict[str, Any]:
    """The object in a file that is to be `what`, with field names as text. UsageError, which names the file, for
    anything else; `finite` as in `parsed`.
    """
    size = path.stat().st_size
    if size > LARGEST_RECORD:
        raise UsageError(f"{quoted(path)} is no {what}: it has {size:,} bytes")
    content = plain_bytes(path)
    try:
        found = parsed(content, finite)
    except ValueError as error:
        raise UsageError(f"{quoted(path)} is no {what}: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{quoted(path)} is no {what}: it must hold an object with named fields; got {shown(found)}")
    return found

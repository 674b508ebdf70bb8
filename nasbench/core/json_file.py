"""JSON from a file: one object, or one clear error, whatever somebody has put there."""

import json
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.shown import quoted
from nasbench.core.typed import shown

LARGEST_RECORD = 64 * 2**20
"""Bytes: no record of one network or one run comes near."""


def read_object(path: Path, what: str) -> dict[str, Any]:
    """The object in a file that is to be `what`, with field names as text. UsageError, which names the file, for
    anything else.
    """
    size = path.stat().st_size
    if size > LARGEST_RECORD:
        raise UsageError(f"{quoted(path)} is no {what}: it has {size:,} bytes")
    try:
        found = parse_object(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{quoted(path)} is no {what}: {error}") from error
    return found


def parse_object(text: str | bytes) -> dict[str, Any]:
    """The object that a text of JSON is. ValueError for anything else."""
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("its lists or objects lie too deep in each other") from error
    if not isinstance(found, dict):
        raise UsageError(f"it must hold an object with named fields; got {shown(found)}")
    return found

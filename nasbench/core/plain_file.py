"""Files that nasbench did not open itself: a regular file, or one clear error.

A name may stand for anything by the time it is read: a directory, a pipe whose reader waits for a writer for ever, a
device, a link that leads to itself, a file on a disk that is failing.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nasbench.core.errors import UsageError
from nasbench.core.shown import quoted

Content = TypeVar("Content")
KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def no_file(path: str | os.PathLike[str]) -> str:
    """What is there in place of a file, in words; '' for a file. OSError where it cannot be looked at."""
    kind = stat.S_IFMT(os.stat(path).st_mode)
    return "" if kind == stat.S_IFREG else KINDS.get(kind, "something else")


def check_plain(path: Path) -> None:
    """UsageError for what is there and no regular file, and for what cannot be looked at."""
    try:
        kind = no_file(path)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise _unreadable(path, error) from error
    if kind:
        raise UsageError(f"{quoted(path)} is {kind}, and must be a file")


def plain_bytes(path: Path) -> bytes:
    """The content of a regular file. UsageError where it is none, or cannot be read."""
    return read_plain(path, Path.read_bytes)


def read_plain(path: Path, read: Callable[[Path], Content]) -> Content:
    """What `read` makes of a regular file. UsageError where it is none, and for an OSError in reading."""
    check_plain(path)
    try:
        return read(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UsageError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UsageError(f"cannot read {quoted(path)}: {reason}")

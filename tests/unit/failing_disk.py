"""A disk that refuses the k-th of the calls by which files are written, alone or with all that follow."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nasbench.core import append_log, writing

CALLS = ("open", "write", "fsync", "ftruncate", "replace", "close")


class FailingDisk:
    """Stands in for `os` where files are written. `calls` are those that were made since `refuse`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._at, self._lasting, self._number = 0, False, errno.ENOSPC

    def refuse(self, at: int, lasting: bool = False, number: int = errno.ENOSPC) -> None:
        """Refuses the call number `at`, counted from 1; 0 refuses none."""
        self.calls.clear()
        self._at, self._lasting, self._number = at, lasting, number

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            late = self._lasting and len(self.calls) > self._at > 0 and name not in ("close", "ftruncate")
            if len(self.calls) != self._at and not late:
                return real(*arguments)
            if name == "close":  # a network file system says there that it had no room
                real(*arguments)
            if name == "write":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            raise OSError(self._number, os.strerror(self._number))

        return call


@contextmanager
def failing_disk() -> Iterator[FailingDisk]:
    """Inside, files are written through it."""
    disk, before = FailingDisk(), (writing.os, append_log.os)
    writing.os = append_log.os = disk  # type: ignore[attr-defined]
    try:
        yield disk
    finally:
        writing.os, append_log.os = before  # type: ignore[attr-defined]

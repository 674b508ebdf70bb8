"""A file of lines that one process adds to: a line is there whole or not at all, and never goes where nobody finds it.

Before each line it is looked whether the file is still the one that was opened, as long as it was left: somebody may
have deleted, moved, replaced or cut it meanwhile, and what is written into a deleted file is lost.
"""

import fcntl
import os
from contextlib import suppress
from errno import EACCES, EAGAIN
from pathlib import Path
from typing import final

from nasbench.core.errors import LogLost
from nasbench.core.not_written import not_written
from nasbench.core.writing import CHUNK_BYTES, write_all


class InUse(Exception):
    """Another process writes this log."""


def opened(path: Path) -> "AppendLog":
    """A log of lines that may be lost with the machine, without the torn last line of an earlier process. NotWritten
    where it cannot be opened.
    """
    try:
        log = AppendLog(path)
    except OSError as error:
        raise not_written(path, error) from error
    log.cut()
    return log


@final
class AppendLog:
    """An open log. A torn last line, which an interrupted write left, is cut away by `cut`.

    `durable`: each line is on the disk when `append` returns.
    """

    _descriptor = -1

    def __init__(self, path: Path, durable: bool = False) -> None:
        """Opens the file, and makes it where it is not there. OSError where that is refused."""
        self.path, self._durable = path, durable
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        found = os.fstat(self._descriptor)
        self._file = found.st_dev, found.st_ino
        self.size = found.st_size
        """Bytes that this process left, or found."""

    @classmethod
    def alone(cls, path: Path) -> "AppendLog":
        """The same, durable, for this process alone until it is closed. InUse where another one has it.

        The lock is the operating system's, which drops it when the process dies, however it dies.
        """
        while True:
            log = cls(path, durable=True)
            try:
                fcntl.flock(log._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                log.check()
            except LogLost:  # whoever had it before has just deleted it
                log.close()
            except OSError as error:
                log.close()
                if error.errno in (EAGAIN, EACCES):
                    raise InUse(str(path)) from error
                raise
            else:
                return log

    def cut(self) -> None:
        """Cuts a torn last line away, if there is one. NotWritten where that is refused."""
        end = 0
        for start in reversed(range(0, self.size, CHUNK_BYTES)):
            found = os.pread(self._descriptor, CHUNK_BYTES, start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
        if end < self.size:
            self._shorten(end)

    def end_line(self) -> None:
        """Ends a last line that is whole and lacks its end. NotWritten where that is refused."""
        self.append("")

    def append(self, line: str) -> None:
        """Adds a line. NotWritten where the disk refuses it, LogLost where the file is not what it was."""
        self.check()
        data = memoryview(f"{line}\n".encode())
        try:
            write_all(self._descriptor, data)
            if self._durable:
                os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):  # what is left then is a torn line, which a reader leaves out
                os.ftruncate(self._descriptor, self.size)
            raise not_written(self.path, error) from error
        finally:  # also where Ctrl-C came in between: what is there now is what this process left
            self.size = os.fstat(self._descriptor).st_size

    def check(self) -> None:
        """LogLost where the path does not lead to the file as this process left it."""
        try:
            found = os.stat(self.path)
        except OSError as error:
            gone = self.path if self.path.parent.is_dir() else self.path.parent
            raise LogLost(f"{gone} is gone: it was deleted or moved in the middle of the run.") from error
        if (found.st_dev, found.st_ino) != self._file:
            raise LogLost(f"{self.path} was replaced in the middle of the run: it is another file now.")
        if found.st_size != self.size:
            raise LogLost(
                f"{self.path} was changed in the middle of the run: it has {found.st_size:,} bytes, where this process "
                f"left {self.size:,}."
            )

    def close(self) -> None:
        """Lets the file go. What a durable log took is on the disk, so nothing can be lost here any more."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    def _shorten(self, size: int) -> None:
        try:
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            raise not_written(self.path, error) from error
        self.size = size

"""Counts the calls of this process that change files below a directory, and acts just before the k-th of them. Names
the other files that it changes.

Seen are: opening a file to write, rename, remove, link, making and removing directories, truncating (Python's audit
events), and fsync. What C code writes (torch.save, safetensors) is seen by the fsync and the rename that follow.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod")


class WriteEvents:
    """What is counted, from `watch` on.

    Attributes:
        count: so many calls have been seen.
        last: the latest of them, in words.
        unsynced: the file that was opened for writing last, as long as it was not synchronised or renamed.
    """

    def __init__(
        self, root: Path, at: int | None, act: Callable[["WriteEvents"], None], elsewhere: Callable[[str], object]
    ) -> None:
        self._root, self._at, self._act, self._elsewhere = os.path.realpath(root) + os.sep, at, act, elsewhere
        self._inside = False
        self.count, self.last = 0, ""
        self.unsynced: Path | None = None

    def watch(self) -> None:
        """Begins. It cannot be ended: the process is one that was started for this."""
        sync = os.fsync

        def fsync(descriptor: Any) -> None:
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            path = os.readlink(f"/proc/self/fd/{number}")
            if path.startswith(self._root):
                self.unsynced = Path(path)
                self._seen(f"fsync {path}")
                self.unsynced = None
            sync(descriptor)

        os.fsync = fsync
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._inside or (event != "open" and event not in CHANGES):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
            return
        names = [name for name in arguments[:2] if isinstance(name, str | bytes | os.PathLike)]
        paths = [os.path.abspath(os.fsdecode(name)) for name in names[: 2 if event == "os.rename" else 1]]
        if not any(path.startswith(self._root) for path in paths):
            for path in paths:
                self._elsewhere(path)
            return
        self._seen(f"{event} {' '.join(paths)}")
        self.unsynced = Path(paths[0]) if event == "open" else None

    def _seen(self, what: str) -> None:
        self.count, self.last = self.count + 1, what
        if self.count == self._at:
            self._inside = True
            try:
                self._act(self)
            finally:
                self._inside = False


def tear(path: Path, share: float) -> None:
    """Leaves only the first part of what was written last: of a log, of its last line; of another file, of all of it.

    This is what a power cut or a full disk leaves of a file that was not synchronised.
    """
    if not path.is_file():
        return
    data = path.read_bytes()
    start = data[:-1].rfind(b"\n") + 1 if path.suffix == ".jsonl" else 0
    os.truncate(path, start + int(share * (len(data) - start)))

"""Ends the processes of a Ray whose driver was killed, and deletes its folder: a program of its own.

Most of Ray's processes end with the driver, but its agents try to tell a head that is gone for a minute, and a worker
that is stopped never hears of it. So this program waits until the driver closes its end of a pipe, which the operating
system does however the driver dies. What belongs to that Ray has a file of its folder open, or the folder in its
environment or command line.

    python reaper.py FOLDER
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import final

DONE = b"done"
"""What a driver says that has ended its Ray itself."""


@final
class Reaper:
    """The program, started beside a Ray whose processes write into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to the driver's whole group
        )

    def dismiss(self) -> None:
        """The Ray has ended. Calling it again does no harm."""
        with suppress(OSError, ValueError, subprocess.TimeoutExpired):
            self._process.communicate(DONE, timeout=10)


def belongs_to(folder: str, process: Path) -> bool:
    """Whether a process (its directory in /proc) is one of the Ray in that folder."""
    with suppress(OSError):
        if process.stat().st_uid != os.getuid():
            return False
        if any(folder.encode() in (process / name).read_bytes() for name in ("environ", "cmdline")):
            return True
        for entry in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                if os.readlink(entry).startswith(folder):
                    return True
    return False


def reap(folder: str) -> None:
    """Kills what belongs to the Ray in that folder, twice: what was just being started is there the second time."""
    for _ in range(2):
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) != os.getpid() and belongs_to(folder, process):
                with suppress(OSError):
                    os.kill(int(process.name), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.stdin.buffer.read() != DONE:
        reap(sys.argv[1])

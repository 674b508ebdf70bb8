"""What is left to do after a driver that was killed, or that Ray has ended: a program of its own, beside the driver.

It says the driver's last words (`core/last_words`), ends the processes of a Ray that the driver had started, and
deletes its folder. Most of Ray's processes end with the driver, but its agents try to tell a head that is gone for a
minute, and a worker that is stopped never hears of it. What belongs to that Ray has a file of its folder open, or the
folder in its environment or command line.

    python reaper_program.py [FOLDER]
"""

import json
import os
import select
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

DONE = b"done"
"""What a driver says that has left its Ray itself."""
SHOW_CURSOR = "\x1b[?25h"


def say(text: str) -> None:
    """Writes on the standard error that it shares with the driver, where that is open and does not block."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None and select.select([], [2], [], 0)[1]:
            cursor = SHOW_CURSOR if os.isatty(2) else ""  # a live display hides it
            print(f"{cursor}nasbench: {text}", file=sys.stderr, flush=True)


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


def outlive() -> None:
    """What the program does: it waits for the end of the driver."""
    *told, last = sys.stdin.buffer.read().split(b"\n")
    if last == DONE:
        return
    if text := json.loads(told[-1]) if told else "":
        say(text)
    with suppress(OSError):  # who reads what the driver wrote need not wait for the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for folder in sys.argv[1:]:
        reap(folder)


if __name__ == "__main__":
    outlive()

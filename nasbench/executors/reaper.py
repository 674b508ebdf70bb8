"""A small process beside a driver of Ray: it outlives the driver, however that dies, and then does what is left to do.

It sees that a pipe is closed, which the operating system does. Ray's C++ code ends a driver in many places, with
`_exit` or `abort`, when a process of Ray that it needs is gone, and nothing in the driver can prevent it.
"""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import final

from nasbench.core.last_words import LAST_WORDS
from nasbench.core.shown import shown_lines
from nasbench.executors import reaper_program


@final
class Reaper:
    """The program, started beside a driver; `folder` is that of the Ray that the driver has started, if it has."""

    def __init__(self, folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", reaper_program.__file__, *([] if folder is None else [str(folder)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to the driver's whole group
        )
        LAST_WORDS.leave_to(self._tell)

    def _tell(self, last_words: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(shown_lines(last_words)).encode() + b"\n")
            self._process.stdin.flush()

    def dismiss(self) -> None:
        """The driver has left its Ray. Calling it again does no harm."""
        LAST_WORDS.take_from(self._tell)
        with suppress(OSError, ValueError, subprocess.TimeoutExpired):
            self._process.communicate(reaper_program.DONE, timeout=10)

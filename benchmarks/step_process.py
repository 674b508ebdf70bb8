"""A command in a process group of its own, which is ended when its time is up: first asked, as Ctrl-C would, so that a
run saves its state and leaves Ray; then killed.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

ASKED_SECONDS = 10.0
"""How long a command that is asked to end may take."""


@dataclass(frozen=True)
class Ended:
    """How a command ended. `record`: the JSON object that it printed last, if it did."""

    status: int
    seconds: float
    timed_out: bool
    last_line: str
    record: dict[str, Any] = field(default_factory=dict)


def run_step(command: Sequence[str], seconds: float, log: Path, directory: Path, variables: Mapping[str, str]) -> Ended:
    """Runs a command. What it prints is added to `log`. It is asked to end before `seconds` have passed, so that it has
    ended by then unless it does not heed that.
    """
    start = monotonic()
    with open(log, "ab") as told:
        told.write(f"$ {' '.join(command)}\n".encode())
        told.flush()
        begin = told.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **variables},
            start_new_session=True,
        )
        timed_out = False
        try:
            process.wait(max(1.0, seconds - ASKED_SECONDS) if seconds > 2 * ASKED_SECONDS else seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            _end(process)
        except BaseException:
            _end(process)
            raise
    lines = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
    last = lines[-1].strip()[:300] if lines else ""
    return Ended(process.returncode, round(monotonic() - start, 1), timed_out, last, _record(lines))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the group that the process leads; Ray's own processes end with their driver. The leader's number is its own
    until it is waited for, so no other group can have it when this one is killed.
    """
    end = monotonic() + ASKED_SECONDS
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGINT)
    while monotonic() < end and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        sleep(0.1)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _record(lines: Sequence[str]) -> dict[str, Any]:
    for line in reversed(lines):
        if line.startswith("{"):
            with suppress(ValueError):
                found = json.loads(line)
                return found if isinstance(found, dict) else {}
    return {}

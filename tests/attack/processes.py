"""The processes that a command has started, and signals for them."""

import os
import time
from contextlib import suppress
from pathlib import Path


def strike(pid: int, number: int, to: str, which: int) -> None:
    """Sends a signal to a process (`to` self), to one of its workers (worker), or to all of them (group)."""
    targets = [pid]
    if to != "self":
        workers = [each for each in descendants(pid) if "resource_tracker" not in command_of(each)]
        targets = [workers[which % len(workers)]] if to == "worker" and workers else []
        targets = [pid, *workers] if to == "group" else targets
    for target in targets:
        with suppress(ProcessLookupError):
            os.kill(target, number)


def descendants(pid: int) -> list[int]:
    """The process ids of the children of a process, and of theirs."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, level = list[int](), [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return sorted(found)


def running_in(place: Path, patience: float) -> list[str]:
    """The commands of the processes that stand in a directory, if some still do after so many seconds."""
    last = time.monotonic() + patience
    while True:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.readlink(process / "cwd").startswith(str(place)):
                    found.append(f"{process.name} {command_of(int(process.name))[:80]}")
        if not found or time.monotonic() > last:
            return found
        time.sleep(0.1)


def command_of(pid: int) -> str:
    """The command line of a process; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""

"""Files that are being written: `.NAME.PID.part` beside the file that each becomes, so that no reader meets a half.

A process that is killed leaves its own behind. The next one sweeps them once their writer is gone: no process has that
number, or one that began after the file was written, since numbers are used again.
"""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

PART = re.compile(r"\..+\.(?P<process>[0-9]+)\.part|\.part\.(?P<first>[0-9]+)\..+", re.DOTALL)
UNSIGNED = re.compile(r"\..+\.part|\.part\..+", re.DOTALL)
"""Such a file of nasbench 0.1.0, which does not say who writes it."""
LONGEST_NAME = 200
"""Bytes of a file's name that are repeated: a name may have 255."""
CLOCK_SECONDS = 2.0
"""How exactly the start of a process is known."""


def part_of(path: Path, keep_ending: bool = False) -> Path:
    """Where this process writes what becomes `path`; with the ending of `path` for libraries that look at it."""
    process, name = os.getpid(), os.fsdecode(os.fsencode(path.name)[:LONGEST_NAME])
    return path.with_name(f".part.{process}.{name}" if keep_ending else f".{name}.{process}.part")


def sweep_parts(folder: Path, locked: bool = False) -> None:
    """Deletes what killed processes of this user left in a folder. `locked`: nobody else writes there, so that those of
    0.1.0 are left overs too.
    """
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if PART.fullmatch(path.name) or (locked and UNSIGNED.fullmatch(path.name)):
                _sweep(path)


def sweep_beside(path: Path) -> None:
    """Deletes what killed processes of this user left of this one file. Whoever writes it calls this."""
    prefix = part_of(path).name.removesuffix(f"{os.getpid()}.part")
    with suppress(OSError), os.scandir(path.parent) as entries:
        for name in [entry.name for entry in entries if entry.name.startswith(prefix)]:
            if PART.fullmatch(name):
                _sweep(path.with_name(name))


def _sweep(path: Path) -> None:
    """Deletes one such file, or folder, unless its writer may be at work."""
    found = PART.fullmatch(path.name)
    with suppress(OSError):  # gone meanwhile, or not to be deleted
        about = path.lstat()
        writer = 0 if found is None else int(found["process"] or found["first"])
        if about.st_uid != os.getuid() or (found is not None and _writes(writer, about.st_mtime)):
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _writes(process: int, written: float) -> bool:
    """Whether a process is there that may have written something at that time (seconds since 1970)."""
    began = _began(process)
    if began is not None:
        return began <= written + CLOCK_SECONDS
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


def _began(process: int) -> float | None:
    """When a process began, in seconds since 1970; None where it is not there, or nobody knows."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    return float(booted.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")

"""Folders outside the run directory for what lives as long as its process: closed to other users, and swept by the next
process where their owner was killed.

The owner holds an advisory lock on a file inside, which the operating system drops when the process dies, however it
dies. Nasbench 0.1.0 made folders without such a file: these are swept once nobody seems to need them.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

from nasbench.core.not_written import not_written
from nasbench.executors.reaper_program import belongs_to

OWNER = ".owner"
RAY, TUNE, TRAIN = PREFIXES = "nb-ray-", "nasbench-tune-", "nasbench-train-"
"""How the names of such folders begin."""
UNTOUCHED_SECONDS = 24 * 3600.0
"""For so long nothing in a folder without an owner must have changed."""


@contextmanager
def private_folder(prefix: str) -> Iterator[Path]:
    """A new folder whose name begins with `prefix`, with mode 0700; it is deleted at the end."""
    folder, owner = open_private_folder(prefix)
    try:
        yield folder
    finally:
        close_private_folder(folder, owner)


def open_private_folder(prefix: str) -> tuple[Path, TextIOWrapper]:
    """The same without an end: the folder, and what must stay open as long as it is in use. NotWritten where the disk
    refuses it.
    """
    sweep(prefix)
    place = _place()
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        unlocked = folder / f"{OWNER}.new"
        owner = open(unlocked, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the folder is in use
    except OSError as error:
        raise not_written(place, error, "make a folder in") from error
    fcntl.flock(owner, fcntl.LOCK_EX)
    unlocked.rename(folder / OWNER)  # now: who sweeps takes an unlocked one for that of a killed process
    return folder, owner


def close_private_folder(folder: Path, owner: TextIOWrapper) -> None:
    """Deletes the folder. Calling it again does no harm. What a process that is ending still writes into it is left to
    the next sweep.
    """
    _delete(folder)
    owner.close()


def _delete(folder: Path) -> None:
    """Deletes the folder, its owner's file last and with nothing else in it: else the next sweep would not know it."""
    with suppress(OSError):
        for each in folder.iterdir():
            if each.name != OWNER and each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            elif each.name != OWNER:
                with suppress(OSError):
                    each.unlink()
        if [each.name for each in folder.iterdir()] in ([], [OWNER]):
            (folder / OWNER).unlink(missing_ok=True)
            folder.rmdir()


def sweep_all() -> None:
    """Deletes what killed processes of this user left, of all kinds: at the start of every run."""
    for prefix in PREFIXES:
        sweep(prefix)


def sweep(prefix: str) -> None:
    """Deletes the folders of this user with that prefix whose owner is gone."""
    for folder in _place().glob(f"{prefix}*"):
        try:
            if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                continue
            with open(folder / OWNER, "rb") as owner:  # a lock needs no more
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _delete(folder)
        except FileNotFoundError:
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, gone meanwhile, or not one of ours
            continue


def _is_abandoned(folder: Path) -> bool:
    """Whether nothing in a folder without an owner has changed for a long time, and no process is seen to hold it. A
    process of another container that shares the folder is not seen, but a Ray at work writes its logs.
    """
    long_ago = time.time() - UNTOUCHED_SECONDS
    try:
        if folder.lstat().st_mtime >= long_ago:  # at the start of every run: what is cheap to ask comes first
            return False
        inside = [Path(place, name) for place, *names in os.walk(folder) for name in [*names[0], *names[1]]]
        last = max(path.lstat().st_mtime for path in [folder, *inside])
    except OSError:  # something changes it now
        return False
    processes = list(Path("/proc").glob("[0-9]*"))
    return last < long_ago and bool(processes) and not any(belongs_to(str(folder), each) for each in processes)


def _place() -> Path:
    """Short and not under $TMPDIR, where there is /tmp: the path of a Unix socket may have 107 bytes."""
    return Path("/tmp") if os.path.isdir("/tmp") else Path(tempfile.gettempdir())

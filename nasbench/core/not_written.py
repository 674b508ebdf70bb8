"""Where the disk refuses: the error that names the path, the reason, and what to do first."""

import os
from errno import (
    EACCES,
    EDQUOT,
    EEXIST,
    EFBIG,
    EIO,
    EISDIR,
    ELOOP,
    ENAMETOOLONG,
    ENOENT,
    ENOSPC,
    ENOTDIR,
    EPERM,
    EROFS,
    ESTALE,
)
from pathlib import Path

from nasbench.core.errors import NotWritten, UsageError

OF_THE_PATH = (EACCES, EPERM, EROFS, ENOTDIR, EISDIR, EEXIST, ELOOP, ENAMETOOLONG, ENOENT)
"""Faults of a path: another one would do. What is not among them is a fault of the machine."""
OF_THE_DISK = (ENOSPC, EDQUOT, EFBIG, EROFS, EIO, ESTALE)
"""Faults that come from writing, whichever path and whoever writes."""
WORDS = {
    ENOSPC: ("no space left on the device", "Make room there."),
    EDQUOT: ("the disk quota is used up", "Delete what is not needed, or ask for a larger quota."),
    EFBIG: ("the file would be larger than is allowed", "Raise the limit (see: ulimit -f)."),
    EROFS: ("the file system is read-only", "Make it writable."),
    EACCES: ("permission denied", "Allow this user to write there."),
    EPERM: ("permission denied", "Allow this user to write there."),
    EISDIR: ("a directory has that name", "Move it away."),
    EEXIST: ("a file has that name", "Move it away."),
    ELOOP: ("its links lead round in a circle", "Mend them."),
    ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
    EIO: ("the device reports an input/output error", "Look after the disk."),
    ESTALE: ("the network file system has lost it", "Mount it again."),
}
"""errno -> (reason, what to do first)."""


def not_written(path: Path, error: OSError, doing: str = "write") -> NotWritten:
    """The error for a file or directory that cannot be written, made or deleted (`doing`)."""
    reason, first = words(path, error)
    return NotWritten(f"cannot {doing} {path}: {reason}. {first}".rstrip())


def of_a_download(path: Path, error: Exception) -> NotWritten | None:
    """The error where a download into a folder failed at the disk, not at the network; None where it did not."""
    known = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(known, OSError) or known.errno not in (*OF_THE_DISK, *OF_THE_PATH):
        return None
    return not_written(Path(os.fsdecode(known.filename)) if known.filename else path, known)


def refused(path: Path, error: OSError, flag: str, doing: str = "write in") -> UsageError | NotWritten:
    """The same for a path that was given with a flag, before any work has begun: UsageError where another path would
    do.
    """
    if error.errno not in OF_THE_PATH:
        return not_written(path, error, doing)
    return UsageError(f"cannot {doing} {path}: {words(path, error)[0]}. Choose another with {flag}.")


def check_writable(path: Path, flag: str) -> None:
    """UsageError where nothing can be written at a path that was given with `flag`, which need not be there yet.

    Nothing is written: a disk that is full is met later.
    """
    there = nearest_there(path)
    if there == path:
        there = path if path.is_dir() else path.parent
    if not there.is_dir():
        raise refused(path, NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR)), flag, "write")
    if not os.access(there, os.W_OK | os.X_OK):
        number = EROFS if os.statvfs(there).f_flag & os.ST_RDONLY else EACCES
        raise refused(path, OSError(number, os.strerror(number)), flag, "write")


def check_new_file(path: Path, flag: str, name: str) -> None:
    """UsageError where a file that was given with `flag` cannot be written: its directory must be there.

    `name` is what such a file may be called, for who gave a directory.
    """
    if path.is_dir():
        raise UsageError(f"{flag} takes a file; {str(path)!r} is a directory. Write a name in it: {str(path / name)!r}")
    check_writable(path, flag)
    folder = _target(path).parent
    if not folder.is_dir():
        raise UsageError(f"no directory {str(folder)!r} for {flag} {str(path)!r}; make it first")


def nearest_there(path: Path) -> Path:
    """The path, or where nothing is there, the nearest of its parents that is."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def words(path: Path, error: OSError) -> tuple[str, str]:
    """(reason, what to do first); the second is empty where nobody can say."""
    if error.errno == ENOENT:
        lacks = next((each for each in reversed(_target(path).parents) if not each.exists()), None)
        if lacks is None:
            return "it was deleted meanwhile, or nothing can be made there", ""
        return f"its directory {lacks} does not exist", "Make it, or put it back if it was deleted."
    if error.errno == ENOTDIR:
        file = next((each for each in path.parents if each.exists() and not each.is_dir()), path)
        return f"{file} is a file and no directory", "Move it away."
    return WORDS.get(error.errno or 0, (error.strerror or str(error), ""))


def _target(path: Path) -> Path:
    """Where a link leads to; the path itself where it is none."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path

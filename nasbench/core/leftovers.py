"""What a process left that was killed while it wrote: the file `.NAME.PID.part` beside NAME, or a folder
`.NAME.PID.….part`.

Files are written beside their place and moved there whole, so such a part is never of use.
"""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

PART = re.compile(r"\.(?P<name>.+?)(\.(?P<pid>\d+))?(\.[a-z0-9_]{8})?\.part")


def sweep(*folders: Path) -> None:
    """Deletes such parts in folders in which no other process writes; those of a process that runs on this machine
    stay all the same.
    """
    for folder in folders:
        for path in folder.glob(".*.part"):
            part = PART.fullmatch(path.name)
            if part is None or part["pid"] is None or not _is_running(int(part["pid"])):
                _delete(path)


def sweep_beside(path: Path) -> None:
    """Deletes the parts of that file or folder alone that processes have left that run no more. Whoever writes a file
    calls it.
    """
    for other in path.parent.glob(".*.part"):
        part = PART.fullmatch(other.name)
        if part is not None and part["name"] == path.name and part["pid"] and not _is_running(int(part["pid"])):
            _delete(other)


def _delete(path: Path) -> None:
    with suppress(OSError):  # what cannot be deleted harms nobody
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_running(pid: int) -> bool:
    """Whether another process of that number runs on this machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return pid != os.getpid()

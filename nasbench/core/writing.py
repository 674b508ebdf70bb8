"""The one place that writes whole files: each is there completely or not at all, and a disk that refuses is one error.

Everything is written beside its place under another name, and takes its place at the end; what is left of a file that
could not be written is deleted. Lines that are added to a file go through `nasbench.core.append_log`.
"""

import io
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from errno import ENOTDIR
from pathlib import Path
from typing import Any, final

from nasbench.core.errors import NotWritten
from nasbench.core.not_written import not_written
from nasbench.core.part_file import part_of, sweep_beside

CHUNK_BYTES = 2**22


@final
class NewFile(io.RawIOBase):
    """A file that is being written, for whoever calls `write`.

    `write` never raises: it keeps the first fault, takes no more, and `replacing` raises it at the end. Libraries in
    C++ that write archives end the process where they meet an exception.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.fault: OSError | None = None
        self._descriptor: int | None = descriptor

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return 0 if self._descriptor is None else os.lseek(self._descriptor, offset, whence)

    def write(self, data: Any) -> int:
        """Writes bytes; returns how many there were."""
        view = memoryview(data).cast("B")
        if self.fault is None and self._descriptor is not None:
            try:
                write_all(self._descriptor, view)
            except OSError as error:
                self.fault = error
        return view.nbytes

    def end(self, durable: bool = False) -> None:
        """Closes the file, where `durable` once it is on the disk. A fault is kept. Calling it again does no harm."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            try:
                if durable and self.fault is None:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self.fault = self.fault or error


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[NewFile]:
    """A file to write to, which takes the place of `path` at the end: a reader sees the old one or the new one, never a
    part, whatever happens meanwhile. NotWritten where the disk refuses it; then the old one is there.

    `durable`: it is on the disk when this ends, not only on its way there. What is no ordinary file (a pipe, a
    terminal, /dev/stdout) is written to as it is.
    """
    target = _target(path)
    part = None if target is None else part_of(target)
    if target is not None:
        sweep_beside(target)
    flags = os.O_WRONLY if part is None else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        file = NewFile(os.open(part or path, flags, 0o666))
    except OSError as error:
        raise not_written(path, error) from error
    try:
        try:
            yield file
        except Exception:  # what the writer makes of the fault
            if file.fault is None:
                raise
        file.end(durable and part is not None)
        if file.fault is None and part is not None and target is not None:
            try:
                os.replace(part, target)
            except OSError as error:
                file.fault = error
        if file.fault is not None:
            raise not_written(path, file.fault) from file.fault
    except BaseException:
        file.end()
        if part is not None:
            with suppress(OSError):
                os.unlink(part)
        raise


def write_atomically(path: Path, content: str | bytes, durable: bool = True) -> None:
    """Writes a whole file, text as UTF-8. NotWritten where the disk refuses it."""
    with replacing(path, durable) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Writes `path` anew, as JSON with a field a line."""
    write_atomically(path, json.dumps(record, indent=2) + "\n")


def copy_file(source: Path, path: Path) -> None:
    """Copies a file's content. NotWritten where the disk refuses it."""
    with open(source, "rb") as old, replacing(path) as new:
        while new.fault is None and (chunk := old.read(CHUNK_BYTES)):
            new.write(chunk)


@contextmanager
def files_together(folder: Path, stale: Sequence[str] = (), last: str = "") -> Iterator[Path]:
    """A folder to write files into, which at the end all go to `folder`, in place of those with the same names. Where
    one of them cannot be written, `folder` stays as it was.

    `stale` are names of files that do not belong to the new ones: they are deleted first. `last` is the name of the one
    that says that the others are there: the old one goes first, the new one comes last.
    """
    try:
        within = folder if folder.is_dir() else folder.parent
        part = part_of(within / folder.name)
        sweep_beside(within / folder.name)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
    except OSError as error:
        raise not_written(folder, error) from error
    try:
        yield part
        make_folder(folder)
        for name in filter(None, (last, *stale) if stale else ()):
            delete(folder / name)
        for file in sorted(part.iterdir(), key=lambda file: (file.name == last, file.name)):
            try:
                os.replace(file, folder / file.name)
            except OSError as error:
                raise not_written(folder / file.name, error) from error
    except NotWritten as error:  # names the place that people know
        raise NotWritten(str(error).replace(str(part), str(folder))) from error.__cause__
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_folder(path: Path, parents: bool = False) -> None:
    """Makes a directory where it is not there. NotWritten where it cannot be made."""
    try:
        path.mkdir(parents=parents, exist_ok=True)
    except OSError as error:
        raise not_written(path, error, "make the directory") from error


def make_folder_of(file: Path) -> None:
    """Makes the directory of a file, in one that is there. NotWritten, of the file, where it cannot be made."""
    try:
        file.parent.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise not_written(file, NotADirectoryError(ENOTDIR, str(error))) from error
    except OSError as error:
        raise not_written(file, error) from error


def delete(path: Path) -> None:
    """Deletes a file, if it is there. NotWritten where that is refused."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise not_written(path, error, "delete") from error


def write_all(descriptor: int, data: memoryview) -> None:
    """Writes all bytes, in as many steps as the operating system takes."""
    while data.nbytes:
        data = data[os.write(descriptor, data) :]


def _target(path: Path) -> Path | None:
    """Where a file lies that takes the place of another, behind a link too; None for what is no ordinary file."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = stat.S_IFREG
    system = path.is_relative_to("/proc") or (path.is_relative_to("/dev") and not path.is_relative_to("/dev/shm"))
    if system or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # in /dev/shm are files in memory, as any others
        return None
    return Path(os.path.realpath(path)) if path.is_symlink() else path

"""A run that lies in an object store, brought into its directory here to be read, while others may write it.

Nobody is kept from writing: no claim is taken, and nothing is put into the store. A directory that a process of this
machine writes has more than the store has, and is left alone.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, final

from nasbench.core.errors import UsageError
from nasbench.core.json_text import parsed
from nasbench.core.run_record import check_run_record
from nasbench.core.store import LOG_FILE, RUN_FILE, RunStore
from nasbench.core.writing import delete, make_folder, write_atomically
from nasbench.storage.address import run_address
from nasbench.storage.mirror import NOTE
from nasbench.storage.objects import ArrowObjects, Readable, Refused, Silent
from nasbench.storage.pulling import CHECKPOINTS, LOGS, fetch, is_derived, logged, nearest, no_record, pull_log

MARK = "bringing"
"""A file that lies in a directory as long as its run is not whole: a bringing that was broken off is gone on with."""


@final
class Brought:
    """A run in a store and its directory here. `storage` is the URL that the run was kept with."""

    def __init__(self, storage: str, directory: Path) -> None:
        """Connects. UsageError where the URL is none, or where the store does not answer."""
        self._address, self._directory = run_address(storage, directory), directory
        self._store = ArrowObjects(self._address)
        self._store.check()
        self._objects = _KnownSegments(self._store)
        self._had: Mapping[str, int] = {}

    def refresh(self) -> None:
        """Makes the directory what the store has, unless it has not changed since, or is written by a process here.

        UsageError where the store has no such run, does not answer, or holds another run than the directory, where the
        directory holds what is no run, and where the run went on in two places.
        """
        with self._asking(), _unless_written(self._directory) as may:
            if not may:
                return
            sizes = self._store.sizes()
            if RUN_FILE not in sizes:
                raise UsageError(f"{self._address.shown} holds no run (no run.json there).{nearest(self._address)}")
            if sizes == self._had and (self._directory / RUN_FILE).exists():
                return
            record = self._objects.read(RUN_FILE)
            newer = self._is_newer(record)
            self._take_place()
            for name in filter(is_derived, sizes):
                with suppress(FileNotFoundError):  # of a file that its writer has just taken away
                    fetch(self._objects, name, self._directory, again=newer)
            lines = logged(record)
            for folder, file in LOGS.items():
                pull_log(self._objects, self._address, folder, self._directory / file, lines.get(folder, 0))
            if newer:
                write_atomically(self._directory / RUN_FILE, record)
            delete(self._directory / MARK)
            self._had = sizes

    def bring_weights(self, number: int) -> None:
        """Copies the weights that a trial left, where the store has them and the directory has not."""
        with self._asking(), suppress(FileNotFoundError):
            fetch(self._objects, f"{CHECKPOINTS}/{number}.safetensors", self._directory)

    def _take_place(self) -> None:
        """Makes the directory, if it is not there. UsageError for one that holds files of something else."""
        if (self._directory / RUN_FILE).exists():
            return
        begun = any((self._directory / name).exists() for name in (MARK, NOTE))
        if not begun and self._directory.is_dir() and any(self._directory.iterdir()):
            raise UsageError(
                f"{self._directory} holds files and no {RUN_FILE}: it is no copy of {self._address.shown}, and nothing "
                "was changed. Name a directory elsewhere, of the same name."
            )
        make_folder(self._directory, parents=True)
        write_atomically(self._directory / MARK, "")

    def _is_newer(self, record: bytes) -> bool:
        """Whether the store's run.json is to be taken in the place of the one here: it is the run's after it went on,
        or this directory was never written by a process that kept the run there.
        """
        try:
            there = dict(parsed(record))
            check_run_record(there)
            began, ranks = there["started"], _rank(there)
        except (ValueError, KeyError, TypeError, UsageError) as error:
            raise UsageError(no_record(self._address)) from error
        if not (self._directory / RUN_FILE).exists():
            return True
        here = RunStore.read_record(self._directory)
        if began != here.get("started"):
            raise UsageError(
                f"{self._directory} and {self._address.shown} hold two different runs, which began at "
                f"{here.get('started')} and {began}. Name a directory elsewhere, of the same name."
            )
        if ranks != _rank(here):
            return ranks > _rank(here)
        return not (self._directory / NOTE).exists() and record != (self._directory / RUN_FILE).read_bytes()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise UsageError(f"the run in {self._address.shown} was taken away just now") from error
        except Silent as error:
            raise UsageError(f"{self._address.shown} does not answer ({error}); try again later") from error
        except Refused as error:
            raise UsageError(f"{self._address.shown} cannot be read: {error}.") from error


@final
class _KnownSegments:
    """Objects of which parts of logs are read once: what has such a name never changes."""

    def __init__(self, objects: Readable) -> None:
        self._objects = objects
        self._known: dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        if name.partition("/")[0] not in LOGS:
            return self._objects.read(name)
        if name not in self._known:
            self._known[name] = self._objects.read(name)
        return self._known[name]

    def sizes(self, folder: str = "") -> Mapping[str, int]:
        found = self._objects.sizes(folder)
        if folder in LOGS:  # those that were joined are forgotten
            gone = [name for name in self._known if name.partition("/")[0] == folder and name not in found]
            for name in gone:
                del self._known[name]
        return found


def _rank(record: Mapping[str, Any]) -> tuple[int, bool]:
    """How far a run has come, by its record: how often it went on, and whether it has ended."""
    return len(record.get("resumed") or []), record.get("ended") is not None


@contextmanager
def _unless_written(directory: Path) -> Iterator[bool]:
    """Inside, no process of this machine begins to write the run in a directory; False where one writes it now."""
    held: list[int] = []
    try:
        for name in (NOTE, LOG_FILE):
            if (directory / name).is_file():
                held.append(os.open(directory / name, os.O_RDONLY))
                try:
                    fcntl.flock(held[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield False
                    return
        yield True
    finally:
        for descriptor in held:
            os.close(descriptor)

"""A run directory that is kept in a store while it is written.

    PREFIX/NAME/run.json            as in the directory
                trials/, curves/    trials.jsonl and curves.jsonl, in segments
                checkpoints/        weights of children and states of stages, put there by whoever trained them
                writers/            who writes it
                best/, report.html  and whatever else the directory has, put there at the end

A trial is in the directory's log first and in the store next, before anyone is told of it. So the directory never has
less than the store, and what it has more is put there when the run is resumed from it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import final

from nasbench.core.errors import LogLost, NotWritten, UsageError
from nasbench.core.json_text import parsed
from nasbench.core.not_written import not_written
from nasbench.core.part_file import PART
from nasbench.core.store import RUN_FILE
from nasbench.core.writing import make_folder
from nasbench.storage.address import FLAG, Address
from nasbench.storage.claim import FOLDER as WRITERS
from nasbench.storage.claim import Claim
from nasbench.storage.objects import ArrowObjects, Refused
from nasbench.storage.patient import Patient, once
from nasbench.storage.pulling import CHECKPOINTS, LEFT_OUT, LOGS, fetch, is_derived, logged, pull_log, pull_record
from nasbench.storage.segments import SegmentedLog, segments

NOTE = "storage.json"
"""In the run directory: the claim of its last process."""
KEPT_OTHERWISE = (RUN_FILE, NOTE, *LOGS.values())


@final
class Mirror:
    """The store's side of one run directory. `pull` makes the directory what the store has, `begin` the reverse."""

    def __init__(self, address: Address, directory: Path) -> None:
        """Connects, and takes the right to write. UsageError where that cannot be, before anything is written."""
        self.address, self.directory = address, directory
        self._once = ArrowObjects(address)
        self._once.check()
        self._objects = Patient(self._once, address.shown)
        self._put: dict[str, tuple[int, int]] = {}
        self._record_is_there = False
        self._logs: list[SegmentedLog] = []
        self._note = _lock(directory / NOTE)
        try:
            sizes = self._objects.sizes()
            last = max((each.writer for folder in LOGS for each in segments(folder, sizes)), default=0)
            self._claim = Claim.take(self._once, self._objects, last, _token(self._note), address.shown)
        except BaseException as error:
            os.close(self._note)
            if isinstance(error, NotWritten) and isinstance(error.__cause__, Refused):
                raise UsageError(str(error)) from error
            raise
        os.ftruncate(self._note, 0)
        os.pwrite(self._note, f"{json.dumps({'url': address.url, 'token': self._claim.token})}\n".encode(), 0)

    @property
    def holds_a_run(self) -> bool:
        return RUN_FILE in self._objects.sizes()

    def check_free(self) -> None:
        """UsageError where something lies there that a new run would be mixed with."""
        if self.holds_a_run:
            raise UsageError(
                f"{self.address.shown} already holds a run. Continue it with --resume, or choose another name with "
                "--run."
            )
        if foreign := [name for name in self._objects.sizes() if not name.startswith(f"{WRITERS}/")]:
            raise UsageError(
                f"{self.address.shown} holds {foreign[0]!r}, and no run of nasbench: choose another {FLAG} or --run."
            )

    def pull(self) -> None:
        """Makes the directory what the store has: its run.json and its logs, and files that are missing.

        UsageError where the directory has another run, or trials that the store has not and the reverse, and where
        the store has lost a part of a log that is not here.
        """
        lines = logged(self._objects.read(RUN_FILE))  # before the logs, which only grow
        pull_record(self._objects, self.address, self.directory)
        for folder, file in LOGS.items():
            pull_log(self._objects, self.address, folder, self.directory / file, lines.get(folder, 0))
        make_folder(self.directory / CHECKPOINTS)
        for name in self._objects.sizes():
            if is_derived(name):
                self.fetch(name)

    def begin(self) -> None:
        """Puts all that the directory has into the store, as the beginning of what this process writes."""
        self._logs = [
            SegmentedLog(self._objects, folder, self.directory / file, self._claim.number)
            for folder, file in LOGS.items()
        ]
        for log in self._logs:
            log.begin()
        self._objects.write(RUN_FILE, self.directory / RUN_FILE)
        self._record_is_there = True

    def adopt_weights(self) -> None:
        """Puts the weights of a run there that was not kept in the store before."""
        for file in sorted((self.directory / CHECKPOINTS).glob("*")):
            if file.is_file() and not PART.fullmatch(file.name):
                self._objects.write(f"{CHECKPOINTS}/{file.name}", file)

    def grown(self) -> None:
        """The logs have grown: when this returns, the store has their lines. NotWritten where it stays away, LogLost
        where another process has taken the run over.
        """
        self._claim.check()
        for log in reversed(self._logs):  # the curves first: a trial that is there has its curve
            log.sync()
        if not self._record_is_there:
            self.recorded()

    def recorded(self) -> None:
        """run.json has changed. It is put there now, or with what comes next if the store is away."""
        self._claim.check()
        self._record_is_there = once(lambda: self._once.write(RUN_FILE, self.directory / RUN_FILE))

    def fetch(self, name: str) -> None:
        """Copies an object to its place in the directory, unless something is there; nothing where the store has
        none.
        """
        with suppress(FileNotFoundError):
            fetch(self._objects, name, self.directory)

    def names(self, folder: str) -> list[str]:
        """The objects in a folder, by their names in the run."""
        return list(self._objects.sizes(folder))

    def delete(self, name: str) -> None:
        """Deletes an object, if the store is there: what is left is looked for again at the end."""
        self._claim.check()
        once(lambda: self._once.delete(name))

    def push(self) -> None:
        """Puts everything there that is new or changed. NotWritten where the store stays away."""
        self._claim.check()
        for log in reversed(self._logs):
            log.sync()
        for name, path, about in list(self._files()):
            self._objects.write(name, path)
            self._put[name] = about
        self._objects.write(RUN_FILE, self.directory / RUN_FILE)

    def discard(self) -> None:
        """Takes a run away that came to nothing, as far as the store answers."""
        self._logs = []
        once(self._delete_all)
        (self.directory / NOTE).unlink(missing_ok=True)

    def close(self) -> None:
        """Puts there what can be put there without waiting, and lets the run go."""
        with suppress(LogLost, OSError):
            self._claim.check()
            if self._logs:
                once(self._write_files)
            if self._logs and not self._record_is_there:
                self.recorded()
        once(self._claim.let_go)
        os.close(self._note)

    def _delete_all(self) -> None:
        for name in self._once.sizes():
            if not name.startswith(f"{WRITERS}/"):
                self._once.delete(name)

    def _write_files(self) -> None:
        for name, path, _ in self._files():
            self._once.write(name, path)

    def _files(self) -> Iterator[tuple[str, Path, tuple[int, int]]]:
        """(name, path, (nanoseconds, bytes)) of the files that are new or changed, those of `LEFT_OUT` aside."""
        for folder, folders, files in os.walk(self.directory):
            inside = Path(folder).relative_to(self.directory)
            if inside == Path():
                folders[:] = [each for each in folders if each not in LEFT_OUT]
            for file in files:
                name, path = (inside / file).as_posix(), Path(folder, file)
                if name in KEPT_OTHERWISE or file.startswith(".") or path.is_symlink():
                    continue
                with suppress(FileNotFoundError):
                    found = path.stat()
                    about = (found.st_mtime_ns, found.st_size)
                    if self._put.get(name) != about:
                        yield name, path, about


def _lock(path: Path) -> int:
    """Keeps a run directory for this process. UsageError where another one has it."""
    make_folder(path.parent, parents=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise not_written(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise UsageError(
            f"{path.parent} is in use: another process is writing this run. Wait for it, or choose another --run."
        ) from error
    return descriptor


def _token(note: int) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(parsed(os.pread(note, 2**16, 0))["token"])
    return ""

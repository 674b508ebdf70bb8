"""The run directory: `run.json` and `trials.jsonl`, an append-only truth from which everything else is derived.

`run.json` is written first and whole; a directory holds a run once it is there. A trial is on disk before anyone is
told. One process writes at a time (an advisory lock that the operating system drops when the process dies, however it
dies).
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nasbench.core.append_log import AppendLog, InUse
from nasbench.core.count_text import quantity
from nasbench.core.errors import LogLost, NotWritten, UsageError
from nasbench.core.json_file import read_object
from nasbench.core.json_text import as_text
from nasbench.core.log import Check, Log, read_log
from nasbench.core.mirrored import Mirrored
from nasbench.core.not_written import refused
from nasbench.core.part_file import sweep_parts
from nasbench.core.plain_file import check_plain
from nasbench.core.run_record import check_run_record
from nasbench.core.shown import sentence
from nasbench.core.trial import Trial
from nasbench.core.typed import shown
from nasbench.core.writing import write_atomically, write_json

RUN_FILE, LOG_FILE = "run.json", "trials.jsonl"
LOGGED = "logged"
"""What run.json says of how many trials a log has, or had: of a run that is kept in an object store, where parts of a
log may be lost.
"""
SUPERNET_FOLDER = "supernet"
"""Of the run of a supernet: where its weights lie."""
SCHEMA_VERSION = 2
"""Version 1 (nasbench 0.1.0) is read where the run is a search: the logs of its other commands have another form."""


class RunStore:
    """An open run directory. Make one with `create`, `resume` or `read`."""

    def __init__(self, directory: Path, run: dict[str, Any], read: Log, log: AppendLog | None) -> None:
        self.directory = directory
        self.run = run
        self.trials = read.trials
        self.dropped = read.torn
        """The torn last line that was left out, if there was one."""
        self.mirror: Mirrored | None = None
        """What keeps the directory elsewhere too."""
        self._log = log
        self._unlogged: list[Trial] = []

    @classmethod
    def create(cls, directory: Path, run: Mapping[str, Any]) -> "RunStore":
        """Starts a run. UsageError where the directory already holds one, another process is writing it, or it cannot
        be written; NotWritten where the disk is full. Then nothing is left of it.
        """
        new = missing(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(directory, error, "--run", "make the run directory") from error
        try:
            log = _lock(directory)
        except BaseException:
            _remove_empty(new)
            raise
        if (directory / "run.json").exists():
            log.close()
            raise UsageError(
                f"{directory} already holds a run. Continue it with --resume, or choose another directory with --run."
            )
        if log.size:  # a log that is not empty is never emptied
            log.close()
            raise UsageError(
                f"{directory} holds a log of trials and no run.json. Nothing was changed. Put its run.json back (from "
                "a backup, or from where the directory was copied) to go on with --resume; or choose another directory "
                "with --run."
            )
        record = {"schema": SCHEMA_VERSION, **run}
        store = cls(directory, record, Log(), log)
        try:
            store.update()
        except BaseException:
            discard(directory, new)
            log.close()
            raise
        return store

    @classmethod
    def resume(cls, directory: Path, check: Check | None = None) -> "RunStore":
        """Opens a run to go on with it; a torn last line is cut off the file.

        UsageError where it cannot be, and where a line of its log is refused; `check`: see `read_log`.
        """
        run = _read_run(directory, resumes=True)
        _check_log_is_there(
            directory, "Put it back to go on with --resume; or choose another directory with --run, without --resume."
        )
        log = _lock(directory)
        for folder in (directory, directory / "best", directory / "checkpoints"):
            sweep_parts(folder, locked=True)
        try:
            read = read_log(directory, run, check)
            if read.torn is not None:
                log.cut()
            elif read.open_end:
                log.end_line()
        except BaseException:
            log.close()
            raise
        return cls(directory, run, read, log)

    @staticmethod
    def read_record(directory: Path, resumes: bool = False) -> dict[str, Any]:
        """`run.json` alone. What an error advises is for who reads a run, or who `resumes` one."""
        return _read_run(directory, resumes)

    @classmethod
    def read(cls, directory: Path) -> "RunStore":
        """Reads a run, also one that is being written. UsageError where its log of trials is gone."""
        run = _read_run(directory)
        _check_log_is_there(directory, "Put it back to read the run.")
        return cls(directory, run, read_log(directory, run), None)

    @staticmethod
    def is_readable(directory: Path) -> bool:
        """False for a run of nasbench 0.1.0 that is no search: only that version reads it."""
        return not _is_of_another_form(_parse_run(directory))

    def append(self, trial: Trial) -> None:
        """Puts a trial on disk, and where the run is kept besides: when this returns, it is there. NotWritten where one
        of them will not take it, LogLost where the log was deleted, moved or changed meanwhile.
        """
        assert self._log is not None, "this run was opened for reading"
        line = as_text(trial.to_json())
        try:
            self._log.append(line)
        except LogLost as lost:
            self._unlogged.append(trial)
            raise self._lost(lost) from lost
        if self.mirror is not None:
            self.mirror.grown()
        self.trials.append(trial)

    def update(self, **fields: Any) -> None:
        """Changes fields of `run.json` (its end, say), atomically. Errors as in `append`: in a directory that is gone
        or holds another run, nothing is written.
        """
        if self._log is not None:
            try:
                self._log.check()
            except LogLost as lost:
                raise self._lost(lost) from lost
        self.run.update(fields)
        if self.mirror is not None:
            self.run[LOGGED] = len(self.trials)
        write_json(self.directory / "run.json", self.run)
        if self.mirror is not None:
            self.mirror.recorded()

    def close(self, discarded: bool = False) -> None:
        """Lets the run go. `discarded`: it came to nothing, and is not kept elsewhere either."""
        if self.mirror is not None:
            if discarded:
                self.mirror.discard()
            self.mirror.close()
            self.mirror = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def _lost(self, lost: LogLost) -> LogLost:
        """The error with what becomes of the trials that this process knows: they are written beside the lost log."""
        known = [*self.trials, *self._unlogged]
        told = f"{lost} It had {quantity(len(known), 'finished trial')}"
        rescued = self.directory / f"trials.rescued-{os.getpid()}.jsonl"
        if not known or not self.directory.is_dir():
            return LogLost(f"{told}. If it was moved, put it back; then go on with --resume.")
        try:
            write_atomically(rescued, "".join(f"{as_text(trial.to_json())}\n" for trial in known))
        except NotWritten as also:
            return LogLost(f"{told}, and {also} If it was moved, put it back; then go on with --resume.")
        return LogLost(
            f"{told}: they are in {rescued} now. Put that file in the place of "
            f"{self.directory / 'trials.jsonl'}, then go on with --resume."
        )


def missing(directory: Path) -> list[Path]:
    """The directory and those above it that are not there, the lowest first."""
    return [each for each in (directory, *directory.parents) if not each.exists()]


def discard(directory: Path, new: Sequence[Path]) -> None:
    """Takes a run away that came to nothing; `new` are the directories that were made for it. What is not the run's
    own stays.
    """
    if directory in new:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        for name in ("run.json", "trials.jsonl"):
            with suppress(OSError):
                (directory / name).unlink()
        with suppress(OSError):
            (directory / "checkpoints").rmdir()
    _remove_empty(new)


def _remove_empty(new: Sequence[Path]) -> None:
    for each in new:
        with suppress(OSError):  # another run may lie there by now
            each.rmdir()


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """The best score among the scored trials with the most epochs, the earliest where equal;
    controls do not compete.
    """
    scored = [trial for trial in trials if trial.score is not None and not trial.note.get("control")]
    most = max((trial.epochs for trial in scored), default=0)
    return max(
        (trial for trial in scored if trial.epochs == most),
        key=lambda trial: (trial.score, -trial.number),
        default=None,
    )


RETURNED = "returned"
"""What run.json says of the trial that a search returns, where that need not be the best seen: `number`, and why."""


def returned_trial(run: Mapping[str, Any], trials: Sequence[Trial]) -> Trial | None:
    """The trial that a run returns: the one that run.json names, else the best. One of more epochs goes before."""
    best, told = best_trial(trials), run.get(RETURNED)
    number = told.get("number") if isinstance(told, Mapping) else None
    chosen = next((trial for trial in trials if trial.number == number and trial.scored), None)
    return best if chosen is None or best is None or chosen.epochs < best.epochs else chosen


def _lock(directory: Path) -> AppendLog:
    if (directory / "trials.jsonl").exists():
        check_plain(directory / "trials.jsonl")
    try:
        return AppendLog.alone(directory / "trials.jsonl")
    except IsADirectoryError as error:
        raise refused(directory / "trials.jsonl", error, "--run", "write") from error
    except OSError as error:
        raise refused(directory, error, "--run") from error
    except InUse as error:
        raise UsageError(
            f"{directory} is in use: another process is writing this run. Wait for it, or choose another --run."
        ) from error


def _read_run(directory: Path, resumes: bool = False) -> dict[str, Any]:
    run = _parse_run(directory, resumes)
    if _is_of_another_form(run):
        raise UsageError(
            f"{directory} was written by nasbench 0.1.0, whose log of 'nasbench {run.get('command')}' has another "
            "form: run the command again in a new directory, or read this one with nasbench 0.1.0."
        )
    return run


def _check_log_is_there(directory: Path, then: str) -> None:
    """UsageError where a run has no log: it has one, which may be empty, before it has run.json."""
    if (directory / LOG_FILE).exists():
        return
    rescued = sorted(directory.glob("trials.rescued-*.jsonl"))
    there = f" Its trials may be in {rescued[-1]}: rename it." if rescued else ""
    raise UsageError(
        f"{directory} holds run.json and no log of trials ({LOG_FILE}), which a run has from its start: it was "
        f"deleted, moved or not copied. Nothing was changed.{there} {then}"
    )


def _advice(directory: Path, resumes: bool) -> str:
    if (directory / "trials.jsonl").exists():
        return "A log of trials is there: put its run.json back (from a backup, or from where it was copied)."
    if resumes:
        return "Start one without --resume, or give a run's directory, and the --storage that it was kept with."
    return (
        "Give the directory of a run. A run that was kept with --storage is brought to this machine by: nasbench "
        "report RUN --storage URL"
    )


def _is_of_another_form(run: Mapping[str, Any]) -> bool:
    return run["schema"] == 1 and run.get("command") != "search"


def _parse_run(directory: Path, resumes: bool = False) -> dict[str, Any]:
    path = directory / "run.json"
    if not path.exists():
        raise UsageError(f"{directory} holds no run (no run.json there). {_advice(directory, resumes)}")
    another = "Choose another directory with --run." if resumes else "Give the directory of another run."
    try:
        run = read_object(path, "run record of nasbench")
        if "schema" not in run:
            raise UsageError(f"{path} is no run record of nasbench: it has no schema version")
    except UsageError as error:
        raise UsageError(f"{sentence(error)} {another}") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}. {another}") from error
    version = run["schema"]
    if version not in (1, SCHEMA_VERSION) or isinstance(version, bool):
        raise UsageError(
            f"{path} has schema version {shown(version)}; this nasbench reads version {SCHEMA_VERSION}. "
            f"Use the nasbench that wrote it (its version is in run.json){', or start a new run' if resumes else ''}."
        )
    try:
        check_run_record(run)
    except UsageError as error:
        raise UsageError(f"{path} is no run record of nasbench: {error}") from error
    return run

"""Which trial this process evaluates, noted in the run directory, so that one that kills the process does not do so for
ever.

`in-hand.json` is written before an evaluation in the process itself and removed after it, however it ends: also when
Ctrl-C or SIGTERM ends it. So it is left where the process died in the middle: a crash in C, `os._exit`, out of memory,
SIGKILL, a power cut. Nobody can tell these apart afterwards; all of them count, but only those since the evaluation
last got farther than ever before: a long training on a machine that is often taken away is no trial that kills. The
note is derived: without it a trial is evaluated once more.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, final

from nasbench.core.errors import NotWritten
from nasbench.core.job import Job
from nasbench.core.json_text import parsed
from nasbench.core.writing import delete, write_atomically

FILE = "in-hand.json"
DEATHS_LIMIT = 2
"""A trial in which the process died so often is not evaluated again."""


@final
class InHand:
    """The note in one run directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._before = self._read()
        self._held: dict[str, Any] | None = None

    @property
    def left(self) -> tuple[int, int] | None:
        """(number of the trial that was in hand when the process died, how often it died in it); None for none."""
        if self._before is None or self._before["begun"] < 1:
            return None
        return self._before["number"], self._before["begun"]

    @contextmanager
    def holding(self, job: Job) -> Iterator[int]:
        """Around an evaluation: how often the process has died in the middle of it before."""
        what = {"number": job.number, "epochs": job.epochs, "seed": job.seed, "key": job.key}
        before, self._before = self._before, None
        same = before is not None and {name: before.get(name) for name in what} == what
        deaths, after = (before["begun"], before["after"]) if before is not None and same else (0, 0)
        self._held = {**what, "begun": deaths + 1, "after": after}
        self._write(self._held)
        try:
            yield deaths
        except BaseException:
            died = self._held["begun"] - 1
            if died:  # interrupted, and not answered: what was counted before still counts
                self._before = {**self._held, "begun": died}
                self._write(self._before)
            else:
                self._remove()
            raise
        finally:
            self._held = None
        self._remove()

    def got_to(self, epochs: int) -> None:
        """The evaluation in hand has done so many epochs: deaths before it got so far for the first time count no
        more.
        """
        if self._held is not None and epochs > self._held["after"]:
            self._held.update(begun=1, after=epochs)
            self._write(self._held)

    def _read(self) -> dict[str, Any] | None:
        with suppress(OSError, ValueError, TypeError, KeyError):
            record = parsed(self._path.read_bytes())
            numbers = {name: int(record[name]) for name in ("number", "begun")}
            return {**record, **numbers, "after": int(record.get("after", 0))}
        return None

    def _write(self, record: object) -> None:
        with suppress(NotWritten):  # a full disk is told when the trial is written
            write_atomically(self._path, json.dumps(record), durable=False)

    def _remove(self) -> None:
        with suppress(NotWritten):
            delete(self._path)


def died_reason(deaths: int) -> str:
    """What the log says of a trial in which the process died so often."""
    return (
        f"the process died {deaths} times while it evaluated this trial: it crashed, ran out of memory, or was killed. "
        "To evaluate it again, delete its line in trials.jsonl and --resume"
    )

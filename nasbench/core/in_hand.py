"""Which trial this process evaluates, noted in the run directory, so that one that kills the process does not do so for
ever.

`in-hand.json` is written before an evaluation in the process itself and removed after it, however it ends: also when
Ctrl-C or SIGTERM ends it. So it is left where the process died in the middle: a crash in C, `os._exit`, out of memory,
SIGKILL, a power cut. Nobody can tell these apart afterwards; all of them count. It is derived: without it a trial is
evaluated once more.
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
        deaths = before["begun"] if before is not None and {**before, "begun": 0} == {**what, "begun": 0} else 0
        self._write({**what, "begun": deaths + 1})
        try:
            yield deaths
        except BaseException:
            if deaths:  # interrupted, and not answered: what was counted before still counts
                self._before = {**what, "begun": deaths}
                self._write(self._before)
            else:
                self._remove()
            raise
        self._remove()

    def _read(self) -> dict[str, Any] | None:
        with suppress(OSError, ValueError, TypeError, KeyError):
            record = parsed(self._path.read_bytes())
            return {**record, "number": int(record["number"]), "begun": int(record["begun"])}
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

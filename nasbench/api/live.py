"""A search that is iterated over: its trials, as they finish."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from nasbench.core.errors import Interrupted
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo, Tracker
from nasbench.core.trial import Trial
from nasbench.engine.config import SearchConfig
from nasbench.engine.opened.run_trial import RunTrial
from nasbench.engine.search.asked import search_as_asked


class _Handing:
    """A tracker that hands each trial over, and waits until it was taken: the search is never ahead of the loop."""

    def __init__(self) -> None:
        self.trials: Queue[Trial | None] = Queue(maxsize=1)
        self.wanted = True
        self.directory = Path()

    def start(self, run: RunInfo) -> None:
        self.directory = run.directory

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        pass

    def trial(self, trial: Trial) -> None:
        if self.wanted:
            self.trials.put(trial)
        if not self.wanted:
            raise Interrupted("the loop over the trials was left")

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        pass

    def end(self) -> None:
        """No trial will come any more."""
        self.trials.put(None)


def trials_of(config: SearchConfig, trackers: Sequence[Tracker] | None) -> Iterator[RunTrial]:
    """The trials of a search, which runs in a thread from the first one that is asked for.

    An error of the search is raised in the loop; a loop that is left stops the search. What the caller trusts now is
    trusted in the thread.
    """
    handing, errors, context = _Handing(), list[BaseException](), copy_context()

    def work() -> None:
        try:
            context.run(search_as_asked, config, ("nasbench.search",), trackers, (handing,))
        except BaseException as error:  # whatever it is, it belongs to the loop
            errors.append(error)
        finally:
            handing.end()

    return _taken(handing, Thread(target=work, name="nasbench.search", daemon=True), errors)


def _taken(handing: _Handing, thread: Thread, errors: Sequence[BaseException]) -> Iterator[RunTrial]:
    thread.start()
    try:
        while (trial := handing.trials.get()) is not None:
            yield RunTrial.in_run(trial, handing.directory)
        if errors:
            raise errors[0]
    finally:
        handing.wanted = False
        while thread.is_alive():
            with suppress(Empty):
                handing.trials.get(timeout=0.05)

"""A guard around any tracker: one that throws is reported once, on standard error, and left alone from then on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO, runtime_checkable

from nasbench.core.blame import where_raised
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.loop import LONGEST_REASON
from nasbench.core.protocols import Metrics, RunInfo, Tracker
from nasbench.core.registry import trackers
from nasbench.core.run_shown import RunShown, Shows
from nasbench.core.shown import say, sentence, shortened, text_of
from nasbench.core.trial import Trial


@runtime_checkable
class HearsWithin(Protocol):
    """A tracker that hears what a training says within an epoch too (`nasbench.core.within_epoch`)."""

    def within(self, job: Job, epochs: int, metrics: Metrics) -> None: ...


class Guarded:
    """Passes on what it hears until the tracker throws. Interrupts pass through: a tracker that raises
    KeyboardInterrupt asks the run to stop, as Ctrl-C does. A tracker whose start failed is not finished.
    """

    def __init__(self, tracker: Tracker, stream: TextIO | None = None) -> None:
        self.tracker = tracker
        self.broken = False
        self._stream = stream

    def start(self, run: RunInfo) -> None:
        self._try(lambda: self.tracker.start(run))

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        if hasattr(self.tracker, "epoch"):  # a tracker may leave it out
            self._try(lambda: self.tracker.epoch(job, epochs, metrics))

    def within(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Passes on what a training says within an epoch to trackers that have `within`."""
        tracker = self.tracker
        if isinstance(tracker, HearsWithin):
            self._try(lambda: tracker.within(job, epochs, metrics))

    def trial(self, trial: Trial) -> None:
        self._try(lambda: self.tracker.trial(trial))

    @property
    def shows(self) -> bool:
        """Whether the tracker wants the tables and drawings of the run."""
        return not self.broken and isinstance(self.tracker, Shows) and bool(self.tracker.shows)

    def show(self, shown: RunShown) -> None:
        tracker = self.tracker
        if isinstance(tracker, Shows):
            self._try(lambda: tracker.show(shown))

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        self._try(lambda: self.tracker.finish(summary, run_dir))

    def _try(self, call: Callable[[], None]) -> None:
        if self.broken:
            return
        try:
            call()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a tracker does wrong, SystemExit too, the search goes on
            self.broken = True
            name = type(self.tracker).__name__
            reason = shortened(text_of(error), LONGEST_REASON) or type(error).__name__
            text = (
                f"nasbench: {name} failed and is left out from here on: "
                f"{sentence(reason + where_raised(error))} The search goes on; its log is complete."
            )
            say(text, self._stream)


def guarded(tracker: Tracker) -> Guarded:
    """The tracker in its guard, unless it is in one. UsageError for what is none."""
    missing = [name for name in ("start", "trial", "finish") if not callable(getattr(tracker, name, None))]
    if missing:
        raise UsageError(f"{tracker!r} is no tracker: it lacks {', '.join(missing)} (see nasbench.core.protocols)")
    return tracker if isinstance(tracker, Guarded) else Guarded(tracker)


def guarded_trackers(names: Sequence[str], wandb: Mapping[str, Any]) -> list[Tracker]:
    """The trackers with these names or import paths, each guarded; `wandb` are the settings of W&B's, others hear of
    the run in `start`. A tracker that is named twice listens once.
    """
    return [Guarded(trackers.make(name, offered=wandb if name == "wandb" else {})) for name in dict.fromkeys(names)]

"""The bookkeeping of a run, common to every executor: numbering, caching, logging, telling.

An executor takes jobs with `next` and answers them with `finish`, `fail` or `report`. The loop does not know in which
process an evaluation runs. Each answer goes first to disk, then to the source of the jobs, then to the listeners. The
source is told the line of the log as it is read back, so that a replay tells it exactly the same.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, final

from nasbench.core.blame import in_one_line, part_name, where_raised
from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import PartFailed, RunFailed, UsageError
from nasbench.core.heard import Heard
from nasbench.core.in_hand import InHand
from nasbench.core.job import Job
from nasbench.core.json_text import as_read, is_infinite
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.core.reported import AGAIN
from nasbench.core.reward import Rewarded, Score, score_at
from nasbench.core.shown import sentence, shortened, text_of
from nasbench.core.source import JobSource
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import COUNTS, Status, Trial, check_number
from nasbench.core.typed import fits, shown
from nasbench.core.within_epoch import is_within

SAME_FAULT_LIMIT = 10
"""When this many trials fail in the same way at the start, and none succeeds, every further trial would fail too."""

WAITING_LIMIT = 16
"""The most duplicate jobs that wait for a running one. Then `next` asks for no more, so that they cannot use up the
budget.
"""

LONGEST_REASON = 2000
"""Characters of the reason of a failed trial."""

Epoch = Callable[[Job, int, Metrics], bool]
"""Hears what a training says after an epoch: (job, epochs done, metrics). True asks to stop the training."""


@final
class JobLoop:
    """Hands out jobs and takes answers until every number of the source has a line in the log. Not thread-safe.

    Args:
        source: where jobs come from.
        append: puts a trial on disk.
        score: metrics -> the score, of which more is better; None where there is none to compare by.
        listeners: are called with each trial once it is on disk and the source was told, also where the source breaks.
        history: the trials that are in the log already; they are replayed through `source.tell`.
        clock: the simulated clock of a search with a time budget.
        epochs: hear what a training reports after each epoch.
        evaluator: who answers the jobs, as messages name it.
        in_hand: where the job that this process evaluates itself is noted.
        heard: the curves so far, where the score is made of them.
        within: hear what a training reports within an epoch, which nobody else does.
    """

    def __init__(
        self,
        source: JobSource,
        append: Callable[[Trial], None],
        score: Score,
        listeners: Sequence[Callable[[Trial], None]] = (),
        history: Iterable[Trial] = (),
        clock: SimulatedClock | None = None,
        epochs: Sequence[Epoch] = (),
        evaluator: object = None,
        in_hand: InHand | None = None,
        heard: Heard | None = None,
        within: Sequence[Callable[[Job, int, Metrics], None]] = (),
    ) -> None:
        self._source, self._append, self._score = source, append, score
        self._listeners, self._clock, self._epochs = listeners, clock, epochs
        self._evaluator, self._in_hand, self._heard, self._within = evaluator, in_hand, heard, within
        self._any_scored = False
        self._known: dict[tuple[str, int, int], Trial] = {}
        self._running: dict[int, Job] = {}
        self._waiting: dict[tuple[str, int, int], list[Job]] = {}
        self._same_fault: tuple[str, int] | None = ("", 0)
        self._answered, mine = set[int](), set(source.numbers)
        for trial in history:
            self._remember(trial)
            self._answered.add(trial.number)
            if trial.number in mine:
                if clock is not None:
                    clock.pay(trial)
                source.tell(trial)
        self._open = deque(number for number in source.numbers if number not in self._answered)

    @property
    def finished(self) -> bool:
        return not self._open and not self._running and not self._waiting

    @property
    def running(self) -> list[Job]:
        """The jobs that are not answered yet, with those that wait for an equal one."""
        return [*self._running.values(), *(job for queue in self._waiting.values() for job in queue)]

    def next(self) -> Job | None:
        """The next job, or None where there is none now (all is done, or what is left waits for a running job).

        A job that was answered before (same key, epochs and seed) is answered here from the log. One that is being
        evaluated right now waits for that answer.
        """
        while self._open and sum(map(len, self._waiting.values())) < WAITING_LIMIT:
            job = self._source.ask(self._open.popleft(), self.running)
            if job.fault is not None:
                self.fail(job, job.fault, 0.0, "")
            elif job.identity in self._known:
                self._answer_from(self._known[job.identity], job)
            elif job.identity in self._waiting or job.identity in (other.identity for other in self._running.values()):
                self._waiting.setdefault(job.identity, []).append(job)
            else:
                return self._start(job)
        in_hand = {job.identity for job in self._running.values()}
        for identity, queue in self._waiting.items():
            if identity not in in_hand:  # the equal job failed, so this one is evaluated
                job = queue.pop(0)
                if not queue:
                    del self._waiting[identity]
                return self._start(job)
        return None

    def report(self, job: Job, epochs: int, metrics: Metrics) -> bool:
        """Passes on what a training says after `epochs` epochs. True where it should stop: then call `prune`."""
        if is_within(metrics):
            for listen in self._within:
                listen(job, epochs, metrics)
            return False
        told = {**job.facts, **metrics}
        if self._heard is not None:
            self._heard.hear(job.number, epochs, {name: told[name] for name in told if name != AGAIN})
        answers = [hear(job, epochs, told) for hear in self._epochs]  # everyone hears it, also after the first True
        return any(answers)

    def finish(self, job: Job, metrics: Metrics, seconds: float, worker: str, status: Status = "ok") -> None:
        """Records what an evaluator returned. A number that is not finite makes the trial a failed one.

        So does what makes no score, once another trial has had one. UsageError where that, or metrics that are no JSON
        object, are the first.
        """
        try:
            metrics = {**metrics, **job.facts}
            curve = () if self._heard is None else self._heard.of(job.number, job.resume_from)
            value = score_at(self._score, metrics, curve)
            score = None if value is None else float(value)
            for name in COUNTS:
                check_number(metrics, name)
        except KeyError as error:
            returned = shortened(sorted(map(text_of, metrics)), 300)
            self.misread(job, f"{self._who()} returned no metric {error}; it returned {returned}", seconds, worker)
            return
        except (TypeError, ValueError, ArithmeticError) as error:
            broken = self._broken(None, metrics)
            if broken:
                self.fail(job, broken, seconds, worker)
                return
            told = f"the metrics of {self._who()} make no score{self._by()} ({error})"
            self.misread(job, f"{told}; it returned {shortened(metrics, 300)}", seconds, worker)
            return
        except BaseException as error:  # an objective is somebody else's code
            if from_outside(error) or isinstance(error, RunFailed):
                raise
            what = in_one_line(error) + where_raised(error)
            self.misread(job, f"the metrics of {self._who()} make no score{self._by()}: {what}", seconds, worker)
            return
        if broken := self._broken(score, metrics):
            self.fail(job, broken, seconds, worker)
            return
        self._record(_trial(job, status, score, metrics, seconds, worker))

    @staticmethod
    def _broken(score: float | None, metrics: Metrics) -> str:
        """Which numbers are not finite, or out of all proportion; '' where all can be compared."""
        broken = [f"{name} is {shown(value)}" for name, value in metrics.items() if is_infinite(value)]
        if score is not None and not fits(score, float):
            broken.insert(0, f"score is {score}")
        return ", ".join(broken)

    def prune(self, job: Job, epochs: int, metrics: Metrics, seconds: float, worker: str) -> None:
        """Records a training that was stopped early, after `epochs` epochs, with the score that it had then."""
        self.finish(replace(job, epochs=epochs), metrics, seconds, worker, status="pruned")

    def fail(self, job: Job, error: str, seconds: float, worker: str) -> None:
        """Records a failed trial with its reason, which is shortened where it is long."""
        reason = shortened(error, LONGEST_REASON)
        self._record(_trial(job, "failed", None, {}, seconds, worker, error=reason))

    def misread(self, job: Job, error: str, seconds: float, worker: str) -> None:
        """An evaluator returned what are no metrics: that fails its trial, once another trial has had a score.

        UsageError before that, as every other trial would return the same.
        """
        if not self._any_scored:
            raise UsageError(f"{error} (trial {job.number})")
        self.fail(job, error, seconds, worker)

    @contextmanager
    def holding(self, job: Job) -> Iterator[int]:
        """Around an evaluation in this very process: how often the process has died in the middle of it before."""
        if self._in_hand is None:
            yield 0
            return
        with self._in_hand.holding(job) as deaths:
            yield deaths

    def _who(self) -> str:
        return "the evaluator" + (f" {part_name(self._evaluator)}" if self._evaluator is not None else "")

    def _by(self) -> str:
        return f" by the reward {self._score.name!r}" if isinstance(self._score, Rewarded) else ""

    def _start(self, job: Job) -> Job:
        started = replace(job, started=_now())
        self._running[job.number] = started
        return started

    def _answer_from(self, known: Trial, job: Job) -> None:
        trial = _trial(job, "cached", known.score, {**known.metrics, **job.facts}, 0.0, known.worker)
        self._record(replace(trial, of=known.number))

    def _record(self, trial: Trial) -> None:
        trial = _as_logged(trial)
        if self._clock is not None and not self._clock.pay(trial):
            self._open.clear()
            self._running.clear()
            self._waiting.clear()
            return
        if trial.number in self._answered:  # two lines of one number would make the log unreadable
            raise PartFailed(
                f"trial {trial.number} was answered twice. An executor answers each job of loop.next() once, "
                "with finish, fail or prune."
            )
        self._append(trial)
        self._answered.add(trial.number)
        job = self._running.pop(trial.number, None)
        if self._heard is not None and (
            job is None or job.schedule is None
        ):  # else a longer training may go on from it
            self._heard.forget(trial.number)
        self._remember(trial)
        try:
            self._source.tell(trial)
        finally:  # what is in the log is counted, whatever the strategy does with it
            for listener in self._listeners:
                listener(trial)
        self._stop_on_same_fault(trial)
        if trial.status == "ok" and job is not None:
            for waiting in self._waiting.pop(job.identity, []):
                self._answer_from(trial, waiting)

    def _stop_on_same_fault(self, trial: Trial) -> None:
        """RunFailed once the first trials have all failed with one error (numbers in it aside)."""
        if self._same_fault is None or trial.status == "cached":
            return
        fault, count = self._same_fault
        this = re.sub(r"[0-9][0-9a-fx.]*", "#", trial.error or "")
        self._same_fault = (this, count + 1) if trial.status == "failed" and this == (fault or this) else None
        if self._same_fault is not None and self._same_fault[1] == SAME_FAULT_LIMIT:
            raise RunFailed(
                f"the first {SAME_FAULT_LIMIT} trials all failed in the same way, so the others would too: "
                f"{sentence(trial.error)} Mend that and start a new run (or --resume, which leaves the failed trials "
                "as they are)."
            )

    def _remember(self, trial: Trial) -> None:
        self._any_scored = self._any_scored or trial.scored
        if trial.status == "ok":
            self._known.setdefault((trial.key, trial.epochs, trial.seed), trial)


class Executor(Protocol):
    """Evaluates the jobs that a loop hands out until it is finished."""

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None: ...

    def describe(self) -> Sequence[str]:
        """Lines printed before the start: which device each worker has. UsageError where a device is missing."""

    def close(self) -> None:
        """Ends what it started (workers, a local Ray). Calling it again does no harm."""


def _trial(
    job: Job,
    status: Status,
    score: float | None,
    metrics: Metrics,
    seconds: float,
    worker: str,
    error: str | None = None,
) -> Trial:
    by_itself = job.model is not None and (job.name or job.model.architecture != job.architecture)
    return Trial(
        number=job.number,
        architecture=job.architecture,
        key=job.key,
        status=status,
        score=score,
        metrics=metrics,
        epochs=job.epochs,
        seconds=round(seconds, 4),
        seed=job.seed,
        worker=worker,
        started=job.started or _now(),
        note=job.note,
        error=error,
        name=job.name,
        data=job.data,
        model=job.model.to_json() if job.model is not None and by_itself else None,
    )


def _as_logged(trial: Trial) -> Trial:
    """The trial as its line of the log will give it back (a tuple in a note is a list there)."""
    try:
        return Trial.from_json(as_read(trial.to_json()))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"trial {trial.number} holds what is no JSON ({error}). Metrics (of the evaluator) and notes (of the "
            f"strategy) may hold numbers, strings, lists and dicts: metrics {shortened(trial.metrics, 300)}, note "
            f"{shortened(trial.note, 300)}"
        ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

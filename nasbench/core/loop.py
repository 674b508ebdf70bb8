"""The bookkeeping of a search, common to every executor: numbering, caching, logging, telling.

An executor takes proposals with `next` and answers them with `finish` (or `fail`); in which process the evaluation ran
is its own affair. Order of duties for each answer: on disk, then the strategy, then the listeners. What the strategy is
told is the line of the log read back, so that a replay tells it the very same.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Protocol

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.protocols import Evaluator, Metrics, SearchSpace, Strategy
from nasbench.core.seeds import trial_rng
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import Proposal, Status, Trial

SAME_FAULT_LIMIT = 10
"""So many trials that fail alike at the start of a sitting, and none that does otherwise: a fault that every trial
would meet.
"""

WAITING_LIMIT = 16
"""So many proposals may wait for an equal one that is running; then no more are asked for, lest one such eats up the
numbers.
"""


@dataclass(frozen=True)
class Plan:
    """What does not change during a search. `numbers` are the trials it may spend, `source` where its models come from.

    `time_budget` is the seconds that it may spend on the simulated clock, on which each trial takes what the loop's
    `cost` says.
    """

    numbers: range
    seed: int
    epochs: int
    source: str
    size: Size
    task: Task
    time_budget: float | None = None


@dataclass(frozen=True)
class Job:
    """A proposal ready to be evaluated, with the specification it becomes."""

    proposal: Proposal
    spec: ModelSpec
    epochs: int
    seed: int
    started: str


class SearchLoop:
    """Hands out jobs and takes answers until every number of the plan has a line in the log.

    `append` puts a trial on disk; `history` are the trials of earlier sittings, replayed through `tell`. Not
    thread-safe.

    With a time budget, `cost` is a trial's seconds on the simulated clock, a cached one's too. The first trial that
    would end after the budget ends the search: it counts for nothing, so it is neither logged nor told, and neither is
    what is still running then.
    """

    def __init__(
        self,
        space: SearchSpace,
        strategy: Strategy,
        plan: Plan,
        append: Callable[[Trial], None],
        score: Callable[[Metrics], float],
        listeners: Sequence[Callable[[Trial], None]] = (),
        history: Iterable[Trial] = (),
        cost: Callable[[Metrics], float] | None = None,
    ) -> None:
        assert (cost is None) == (plan.time_budget is None), "a time budget needs the cost of a trial"
        self.plan = plan
        self.clock = 0.0
        """Simulated seconds spent so far; 0 without a time budget."""
        self._cost, self._spent = cost, False
        self._space, self._strategy, self._append, self._score, self._listeners = (
            space,
            strategy,
            append,
            score,
            listeners,
        )
        self._known: dict[tuple[str, int, int], Trial] = {}
        self._running: dict[int, Job] = {}
        self._keys: dict[int, str] = {}
        self._waiting: dict[tuple[str, int, int], list[Proposal]] = {}
        self._same_fault: tuple[str, int] | None = ("", 0)
        answered = set()
        for trial in history:
            self._remember(trial)
            if trial.number in plan.numbers:
                answered.add(trial.number)
                self._pay(trial)
                strategy.tell(trial)
        self._open = deque(number for number in plan.numbers if number not in answered)

    @property
    def finished(self) -> bool:
        return not self._open and not self._running and not self._waiting

    @property
    def running(self) -> list[Proposal]:
        """The proposals not answered yet, those that wait for an equal one included."""
        return [job.proposal for job in self._running.values()] + [p for queue in self._waiting.values() for p in queue]

    def next(self) -> Job | None:
        """The next job, or None where there is none now (finished, or all that is left waits for what is running).

        An architecture that was scored before under the same epochs and seed is answered here from the log; one that is
        being evaluated right now waits for that answer.
        """
        while self._open and sum(map(len, self._waiting.values())) < WAITING_LIMIT:
            number = self._open.popleft()
            proposal = self._strategy.ask(number, trial_rng(self.plan.seed, number), self.running)
            if proposal.number != number:
                raise UsageError(
                    f"the strategy answered ask({number}) with a proposal numbered {proposal.number}; it must keep "
                    "the number"
                )
            identity = self._identity(proposal)
            if identity in self._known:
                self._answer_from(self._known[identity], proposal)
            elif identity in self._waiting or identity in map(self._identity_of, self._running.values()):
                self._waiting.setdefault(identity, []).append(proposal)
            else:
                return self._start(proposal)
        for identity, queue in self._waiting.items():  # an equal one failed, and nobody has run these since
            if identity not in map(self._identity_of, self._running.values()):
                proposal = queue.pop(0)
                if not queue:
                    del self._waiting[identity]
                return self._start(proposal)
        return None

    def finish(self, job: Job, metrics: Metrics, seconds: float, worker: str, status: Status = "ok") -> None:
        """Records what an evaluator returned. A number that is not finite makes the trial a failed one.

        UsageError where the metrics are no JSON object, or lack what the score is made of.
        """
        try:
            score = float(self._score(metrics))
        except KeyError as error:
            raise UsageError(f"the evaluator returned no metric {error}; it returned {sorted(metrics)}") from error
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"the evaluator's metrics make no score ({error}); it returned {str(metrics)[:300]}"
            ) from error
        broken = [f"{name} is {value}" for name, value in {"score": score, **metrics}.items() if _broken(value)]
        if broken:
            self.fail(job, ", ".join(broken), seconds, worker)
            return
        self._record(self._trial(job.proposal, status, score, metrics, seconds, worker, job.started, error=None))

    def fail(self, job: Job, error: str, seconds: float, worker: str) -> None:
        """Records a failed trial with its reason."""
        self._record(self._trial(job.proposal, "failed", None, {}, seconds, worker, job.started, error=error))

    def _start(self, proposal: Proposal) -> Job:
        architecture = proposal.architecture
        job = Job(
            proposal=proposal,
            spec=ModelSpec(self.plan.source, self.plan.size, self.plan.task, architecture=architecture),
            epochs=proposal.epochs or self.plan.epochs,
            seed=self.plan.seed,
            started=_now(),
        )
        self._running[proposal.number] = job
        return job

    def _answer_from(self, known: Trial, proposal: Proposal) -> None:
        trial = self._trial(proposal, "cached", known.score, known.metrics, 0.0, known.worker, _now(), error=None)
        self._record(replace(trial, of=known.number))

    def _record(self, trial: Trial) -> None:
        trial = _as_logged(trial)
        if not self._pay(trial):
            self._end()
            return
        self._append(trial)
        self._running.pop(trial.number, None)
        self._keys.pop(trial.number, None)
        self._remember(trial)
        self._strategy.tell(trial)
        for listener in self._listeners:
            listener(trial)
        self._stop_on_same_fault(trial)
        if trial.status == "ok":
            for proposal in self._waiting.pop((trial.key, trial.epochs, trial.seed), []):
                self._answer_from(trial, proposal)

    def _pay(self, trial: Trial) -> bool:
        """Puts a trial on the simulated clock. False where it would end after the budget, and from then on."""
        if self._cost is None or self.plan.time_budget is None:
            return True
        end = self.clock + (self._cost(trial.metrics) if trial.status != "failed" else 0.0)
        self._spent = self._spent or end > self.plan.time_budget
        if not self._spent:
            self.clock = end
        return not self._spent

    def _end(self) -> None:
        for gone in (self._open, self._running, self._keys, self._waiting):
            gone.clear()

    def _stop_on_same_fault(self, trial: Trial) -> None:
        """RunFailed once the first trials of a sitting have all failed with one error (numbers in it aside)."""
        if self._same_fault is None or trial.status == "cached":
            return
        fault, count = self._same_fault
        this = re.sub(r"[0-9][0-9a-fx.]*", "#", trial.error or "")
        self._same_fault = (this, count + 1) if trial.status == "failed" and this == (fault or this) else None
        if self._same_fault is not None and self._same_fault[1] == SAME_FAULT_LIMIT:
            raise RunFailed(
                f"the first {SAME_FAULT_LIMIT} trials all failed in the same way, so the others would too: "
                f"{trial.error}. "
                "Mend that and start a new run (or --resume, which leaves the failed trials as they are)."
            )

    def _remember(self, trial: Trial) -> None:
        if trial.status == "ok":
            self._known.setdefault((trial.key, trial.epochs, trial.seed), trial)

    def _key(self, proposal: Proposal) -> str:
        if proposal.number not in self._keys:
            self._keys[proposal.number] = self._space.canonical(proposal.architecture).key
        return self._keys[proposal.number]

    def _identity(self, proposal: Proposal) -> tuple[str, int, int]:
        return self._key(proposal), proposal.epochs or self.plan.epochs, self.plan.seed

    def _identity_of(self, job: Job) -> tuple[str, int, int]:
        return self._identity(job.proposal)

    def _trial(
        self,
        proposal: Proposal,
        status: Status,
        score: float | None,
        metrics: Metrics,
        seconds: float,
        worker: str,
        started: str,
        error: str | None,
    ) -> Trial:
        return Trial(
            number=proposal.number,
            architecture=proposal.architecture,
            key=self._key(proposal),
            status=status,
            score=score,
            metrics=metrics,
            epochs=proposal.epochs or self.plan.epochs,
            seconds=round(seconds, 4),
            seed=self.plan.seed,
            worker=worker,
            started=started,
            note=proposal.note,
            error=error,
        )


class Executor(Protocol):
    """Evaluates what a loop hands out until it is finished."""

    def run(self, loop: SearchLoop, evaluator: Evaluator) -> None: ...

    def describe(self) -> Sequence[str]:
        """The pre-flight lines: which device each worker has. UsageError where there are not the devices asked for."""

    def close(self) -> None:
        """Ends what it started (workers, a local Ray); more than once is harmless."""


def _broken(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_broken, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_broken, value))
    return isinstance(value, float) and not isfinite(value)


def _as_logged(trial: Trial) -> Trial:
    """The trial as its line of the log will give it back (a tuple in a note is a list there)."""
    try:
        return Trial.from_json(json.loads(json.dumps(trial.to_json(), allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"trial {trial.number} holds what is no JSON ({error}). Metrics (of the evaluator) and notes (of the "
            "strategy) may hold "
            f"numbers, strings, lists and dicts: metrics {str(trial.metrics)[:300]}, note {str(trial.note)[:300]}"
        ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""A made-up space, a strategy that learns from all it is told, and an evaluator that fails when asked to: quick to
import, no torch.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NoReturn

from nasbench.core.arch import Architecture, Choice, mutate, sample
from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.loop import Epoch, JobLoop
from nasbench.core.protocols import Metrics, Report, Strategy
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import Size, Task
from nasbench.core.trial import Proposal, Trial

SIZE, TASK = Size(depth=1, width=1, resolution=8), Task()


LETTERS = "stuvwxyz"


class ToySpace:
    """Four decisions of eight options, of which the last means nothing."""

    name = "toy"
    choices = tuple(Choice(name, tuple(LETTERS)) for name in ("a", "b", "c", "idle"))
    default_size = SIZE

    def canonical(self, architecture: Architecture) -> Architecture:
        return Architecture.of(self.name, {**architecture.genes, "idle": "s"})

    def build(self, architecture: Architecture, size: Size, task: Task) -> NoReturn:
        raise AssertionError("nothing is built")


class Climber:
    """Mutates the best so far. Its notes carry a digest of everything it was told, in order: a replay that differs
    shows in the log.
    """

    def __init__(self, space: ToySpace) -> None:
        self._space = space
        self._digest = hashlib.sha256()
        self._best: Trial | None = None
        self.told: list[int] = []

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        if self._best is None or rng.random() < 0.2:
            architecture = sample(self._space.name, self._space.choices, rng)
        else:
            architecture = mutate(self._best.proposed, self._space.choices, rng)
        return Proposal(number, architecture, note={"digest": self._digest.hexdigest()[:12], "pair": (number, number)})

    def tell(self, trial: Trial) -> None:
        record = trial.to_json()
        for name in ("seconds", "started", "worker"):
            del record[name]
        self._digest.update(json.dumps(record).encode())
        self.told.append(trial.number)
        if trial.score is not None and (self._best is None or trial.score > (self._best.score or 0.0)):
            self._best = trial


class Different:
    """Proposes another architecture every time, none of which fails by its genes."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        first, second = LETTERS[number % 8], LETTERS[(number + 1) % 8]
        return Proposal(
            number, Architecture.of("toy", {"a": first, "b": second, "c": LETTERS[number // 8], "idle": "s"})
        )

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""


@dataclass(frozen=True)
class ToyEvaluator:
    """A score made of the genes, after `seconds`. `faults`: number of a trial -> what goes wrong in it; `marks` is a
    directory for notes.

    Once so many trials have begun as an entry of `kill_after` says, the process kills itself, once for each entry.
    With `faults_of_genes`, architectures whose genes a and b are equal fail, and those with c = z score NaN.
    Every trial reports so many `epochs`; a file ended-NUMBER is left when its training ends, however it ends.
    """

    marks: str
    faults: Mapping[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    faults_of_genes: bool = True
    others: int = 0
    kill_after: tuple[int, ...] = ()
    epochs: int = 0

    def check(self) -> None:
        """There is nothing to check."""

    def task(self) -> Task:
        return TASK

    def __call__(self, job: Job, report: Report) -> Metrics:
        mark = Path(self.marks) / f"begun-{job.number}"
        first_time = not mark.exists()
        mark.touch()
        self._fail(self.faults.get(job.number, ""), first_time)
        self._kill_on_time()
        time.sleep(self.seconds)
        if self.epochs:
            self._train(job.number, report)
        assert job.architecture is not None
        genes = job.architecture.genes
        if self.faults_of_genes and genes["a"] == genes["b"]:
            raise TrialFailed(f"a and b are both {genes['a']}")
        points = sum(10**place * LETTERS.index(str(genes[name])) for place, name in enumerate(("a", "b", "c")))
        broken = self.faults_of_genes and genes["c"] == "z" and genes["a"] == "s"
        return {"val_accuracy": float("nan") if broken else points / 1000, "points": points}

    def _train(self, number: int, report: Report) -> None:
        try:
            for epoch in range(1, self.epochs + 1):
                report(epoch, {"val_accuracy": epoch / 1000, "number": number})
        finally:
            (Path(self.marks) / f"ended-{number}").touch()

    def _fail(self, fault: str, first_time: bool) -> None:
        if fault == "kill" or (fault == "kill once" and first_time):
            os.kill(os.getpid(), signal.SIGKILL)
        elif fault == "freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif fault == "hang":
            while True:
                time.sleep(0.01)
        elif fault == "hang in C":
            sum(range(10**12))
        elif fault == "memory":
            raise MemoryError("cannot allocate 7 GiB")
        elif fault == "build":
            raise ValueError("channels must be\n divisible by 3")
        elif fault == "exit":
            sys.exit("this network cannot be built")
        elif fault == "nan":
            raise FloatingPointError("the loss is NaN")
        elif fault == "usage":
            raise UsageError("the data are gone")
        elif fault == "disk":
            raise RunFailed("the disk is full")
        elif fault == "wait for all":
            self._wait_for_others()

    def _kill_on_time(self) -> None:
        begun = len(list(Path(self.marks).glob("begun-*")))
        for count in self.kill_after:
            mark = Path(self.marks) / f"killed-after-{count}"
            if begun >= count and not mark.exists():
                with suppress(FileExistsError):
                    mark.touch(exist_ok=False)
                    os.kill(os.getpid(), signal.SIGKILL)

    def _wait_for_others(self) -> None:
        """Waits until every other trial has begun: for ever, if somebody waits for this one."""
        last = time.monotonic() + 60
        while len(list(Path(self.marks).glob("begun-*"))) < self.others + 1:
            if time.monotonic() > last:
                raise RunFailed("the others wait for the slowest")
            time.sleep(0.02)


def plan(trials: int, seed: int = 0) -> Plan:
    return Plan(range(1, trials + 1), seed, epochs=2, source="space:toy", size=SIZE, task=TASK)


def score(metrics: Metrics) -> float:
    return float(metrics["val_accuracy"])


def loop(
    strategy: Strategy,
    trials: int,
    append: Callable[[Trial], None],
    listeners: Sequence[Callable[[Trial], None]] = (),
    history: Sequence[Trial] = (),
    epochs: Sequence[Epoch] = (),
) -> JobLoop:
    """The bookkeeping of a search in the toy space."""
    return JobLoop(
        SpaceSource(ToySpace(), strategy, plan(trials)), append, score, listeners, history=history, epochs=epochs
    )

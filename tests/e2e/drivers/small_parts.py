"""The smallest parts of a search that work, for tests in which one of them breaks. No torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from nasbench.core.arch import Architecture, Choice
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report, RunInfo
from nasbench.core.spec import Size, Task
from nasbench.core.trial import Proposal, Trial


class Space:
    name = "small"
    default_size = Size()
    choices = (Choice("a", tuple(range(1000))), Choice("b", (1, 2)))

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> NoReturn:
        raise AssertionError("nothing is built")


class Good:
    def check(self) -> None: ...

    def task(self) -> Task:
        return Task()

    def __call__(self, job: Job, report: Report) -> Metrics:
        return {"val_accuracy": 0.001 * job.number}


class Draws:
    def __init__(self, space: Space) -> None:
        self.space = space

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return Proposal(number, Architecture.of("small", {"a": number, "b": 1}))

    def tell(self, trial: Trial) -> None: ...


class Listens:
    def start(self, run: RunInfo) -> None: ...

    def trial(self, trial: Trial) -> None: ...

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None: ...

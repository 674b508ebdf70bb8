"""Where jobs come from: a list that is known beforehand, or a strategy that proposes points of a space."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.seeds import trial_rng
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import Proposal, Trial


class JobSource(Protocol):
    """Where jobs come from. Only `tell` changes what a source knows."""

    @property
    def numbers(self) -> range:
        """The numbers of the trials it may spend."""

    def ask(self, number: int, running: Sequence[Job]) -> Job:
        """The job with that number; `running` are the jobs that are not answered yet."""

    def tell(self, trial: Trial) -> None:
        """Learns from an answer, whatever its status and order."""


@final
class JobList:
    """Jobs that are known beforehand, numbered one after another."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = {job.number: job for job in jobs}
        first = min(self._jobs, default=1)
        self.numbers = range(first, first + len(self._jobs))
        assert set(self.numbers) == set(self._jobs), sorted(self._jobs)

    def ask(self, number: int, running: Sequence[Job]) -> Job:  # noqa: ARG002 - the protocol's
        return self._jobs[number]

    def tell(self, trial: Trial) -> None:
        """The list does not change."""


@dataclass(frozen=True)
class Plan:
    """What does not change during a search: the numbers it may spend, and what its proposals are built and trained as.

    `source` is 'space:NAME', where the models come from; `data` the name of the data set.
    """

    numbers: range
    seed: int
    epochs: int
    source: str
    size: Size
    task: Task
    data: str = ""


class SpaceSource:
    """Jobs from a strategy's proposals: each proposal becomes a model of the space at the plan's size."""

    def __init__(self, space: SearchSpace, strategy: Strategy, plan: Plan) -> None:
        self.numbers = plan.numbers
        self._space, self._strategy, self._plan = space, strategy, plan
        self._asked: dict[int, Proposal] = {}

    def ask(self, number: int, running: Sequence[Job]) -> Job:
        waiting = [self._asked[job.number] for job in running]
        proposal = self._strategy.ask(number, trial_rng(self._plan.seed, number), waiting)
        if not isinstance(proposal, Proposal):
            raise UsageError(
                f"the strategy {type(self._strategy).__name__} answered ask({number}) with {proposal!r}; "
                "it must return a nasbench.core.trial.Proposal"
            )
        if proposal.number != number:
            raise UsageError(
                f"the strategy answered ask({number}) with a proposal numbered {proposal.number}; it must keep the "
                "number"
            )
        self._asked[number] = proposal
        return self.job(proposal)

    def tell(self, trial: Trial) -> None:
        self._asked.pop(trial.number, None)
        self._strategy.tell(trial)

    def job(self, proposal: Proposal) -> Job:
        """The proposal as a job."""
        plan = self._plan
        return Job(
            number=proposal.number,
            seed=plan.seed,
            epochs=proposal.epochs or plan.epochs,
            key=self._space.canonical(proposal.architecture).key,
            model=ModelSpec(plan.source, plan.size, plan.task, architecture=proposal.architecture),
            architecture=proposal.architecture,
            data=plan.data,
            schedule=proposal.schedule,
            resume_from=proposal.resume_from,
            note=proposal.note,
        )

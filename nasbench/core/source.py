"""Where jobs come from: a list that is known beforehand, or a strategy that proposes points of a space."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

from nasbench.core.arch import Architecture, check
from nasbench.core.blame import blame, in_one_line, part_name, where_raised
from nasbench.core.errors import UsageError
from nasbench.core.growth import LayersOf, ProposesAnyDepth, strategy_at
from nasbench.core.job import Job
from nasbench.core.json_text import as_read
from nasbench.core.protocols import AnyDepth, SearchSpace, Strategy
from nasbench.core.seeds import trial_rng
from nasbench.core.shown import sentence
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Proposal, Trial, check_note
from nasbench.core.typed import fits, shown

OURS = ("step", "layers", "retrain_of", "check_of", "compared_as")
"""What a note has from the run itself: a step of the strategy, the depth of the network, what it repeats."""


class JobSource(Protocol):
    """Where jobs come from. Only `tell` changes what a source knows."""

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the trials it may spend, in the order in which they are asked."""

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

    `epochs` 0: nothing is trained for a score. `source` is 'space:NAME', where the models come from; `data` the name of
    the data set.
    """

    numbers: Sequence[int]
    seed: int
    epochs: int
    source: str
    size: Size
    task: Task
    data: str = ""


class SpaceSource:
    """Jobs from a strategy's proposals: each proposal becomes a model of the space at the plan's size.

    The strategy counts its own proposals: they are its steps. A step is the number of the trial, unless numbers before
    it belong to other phases of the run; then the note says `step`. So a strategy proposes the same whatever else the
    run trains in between. Numbers in a strategy's own notes (a parent, say) are steps.
    """

    def __init__(
        self,
        space: SearchSpace,
        strategy: Strategy | ProposesAnyDepth,
        plan: Plan,
        counted: bool = False,
        layers_of: LayersOf | None = None,
    ) -> None:
        """`counted`: steps are counted from 1. Else the step of every trial is its number.

        With `layers_of`, networks have as many layers as it says of their number: `space` is one of any depth,
        `strategy` one for any depth, and the note says `layers`.
        """
        self.numbers = plan.numbers
        self._space, self._strategy, self._plan, self._counted = space, strategy, plan, counted
        self._layers_of = layers_of
        self._spaces: dict[int, SearchSpace] = {}
        self._asked: dict[int, Proposal] = {}
        self._numbers: dict[int, int] = {}  # step -> number of its trial
        self._steps: dict[int, int] = {}  # the same, number -> step
        self._next = 1

    def ask(self, number: int, running: Sequence[Job]) -> Job:
        step, layers = self._step(number), self._layers(number)
        strategy = strategy_at(self._strategy, layers)
        waiting = [self._asked[job.number] for job in running if self._layers(job.number) == layers]
        with blame(strategy, f"ask({step})"):
            proposal = strategy.ask(step, trial_rng(self._plan.seed, step), waiting)
        self._check(proposal, step, strategy, self._space_at(layers))
        if layers is not None:
            proposal = replace(proposal, note={**proposal.note, "layers": layers})
        self._asked[number] = proposal
        self._count(step, number)
        job = self.job(proposal)
        if job.resume_from is not None:
            job = replace(job, resume_from=self._numbers.get(job.resume_from, job.resume_from))
        return job if step == number else replace(job, number=number, note={**job.note, "step": step})

    def tell(self, trial: Trial) -> None:
        self._asked.pop(trial.number, None)
        step = step_of(trial)
        self._count(step, trial.number)
        of = self._steps.get(trial.of) if trial.of is not None else None
        strategy = strategy_at(self._strategy, self._layers(trial.number))
        with blame(strategy, f"tell() of trial {trial.number}"):
            strategy.tell(trial if step == trial.number else replace(trial, number=step, of=of))

    def _layers(self, number: int) -> int | None:
        """How many layers the network of a trial has; None where the space says it for all."""
        return None if self._layers_of is None else self._layers_of(number)

    def _space_at(self, layers: int | None) -> SearchSpace:
        """The space of networks of that many layers."""
        if layers is None or not isinstance(self._space, AnyDepth):
            return self._space
        if layers not in self._spaces:
            self._spaces[layers] = self._space.with_layers(layers)
        return self._spaces[layers]

    def _count(self, step: int, number: int) -> None:
        """Remembers which trial a step is, in both directions."""
        before = self._numbers.get(step)
        if before is not None and before != number and self._steps.get(before) == step:
            del self._steps[before]
        self._numbers[step], self._steps[number] = number, step

    def job(self, proposal: Proposal) -> Job:
        """The proposal as a job; one that the space cannot spell has a fault, which fails its trial."""
        plan = self._plan
        key, fault = self._key(proposal.architecture)
        return Job(
            number=proposal.number,
            seed=plan.seed,
            epochs=(proposal.epochs or plan.epochs) if plan.epochs else 0,
            key=key,
            model=ModelSpec(plan.source, plan.size, plan.task, architecture=proposal.architecture),
            architecture=proposal.architecture,
            data=plan.data,
            schedule=proposal.schedule,
            resume_from=proposal.resume_from,
            note=proposal.note,
            fault=fault,
        )

    def _step(self, number: int) -> int:
        """The step of a number that is asked: the first that no trial has, if steps are counted."""
        if not self._counted:
            return number
        while self._next in self._numbers:
            self._next += 1
        return self._next

    def _key(self, architecture: Architecture) -> tuple[str, str | None]:
        """The key of its canonical form, or else its own key and why it has no such form."""
        try:
            canonical: object = self._space.canonical(architecture)
            if isinstance(canonical, Architecture):
                return canonical.key, None
            why = f"returned {str(canonical)[:100]!r}, which is no Architecture"
        except BaseException as error:
            if from_outside(error):
                raise
            why = f"raised {in_one_line(error)}{where_raised(error)}"
        return architecture.key, f"canonical() of the space {part_name(self._space)} {why}"

    def _check(self, proposal: Any, number: int, strategy: Strategy, space: SearchSpace) -> None:
        """UsageError where a strategy's answer is no proposal of a point of the space."""
        name = type(strategy).__name__
        if not isinstance(proposal, Proposal):
            raise UsageError(
                f"the strategy {name} answered ask({number}) with {str(proposal)[:200]}; it must return a "
                f"nasbench.core.trial.Proposal: {part_name(strategy)}"
            )
        if proposal.number != number:
            raise UsageError(
                f"the strategy {name} answered ask({number}) with a proposal numbered {proposal.number}; it must keep "
                f"the number: {part_name(strategy)}"
            )
        try:
            if not isinstance(proposal.architecture, Architecture):
                raise UsageError(f"{str(proposal.architecture)[:200]!r} is no nasbench.core.arch.Architecture")
            if proposal.architecture.space != space.name:
                raise UsageError(f"its space is named {proposal.architecture.space!r}")
            check(proposal.architecture, space.choices)
            for field in ("epochs", "schedule", "resume_from"):
                value = getattr(proposal, field)
                if value is not None and not (fits(value, int) and value >= 1):
                    raise UsageError(f"its {field} must be None, or a whole number from 1 on; got {shown(value)}")
            if not _is_note(proposal.note):
                raise UsageError("its note must be a dict of JSON")
            _check_note(proposal.note)
            if taken := [name for name in OURS if name in proposal.note]:
                raise UsageError(f"its note has {taken[0]!r}, which runs write themselves: call it something else")
        except (UsageError, TypeError) as error:
            raise UsageError(
                f"the strategy {name} answered ask({number}) with what is no point of the space {space.name!r}: "
                f"{sentence(error)} It is {part_name(strategy)}"
            ) from error


def of_space(space: SearchSpace) -> Callable[[Trial], None]:
    """A check that what a search proposed is a point of its space."""

    def check_point(trial: Trial) -> None:
        if trial.architecture is not None:
            if trial.architecture.space != space.name:
                raise UsageError(f"its architecture is of space {shown(trial.architecture.space)}, not {space.name!r}")
            check(trial.architecture, space.choices)

    return check_point


def _check_note(note: Mapping[str, Any]) -> None:
    """UsageError where a note could not be read again: it is told before the evaluation, which would be lost."""
    try:
        check_note(as_read(dict(note)))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"its note cannot be written to the log ({error})") from error


def _is_note(note: object) -> bool:
    return isinstance(note, Mapping) and all(isinstance(name, str) for name in note)


def step_of(trial: Trial) -> int:
    """The step of the strategy that proposed a trial."""
    return int(trial.note.get("step", trial.number))

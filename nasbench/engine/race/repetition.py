"""One repetition of a race: one strategy, one seed, the very loop of a search, over a table in memory or an evaluator.

A repetition under seed S proposes what `nasbench search --seed S` proposes.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from nasbench.core.blame import in_one_line, where_raised
from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import PartFailed, RunFailed, TrialFailed, UsageError, together
from nasbench.core.identity import digest
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.options import parse_options
from nasbench.core.protocols import Metrics, Report, Strategy
from nasbench.core.registry import strategies
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import Task
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Trial
from nasbench.engine.config import RaceConfig
from nasbench.engine.config.names import check_name
from nasbench.engine.config.record import labels_of
from nasbench.engine.config.screen import Screen, screens_of
from nasbench.engine.parts.screening import Networks, cheap_score
from nasbench.engine.race.ground import Ground, ground_of
from nasbench.evaluators.counts import CountedOnce
from nasbench.evaluators.known_tables import require_table
from nasbench.strategies.around.scored_once import ScoredOnce
from nasbench.strategies.around.screened import screened

ON = "on"
"""The entry of a repetition's note that says what it is on, where a race is on several."""
ANSWERS = "answers"
"""The folder of the run with what an evaluator answered."""


@dataclass(frozen=True)
class Entrant:
    """A strategy with its options, as written: NAME[:KEY=VALUE…]; and the screen before it."""

    label: str
    name: str
    options: tuple[str, ...]
    screen: Screen | None = None

    def behind(self, screen: Screen) -> "Entrant":
        return replace(self, label=f"{self.label} + {screen.label}", screen=screen)


def entrants_of(strategies_flag: Sequence[str]) -> tuple[Entrant, ...]:
    """Read from --strategies. UsageError for none, for an empty one and for one that is given twice."""
    takes, then = "NAME[:KEY=VALUE…],…", ", or give one other options"
    return tuple(map(_entrant, labels_of(strategies_flag, "--strategies", takes, then)))


def _entrant(label: str) -> Entrant:
    name, *parts = label.split(":")
    if parts and "=" not in parts[0]:  # my_package.my_module:MyStrategy
        name = f"{name}:{parts.pop(0)}"
        if name.partition(":")[0] in strategies.names():
            raise UsageError(f"--strategies takes NAME:KEY=VALUE:KEY=VALUE; got {label!r}")
    return Entrant(label, name, tuple(parts))


@dataclass(frozen=True)
class Repetitions:
    """An evaluator whose job is a repetition: the strategy that the job names, under the job's seed.

    Picklable; each process looks the parts up and reads the tables once. `directory` is the run's.
    """

    config: RaceConfig
    directory: Path = Path()

    def __reduce__(self) -> tuple[type["Repetitions"], tuple[RaceConfig, Path]]:
        return Repetitions, (self.config, self.directory)  # a table that was read is not sent along

    @cached_property
    def grounds(self) -> tuple[Ground, ...]:
        """What is raced on, in the order given."""
        folder = self.directory / ANSWERS
        labels = self.config.evaluators
        return tuple(ground_of(self.config, label, folder / str(place)) for place, label in enumerate(labels, start=1))

    @cached_property
    def entrants(self) -> tuple[Entrant, ...]:
        """The strategies; each once more behind each screen."""
        screens = screens_of(self.config.screen)
        plain = entrants_of(self.config.strategies)
        return tuple(one for each in plain for one in (each, *(each.behind(screen) for screen in screens)))

    @cached_property
    def screens(self) -> Mapping[str, Mapping[str, ScoredOnce]]:
        """Ground -> label -> the cheap score. Networks are initialised under the first seed, so each is scored once."""
        found = {}
        for ground in self.grounds:
            source, seed = f"space:{ground.space_name}", self.config.seed
            networks = Networks(ground.space, source, ground.space.default_size, ground.task, seed)
            screens = screens_of(self.config.screen)
            found[ground.label] = {screen.label: cheap_score(screen, networks) for screen in screens}
        return found

    @cached_property
    def counts(self) -> Mapping[str, CountedOnce]:
        """Ground -> what its networks count."""
        return {each.label: CountedOnce(each.space, each.size, each.task) for each in self.grounds}

    @property
    def in_seconds(self) -> bool:
        return self.config.time_budget is not None

    @property
    def budget(self) -> float:
        whole: float | None = self.config.time_budget if self.in_seconds else self.config.trials
        assert whole is not None, self.config
        return whole

    @property
    def budgets(self) -> tuple[float, ...]:
        """The race's own and those shown besides, in order."""
        shares = {self.budget * share for share in (1.0, *self.config.also)}
        return tuple(sorted(shares if self.in_seconds else {max(1, round(share)) for share in shares}))

    @cached_property
    def plans(self) -> Mapping[str, Plan]:
        """Ground -> the plan of a repetition on it, as long as the largest of the budgets."""
        return {ground.label: self._plan(ground) for ground in self.grounds}

    def _plan(self, ground: Ground) -> Plan:
        most = self.budgets[-1]
        spend = ground.most_queries(most) if self.in_seconds else int(most)
        return Plan(range(1, spend + 1), self.config.seed, 1, f"space:{ground.space_name}", ground.size, ground.task)

    def check_names(self) -> None:
        """UsageError for strategies that are none, all at once, and for a table that is not there."""
        together([partial(check_name, "strategy", entrant.name, "--strategies") for entrant in self.entrants])
        for file in self.config.files:
            require_table(file)

    def check(self) -> None:
        """Reads the tables and builds every strategy once, so that what is wrong is answered before any work starts."""
        for ground in self.grounds:
            ground.check()
        assert self.plans
        assert self.screens is not None
        for ground in self.grounds:
            for entrant in self.entrants:
                self._strategy(entrant, ground, self.config.seed)

    def task(self) -> Task:
        return self.grounds[0].task

    def identity(self) -> Mapping[str, Any]:
        found = [self._identity(ground) for ground in self.grounds]
        return found[0] if len(found) == 1 else {"on": found}

    def _identity(self, ground: Ground) -> dict[str, Any]:
        screens = {label: dict(each.identity) for label, each in self.screens[ground.label].items()}
        return {**ground.identity(), **({"screen": screens} if screens else {})}

    def jobs(self) -> list[Job]:
        """Numbered from 1, seed by seed, the strategies of a seed in the order given, each on every ground."""
        seeds = range(self.config.seed, self.config.seed + self.config.seeds)
        listed = [(seed, entrant.label, each) for seed in seeds for entrant in self.entrants for each in self._on()]
        return [
            Job(number, seed, epochs=1, key=digest({"strategy": label, **on}), name=label, note=on)
            for number, (seed, label, on) in enumerate(listed, start=1)
        ]

    def _on(self) -> list[dict[str, str]]:
        """The note of each ground's repetitions: none where there is one ground alone."""
        labels = self.config.evaluators
        return [{ON: label} for label in labels] if len(labels) > 1 else [{}]

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - a repetition has no epochs
        """The returned architecture's values in the race's columns, `evaluations`, `simulated_seconds`, and its path.

        `steps` are [evaluations, seconds, values] at every new best, `evaluations_by_budget` those that each budget
        allowed, `found` the genes. UsageError where a table lacks a row, PartFailed where a strategy breaks.
        """
        entrant = next(each for each in self.entrants if each.label == job.name)
        ground = next(each for each in self.grounds if each.label == job.note.get(ON, each.label))
        try:
            path = self._run(entrant, ground, job.seed)
        except UsageError:
            raise
        except BaseException as error:
            if from_outside(error) or (isinstance(error, RunFailed) and not isinstance(error, PartFailed)):
                raise
            raised = error.__cause__ or error
            raise PartFailed(
                f"strategy {entrant.label!r} failed under seed {job.seed}: {in_one_line(raised)}{where_raised(raised)}."
            ) from error
        within = path.evaluations_within(self.budgets, self.in_seconds)
        told = {"steps": path.steps, "evaluations_by_budget": within, "found": path.found}
        return {**path.metrics(ground.columns), **told}

    def _strategy(self, entrant: Entrant, ground: Ground, seed: int) -> Strategy:
        """A strategy as a search builds it."""
        options = parse_options(entrant.options, f"--strategies {entrant.name}")
        counts = self.counts[ground.label]
        offered: dict[str, Any] = {"epochs": 1, "objectives": (), "counts": counts, "recipe": None}
        made: Strategy = strategies.make(entrant.name, ground.space, options=options, offered=offered, seed=seed)
        screen = self.screens[ground.label][entrant.screen.label] if entrant.screen else None
        return screened(ground.entered(made), screen, ground.space)

    def _run(self, entrant: Entrant, ground: Ground, seed: int) -> "_Path":
        path, score = _Path(ground.columns, ground.cost_column), ground.columns[0]
        plan = replace(self.plans[ground.label], seed=seed)
        source = SpaceSource(ground.space, self._strategy(entrant, ground, seed), plan)
        seconds = ground.cost_column
        clock = SimulatedClock(self.budgets[-1], seconds) if self.in_seconds and seconds else None
        loop = JobLoop(source, path.append, lambda metrics: float(metrics[score]), clock=clock)
        while (job := loop.next()) is not None:
            assert job.architecture is not None, job
            try:
                row = ground.row(job.architecture)
            except TrialFailed as error:
                loop.fail(job, in_one_line(error), 0.0, "race")
            else:
                loop.finish(job, row, 0.0, "race")
        return path


class _Path:
    """What a repetition leaves behind of its trials: every new best, and the simulated clock after each trial."""

    def __init__(self, columns: Sequence[str], cost_column: str | None) -> None:
        self._columns, self._cost_column = columns, cost_column
        self._clocks: list[float] = [0.0]
        self.score: float | None = None
        self.steps: list[tuple[int, float, list[float]]] = []
        self.found: dict[str, Any] | None = None

    def append(self, trial: Trial) -> None:
        clock = self._clocks[-1] + (float(trial.metrics[self._cost_column]) if self._cost_column else 0.0)
        self._clocks.append(clock)
        if trial.score is None:  # it could not be evaluated
            return
        if self.score is None or trial.score > self.score:
            self.score, self.found = trial.score, dict(trial.genes)
            self.steps.append(
                (len(self._clocks) - 1, round(clock, 6), [float(trial.metrics[column]) for column in self._columns])
            )

    def evaluations_within(self, budgets: Sequence[float], in_seconds: bool) -> list[int]:
        """Trials that each budget allowed."""
        spent = len(self._clocks) - 1
        return [bisect_right(self._clocks, budget) - 1 if in_seconds else min(spent, int(budget)) for budget in budgets]

    def metrics(self, columns: Sequence[str]) -> dict[str, float]:
        """The returned architecture's, and what the repetition spent."""
        values = dict(zip(columns, self.steps[-1][2], strict=True)) if self.steps else {}
        return {**values, "evaluations": len(self._clocks) - 1, "simulated_seconds": self._clocks[-1]}

"""One repetition of a race: one strategy, one seed, the very loop of a search, over a table in memory.

A repetition under seed S proposes what `nasbench search --seed S` proposes.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from nasbench.core.blame import in_one_line, where_raised
from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import PartFailed, UsageError, together
from nasbench.core.identity import digest
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.options import parse_options
from nasbench.core.protocols import Metrics, Report, SearchSpace, Strategy
from nasbench.core.registry import evaluators, strategies
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import Task
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Trial
from nasbench.engine.config import RaceConfig
from nasbench.engine.config.names import check_name
from nasbench.engine.config.record import labels_of
from nasbench.engine.config.screen import Screen, screens_of
from nasbench.engine.parts.screening import Networks, ScoredOnce, cheap_score, screened
from nasbench.evaluators.counts import CountedOnce
from nasbench.evaluators.table import require_table
from nasbench.strategies.nearest_row import NearestRow, OfRows

if TYPE_CHECKING:
    from nasbench.evaluators.table import TableEvaluator


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

    Picklable; each process looks the parts up and reads the table once.
    """

    config: RaceConfig

    def __reduce__(self) -> tuple[type["Repetitions"], tuple[RaceConfig]]:
        return Repetitions, (self.config,)  # a table that was read is not sent along

    @cached_property
    def space(self) -> SearchSpace:
        return self.config.form.made(self.config.space)

    @cached_property
    def entrants(self) -> tuple[Entrant, ...]:
        """The strategies; each once more behind each screen."""
        screens = screens_of(self.config.screen)
        plain = entrants_of(self.config.strategies)
        return tuple(one for each in plain for one in (each, *(each.behind(screen) for screen in screens)))

    @cached_property
    def screens(self) -> Mapping[str, ScoredOnce]:
        """Label -> the cheap score. Networks are initialised under the first seed, so each is scored once."""
        source, task, seed = f"space:{self.config.space}", self.table.task(), self.config.seed
        networks = Networks(self.space, source, self.space.default_size, task, seed)
        return {screen.label: cheap_score(screen, networks) for screen in screens_of(self.config.screen)}

    @cached_property
    def table(self) -> "TableEvaluator":
        columns = self.config.table
        offered = {**vars(columns), "report_columns": columns.columns(), "file": self.config.table_file}
        table: TableEvaluator = evaluators.make("table", offered={**offered, "space": self.space})
        return table

    @cached_property
    def counts(self) -> CountedOnce:
        return CountedOnce(self.space, self.space.default_size, self.table.task())

    @cached_property
    def nearest(self) -> NearestRow:
        """The rows of the table, to choose among."""
        return NearestRow(self.table, self.space, self.counts)

    @property
    def columns(self) -> tuple[str, ...]:
        """The score, then what is only reported."""
        return tuple(dict.fromkeys((self.config.table.score_column, *self.table.report_columns)))

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
    def plan(self) -> Plan:
        """Of a repetition, as long as the largest of the budgets."""
        most = self.budgets[-1]
        spend = self.table.most_queries(most) if self.in_seconds else int(most)
        size, task = self.space.default_size, self.table.task()
        return Plan(range(1, spend + 1), self.config.seed, 1, f"space:{self.config.space}", size, task)

    def check_names(self) -> None:
        """UsageError for strategies that are none, all at once, and for a table that is not there."""
        together([partial(check_name, "strategy", entrant.name, "--strategies") for entrant in self.entrants])
        require_table(str(self.config.table_file))

    def check(self) -> None:
        """Reads the table and builds every strategy once, so that what is wrong is answered before any work starts."""
        self.table.check()
        assert self.plan
        assert self.screens is not None
        for entrant in self.entrants:
            self._strategy(entrant, self.config.seed)

    def task(self) -> Task:
        return self.table.task()

    def identity(self) -> Mapping[str, Any]:
        screens = {label: dict(each.identity) for label, each in self.screens.items()}
        return {**self.table.identity(), **({"screen": screens} if screens else {})}

    def jobs(self) -> list[Job]:
        """Numbered from 1, seed by seed, the strategies of a seed in the order given."""
        seeds = range(self.config.seed, self.config.seed + self.config.seeds)
        listed = [(seed, entrant.label) for seed in seeds for entrant in self.entrants]
        return [
            Job(number, seed, epochs=1, key=digest({"strategy": label}), name=label)
            for number, (seed, label) in enumerate(listed, start=1)
        ]

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - a repetition has no epochs
        """The returned architecture's values in the race's columns, `evaluations`, `simulated_seconds`, and its path.

        `steps` are [evaluations, seconds, values] at every new best, `evaluations_by_budget` those that each budget
        allowed, `found` the genes. UsageError where the table lacks a row, PartFailed where a strategy breaks.
        """
        entrant = next(each for each in self.entrants if each.label == job.name)
        try:
            path = self._run(entrant, job.seed)
        except UsageError:
            raise
        except BaseException as error:
            if from_outside(error):
                raise
            raised = error.__cause__ or error
            raise PartFailed(
                f"strategy {entrant.label!r} failed under seed {job.seed}: {in_one_line(raised)}{where_raised(raised)}."
            ) from error
        within = path.evaluations_within(self.budgets, self.in_seconds)
        told = {"steps": path.steps, "evaluations_by_budget": within, "found": path.found}
        return {**path.metrics(self.columns), **told}

    def _strategy(self, entrant: Entrant, seed: int) -> Strategy:
        """A strategy as a search builds it."""
        options = parse_options(entrant.options, f"--strategies {entrant.name}")
        offered: dict[str, Any] = {"epochs": 1, "objectives": (), "counts": self.counts, "recipe": None}
        made: Strategy = strategies.make(entrant.name, self.space, options=options, offered=offered, seed=seed)
        if self.config.table.candidates == "table":
            made = OfRows(made, self.nearest)
        return screened(made, self.screens[entrant.screen.label] if entrant.screen else None, self.space)

    def _run(self, entrant: Entrant, seed: int) -> "_Path":
        columns = self.config.table
        path = _Path(self.columns, columns.cost_column)
        source = SpaceSource(self.space, self._strategy(entrant, seed), replace(self.plan, seed=seed))
        seconds = columns.cost_column
        clock = SimulatedClock(self.budgets[-1], seconds) if self.in_seconds and seconds else None
        loop = JobLoop(source, path.append, lambda metrics: float(metrics[columns.score_column]), clock=clock)
        while (job := loop.next()) is not None:
            assert job.architecture is not None, job
            loop.finish(job, self.table.row(job.architecture), 0.0, "race")
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
        assert trial.score is not None, "a table's numbers are finite"
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

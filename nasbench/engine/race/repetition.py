"""One repetition of a race: one strategy, one seed, the very loop of a search, over a table in memory.

A repetition under seed S proposes what `nasbench search --seed S` proposes.
"""

import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import Plan, SearchLoop
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.registry import strategies
from nasbench.core.trial import Trial
from nasbench.engine.config import RaceConfig
from nasbench.engine.parts.counts import CountedOnce
from nasbench.engine.parts.lookup import build_strategy, cheapest_query, cost_of, table_evaluator
from nasbench.engine.parts.models import space_named
from nasbench.engine.parts.options import parse_options
from nasbench.engine.run.provenance import now
from nasbench.executors.boundary import in_one_line

if TYPE_CHECKING:
    from nasbench.evaluators.table import TableEvaluator


@dataclass(frozen=True)
class Entrant:
    """A strategy with its options, as written: NAME[:KEY=VALUE…]."""

    label: str
    name: str
    options: tuple[str, ...]


def entrants_of(strategies_flag: Sequence[str]) -> tuple[Entrant, ...]:
    """Read from --strategies. UsageError for none, for an empty one and for one that is given twice."""
    labels = [label.strip() for item in strategies_flag for label in item.split(",")]
    if not labels or "" in labels:
        raise UsageError(f"--strategies takes NAME[:KEY=VALUE…],…; got {','.join(strategies_flag)!r}")
    for index, label in enumerate(labels):
        if label in labels[:index]:
            raise UsageError(f"--strategies names {label!r} twice; name each once, or give one other options")
    return tuple(_entrant(label) for label in labels)


def _entrant(label: str) -> Entrant:
    name, *parts = label.split(":")
    if parts and "=" not in parts[0]:  # my_package.my_module:MyStrategy
        name = f"{name}:{parts.pop(0)}"
        if name.partition(":")[0] in strategies.names():
            raise UsageError(f"--strategies takes NAME:KEY=VALUE:KEY=VALUE; got {label!r}")
    return Entrant(label, name, tuple(parts))


class Setup:
    """What every repetition of a race shares; each process makes its own from the configuration, and reads the table
    once.

    Repetitions are numbered from 1, seed by seed, the strategies of a seed in the order given.
    """

    def __init__(self, config: RaceConfig) -> None:
        self.config = config
        self.space: SearchSpace = space_named(config.space)
        self.entrants = entrants_of(config.strategies)
        self.table: TableEvaluator = table_evaluator(config, self.space)
        self.columns = tuple(dict.fromkeys((config.score_column, *self.table.report_columns)))
        self.counts = CountedOnce(self.space, self.space.default_size, self.table.task())
        self.numbers = range(1, len(self.entrants) * config.seeds + 1)
        whole: float | None = config.trials if config.time_budget is None else config.time_budget
        assert whole is not None, config
        self.budget, self.in_seconds = whole, config.time_budget is not None
        shares = {whole * share for share in (1.0, *config.also)}
        self.budgets = tuple(sorted(shares if self.in_seconds else {max(1, round(share)) for share in shares}))

    def check(self) -> None:
        """Reads the table and builds every strategy once, so that what is wrong is answered before any work starts."""
        self.table.check()
        assert self.plan
        for entrant in self.entrants:
            self.strategy(entrant, self.config.seed)

    @cached_property
    def plan(self) -> Plan:
        """Of a repetition, as long as the largest of the budgets."""
        most = self.budgets[-1]
        spend = ceil(most / cheapest_query(self.table, self.budget)) if self.in_seconds else int(most)
        source, task = f"space:{self.config.space}", self.table.task()
        return Plan(
            range(1, spend + 1),
            self.config.seed,
            1,
            source,
            self.space.default_size,
            task,
            most if self.in_seconds else None,
        )

    def strategy(self, entrant: Entrant, seed: int) -> Strategy:
        """A strategy as a search builds it."""
        options = parse_options(entrant.options, f"--strategies {entrant.name}")
        offered: dict[str, Any] = {"epochs": 1, "objectives": (), "counts": self.counts}
        return build_strategy(entrant.name, options, self.space, seed, **offered)

    def repeat(self, number: int) -> Trial:
        """Runs a repetition: a line of the race's log. UsageError where the table lacks a row, RunFailed where a
        strategy breaks.
        """
        index = number - 1
        entrant, seed = self.entrants[index % len(self.entrants)], self.config.seed + index // len(self.entrants)
        started, start = now(), perf_counter()
        try:
            path = self._run(entrant, seed)
        except (UsageError, RunFailed):
            raise
        except Exception as error:
            raise RunFailed(
                f"strategy {entrant.label!r} failed under seed {seed}: {in_one_line(error)}. The finished repetitions "
                "are kept."
            ) from error
        architecture = Architecture.of("race", {"strategy": entrant.label, "seed": seed})
        return Trial(
            number=number,
            architecture=architecture,
            key=architecture.key,
            status="ok",
            score=path.score,
            metrics=path.metrics(self.columns),
            epochs=1,
            seconds=round(perf_counter() - start, 4),
            seed=seed,
            worker=str(os.getpid()),
            started=started,
            note={
                "steps": path.steps,
                "evaluations": path.evaluations_within(self.budgets, self.in_seconds),
                "found": path.found,
            },
        )

    def _run(self, entrant: Entrant, seed: int) -> "_Path":
        path = _Path(self.columns, self.config.cost_column)
        plan, score = replace(self.plan, seed=seed), self.config.score_column
        loop = SearchLoop(
            self.space,
            self.strategy(entrant, seed),
            plan,
            path.append,
            lambda metrics: float(metrics[score]),
            cost=cost_of(self.config.cost_column, self.config.time_budget),
        )
        while (job := loop.next()) is not None:
            loop.finish(job, self.table.row(job.proposal.architecture), 0.0, "race")
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
            self.score, self.found = trial.score, dict(trial.architecture.genes)
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

"""What a race came to: each repetition's path, the mean and deviation at each budget, and who wins how surely.

A repetition is one strategy under one seed. After any number of evaluations it returns the architecture with the best
score seen, the earliest where equal; its results at a smaller budget are therefore on the same path.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Any, Literal

from nasbench.core.trial import Trial

Axis = Literal["evaluations", "seconds"]
Z95 = 1.959964


@dataclass(frozen=True)
class Step:
    """A new best: after how many evaluations and simulated seconds, and its values in the race's columns, the score
    first.
    """

    evaluations: int
    seconds: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Repetition:
    """One strategy under one seed. `evaluations` are those that each budget allowed, in the order of the race's
    budgets.
    """

    strategy: str
    seed: int
    steps: tuple[Step, ...]
    evaluations: tuple[int, ...]

    @classmethod
    def of(cls, trial: Trial) -> "Repetition":
        """Read from its line of the log."""
        steps = tuple(
            Step(int(number), float(seconds), tuple(values)) for number, seconds, values in trial.note["steps"]
        )
        genes = trial.architecture.genes
        return cls(str(genes["strategy"]), int(genes["seed"]), steps, tuple(trial.note["evaluations"]))

    def at(self, place: float, axis: Axis) -> tuple[float, ...] | None:
        """The values of what is returned there; None before the first evaluation."""
        index = bisect_right(
            self.steps, place, key=lambda step: step.evaluations if axis == "evaluations" else step.seconds
        )
        return self.steps[index - 1].values if index else None


@dataclass(frozen=True)
class Summary:
    """A column over the repetitions that returned something there. `std` is the sample deviation, None for one
    repetition.
    """

    mean: float
    std: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Summary":
        return cls(fmean(values), stdev(values) if len(values) > 1 else None)

    def __str__(self) -> str:
        digits = 2 if abs(self.mean) >= 2 else 4  # percents, and shares of one
        return f"{self.mean:.{digits}f}" + ("" if self.std is None else f" ± {self.std:.{digits}f}")


@dataclass(frozen=True)
class Standing:
    """A strategy at one budget: mean number of evaluations, a summary for each column, and repetitions without any
    evaluation.
    """

    strategy: str
    budget: float
    evaluations: float
    columns: Mapping[str, Summary]
    empty: int = 0


@dataclass(frozen=True)
class Win:
    """How often `strategy` returns a better cell than `other` under the same seed, ties half, with a 95 % Wilson
    interval.
    """

    strategy: str
    other: str
    share: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True)
class Race:
    """What the report of a race is made of.

    `columns`: the score, then what is only reported; the last one ranks. `budgets`: the race's own and those shown
    besides, in order. `optimum`: column -> the best value in the table, where the table is complete.
    """

    space: str
    columns: tuple[str, ...]
    axis: Axis
    budget: float
    budgets: tuple[float, ...]
    strategies: tuple[str, ...]
    optimum: Mapping[str, float]
    timed: bool
    repetitions: tuple[Repetition, ...]

    @classmethod
    def of(cls, run: Mapping[str, Any], trials: Sequence[Trial]) -> "Race":
        """From run.json and the log."""
        race = run["race"]
        return cls(
            space=run["config"]["space"],
            columns=tuple(race["columns"]),
            axis=race["axis"],
            budget=race["budget"],
            budgets=tuple(race["budgets"]),
            strategies=tuple(race["strategies"]),
            optimum=race["optimum"] or {},
            timed=race["timed"],
            repetitions=tuple(Repetition.of(trial) for trial in sorted(trials, key=lambda trial: trial.number)),
        )

    @property
    def rank_by(self) -> str:
        return self.columns[-1]

    def of_strategy(self, strategy: str) -> list[Repetition]:
        return [repetition for repetition in self.repetitions if repetition.strategy == strategy]

    def standing(self, strategy: str, budget: float) -> Standing | None:
        """None where no repetition has finished or none evaluated anything within that budget."""
        repetitions = self.of_strategy(strategy)
        values = [found for repetition in repetitions if (found := repetition.at(budget, self.axis)) is not None]
        if not values:
            return None
        index = self.budgets.index(budget)
        return Standing(
            strategy,
            budget,
            fmean(repetition.evaluations[index] for repetition in repetitions),
            {column: Summary.of([row[place] for row in values]) for place, column in enumerate(self.columns)},
            empty=len(repetitions) - len(values),
        )

    def standings(self, budget: float) -> list[Standing]:
        """The strategies, the best mean in the ranking column first."""
        found = [standing for strategy in self.strategies if (standing := self.standing(strategy, budget)) is not None]
        return sorted(found, key=lambda standing: -standing.columns[self.rank_by].mean)

    def wins(self) -> list[Win]:
        """Every ordered pair that has common seeds, at the race's own budget, by the ranking column; in the order of
        the standings.
        """
        order = [standing.strategy for standing in self.standings(self.budget)]
        place = self.columns.index(self.rank_by)
        values = {
            strategy: {
                r.seed: found[place]
                for r in self.of_strategy(strategy)
                if (found := r.at(self.budget, self.axis)) is not None
            }
            for strategy in order
        }
        return [
            _win(
                one,
                other,
                [(values[one][seed], values[other][seed]) for seed in values[one].keys() & values[other].keys()],
            )
            for one in order
            for other in order
            if one != other and values[one].keys() & values[other].keys()
        ]

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench race --json` prints, but for where the run lies."""
        return {
            "space": self.space,
            "budget": self.budget,
            "unit": self.axis,
            "seeds": max((len(self.of_strategy(strategy)) for strategy in self.strategies), default=0),
            "rank_by": self.rank_by,
            "optimum": dict(self.optimum),
            "strategies": [
                {
                    "name": standing.strategy,
                    "trials": standing.evaluations,
                    "metrics": _metrics(standing),
                    "budgets": [
                        {"budget": budget, "trials": other.evaluations, "metrics": _metrics(other)}
                        for budget in self.budgets
                        if (other := self.standing(standing.strategy, budget)) is not None
                    ],
                }
                for standing in self.standings(self.budget)
            ],
            "wins": [vars(win) for win in self.wins()],
        }


def wilson(successes: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); `successes` may be a half."""
    share, z2 = successes / count, Z95**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    reach = Z95 / (1 + z2) * sqrt(share * (1 - share) / count + z2 / (4 * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _win(one: str, other: str, pairs: Sequence[tuple[float, float]]) -> Win:
    won = sum(1.0 if ours > theirs else 0.5 if ours == theirs else 0.0 for ours, theirs in pairs)
    return Win(one, other, won / len(pairs), *wilson(won, len(pairs)), len(pairs))


def _metrics(standing: Standing) -> dict[str, dict[str, float | None]]:
    return {column: {"mean": summary.mean, "std": summary.std} for column, summary in standing.columns.items()}

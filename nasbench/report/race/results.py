"""The results of a race: the course of each repetition, mean and deviation at each budget, and the shares of wins.

A repetition is one strategy under one seed. After any number of evaluations, it returns the architecture with the best
score so far; of equal scores, the earliest. So its results at smaller budgets are known from the same repetition.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Any, Literal

from nasbench.core.errors import UsageError
from nasbench.core.trial import Trial

Axis = Literal["evaluations", "seconds"]
Z95 = 1.959964


@dataclass(frozen=True)
class Step:
    """A new best: its number of evaluations, its simulated time, and its values in the columns, the score first."""

    evaluations: int
    seconds: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Repetition:
    """One strategy under one seed. `evaluations` is the number allowed by each budget, in the order of budgets."""

    strategy: str
    seed: int
    steps: tuple[Step, ...]
    evaluations: tuple[int, ...]

    @classmethod
    def of(cls, trial: Trial) -> "Repetition":
        """The repetition from its line of the log."""
        steps = tuple(
            Step(int(number), float(seconds), tuple(values)) for number, seconds, values in trial.metrics["steps"]
        )
        return cls(trial.name, trial.seed, steps, tuple(trial.metrics["evaluations_by_budget"]))

    def at(self, place: float, axis: Axis) -> tuple[float, ...] | None:
        """The values of the architecture that is returned at `place` on the axis; None before the first evaluation."""
        index = bisect_right(
            self.steps, place, key=lambda step: step.evaluations if axis == "evaluations" else step.seconds
        )
        return self.steps[index - 1].values if index else None


COUNTS = 1000
"""From this mean on, values are counts: of parameters, or of multiply-adds. Below are percent and fractions of 1."""


@dataclass(frozen=True)
class Summary:
    """The mean of a column over the repetitions with a result. `std` is the sample deviation; None for a single one."""

    mean: float
    std: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Summary":
        return cls(fmean(values), stdev(values) if len(values) > 1 else None)

    def __str__(self) -> str:
        form = ",.0f" if abs(self.mean) >= COUNTS else ".2f" if abs(self.mean) >= 2 else ".4f"
        return f"{self.mean:{form}}" + ("" if self.std is None else f" ± {self.std:{form}}")


@dataclass(frozen=True)
class Standing:
    """A strategy at one budget: the mean number of evaluations, a summary of each column, and `empty`, the number of
    repetitions without an evaluation.
    """

    strategy: str
    budget: float
    evaluations: float
    columns: Mapping[str, Summary]
    empty: int = 0


@dataclass(frozen=True)
class Win:
    """The share of seeds in which `strategy` returns a better cell than `other`, with its 95 % Wilson interval.

    Both run under the same seed. A tie counts half.
    """

    strategy: str
    other: str
    share: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True)
class Race:
    """The data of the report of a race.

    columns  the score, then the values that are only reported; strategies are ranked by the last column
    axis     the unit of the budgets
    budget   the budget of the race
    budgets  all budgets shown, in order
    optimum  column -> the best value in the table; empty if the table is not complete
    timed    whether queries have a cost
    failures what failed: strategy, seed and reason, a text each
    on       the table or other evaluator, as it was named; empty in runs of before
    told     the same in a sentence
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
    failures: tuple[str, ...] = ()
    on: str = ""
    told: str = ""

    @classmethod
    def of(cls, run: Mapping[str, Any], trials: Sequence[Trial], plan: Mapping[str, Any] | None = None) -> "Race":
        """The race from run.json and the trials of the log. `plan` is one of several races in a run.

        UsageError for a repetition of another race's form.
        """
        race = run["plan"] if plan is None else plan
        ordered = sorted(trials, key=lambda trial: trial.number)
        done = [trial for trial in ordered if trial.status != "failed"]
        repetitions = tuple(_repetition(trial, race["columns"], race["budgets"]) for trial in done)
        return cls(
            space=race.get("space") or run["config"]["space"],
            columns=tuple(race["columns"]),
            axis=race["axis"],
            budget=race["budget"],
            budgets=tuple(race["budgets"]),
            strategies=tuple(race["strategies"]),
            optimum=race["optimum"] or {},
            timed=race["timed"],
            repetitions=repetitions,
            failures=tuple(f"{each.name} seed {each.seed}: {each.error}" for each in ordered if each not in done),
            on=race.get("on", ""),
            told=race.get("told", ""),
        )

    @property
    def rank_by(self) -> str:
        return self.columns[-1]

    def of_strategy(self, strategy: str) -> list[Repetition]:
        return [repetition for repetition in self.repetitions if repetition.strategy == strategy]

    def standing(self, strategy: str, budget: float) -> Standing | None:
        """The standing of a strategy; None if no repetition has an evaluation within the budget."""
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
        """The standings of all strategies, the highest mean in the ranking column first."""
        found = [standing for strategy in self.strategies if (standing := self.standing(strategy, budget)) is not None]
        return sorted(found, key=lambda standing: -standing.columns[self.rank_by].mean)

    def wins(self) -> list[Win]:
        """Every ordered pair of strategies with common seeds, in the order of the standings.

        Compared by the ranking column at the budget of the race.
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
        """The object that `nasbench race --json` prints, without the run directory."""
        return {
            "space": self.space,
            **({"on": self.on} if self.on else {}),
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


def races_of(run: Mapping[str, Any], trials: Sequence[Trial]) -> tuple[Race, ...]:
    """The races of a run, from run.json and the trials of its log: one for each table or other evaluator.

    UsageError for a repetition of another race's form.
    """
    plan = run["plan"]
    if "races" not in plan:
        return (Race.of(run, trials),)
    return tuple(
        Race.of(run, [trial for trial in trials if trial.note.get("on") == each["on"]], each) for each in plan["races"]
    )


def _repetition(trial: Trial, columns: Sequence[str], budgets: Sequence[float]) -> Repetition:
    try:
        found = Repetition.of(trial)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"trial {trial.number} of the log is no repetition of a race ({error!r})") from error
    if any(len(step.values) != len(columns) for step in found.steps) or len(found.evaluations) != len(budgets):
        raise UsageError(
            f"trial {trial.number} of the log is of another race: this one has the columns {', '.join(columns)} and "
            f"{len(budgets)} budgets"
        )
    return found


def wilson(successes: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927). `successes` may contain halves, from ties."""
    share, z2 = successes / count, Z95**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    reach = Z95 / (1 + z2) * sqrt(share * (1 - share) / count + z2 / (4 * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _win(one: str, other: str, pairs: Sequence[tuple[float, float]]) -> Win:
    won = sum(1.0 if ours > theirs else 0.5 if ours == theirs else 0.0 for ours, theirs in pairs)
    return Win(one, other, won / len(pairs), *wilson(won, len(pairs)), len(pairs))


def _metrics(standing: Standing) -> dict[str, dict[str, float | None]]:
    return {column: {"mean": summary.mean, "std": summary.std} for column, summary in standing.columns.items()}

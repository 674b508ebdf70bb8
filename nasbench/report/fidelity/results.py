"""Cheap scores against the truth: the values of a run, and what can be told of each score.

Compared are the networks that every score has answered. A network on which a score failed ranks last by it: a search by
that score would never choose it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

from nasbench.core.trial import Trial
from nasbench.report.common.rankings import (
    FEWEST,
    MEASURES,
    Estimate,
    bootstrap,
    chance,
    estimate,
    measure,
    population_score,
)

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Standing:
    """What a score came to. `seconds` is the median cost of a network, `failed` the number on which it is not defined.

    `lead` is by how much its tau is below the best one's, over the same bootstrap samples; None for the best.
    """

    name: str
    measures: Mapping[str, Estimate]
    seconds: float | None
    failed: int
    lead: Estimate | None = None


@dataclass(frozen=True)
class Fidelity:
    """The data of the report.

    truth     the table or the run, and `column` of it
    known     how many networks the truth has; `sampling` says how those compared were chosen
    planned   how many were to be compared
    values    float64 (n), the truth; more is better
    scores    score -> float64 (n); minus infinity where it failed
    reasons   score -> why it failed, with counts
    """

    truth: str
    column: str
    known: int
    planned: int
    sampling: str
    values: "np.ndarray"
    scores: Mapping[str, "np.ndarray"]
    seconds: Mapping[str, float | None]
    reasons: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, run: Mapping[str, Any], trials: Sequence[Trial]) -> "Fidelity":
        """From run.json and the trials of the log."""
        import numpy as np

        plan, labels = run["plan"], list(run["plan"]["scores"])
        rows: dict[int, dict[str, Trial]] = {}
        for trial in trials:
            rows.setdefault((trial.number - 1) // len(labels), {})[trial.note["score"]] = trial
        whole = [row for _, row in sorted(rows.items()) if len(row) == len(labels)]
        scores, reasons, seconds = {}, {}, {}
        for label in labels:
            answers = [row[label] for row in whole]
            scores[label] = _values(answers, plan["parts"].get(label))
            why = [str(trial.error) for trial in answers if trial.status == "failed"]
            reasons[label] = {each: why.count(each) for each in dict.fromkeys(why)}
            spent = [row[label].seconds for row in rows.values() if label in row and row[label].status == "ok"]
            seconds[label] = median(spent) if spent else None
        return cls(
            truth=plan["truth"],
            column=plan["column"],
            known=int(plan["known"]),
            planned=min(int(run["config"]["sample"]), int(plan["known"])),
            sampling=plan["sampling"],
            values=np.array([float(row[labels[0]].note["truth"]) for row in whole]),
            scores=scores,
            seconds=seconds,
            reasons=reasons,
        )

    @property
    def count(self) -> int:
        return len(self.values)

    @cached_property
    def chance(self) -> Mapping[str, Estimate]:
        """What random scores come to; nothing where there are too few networks."""
        return chance(self.count) if self.count >= FEWEST else dict.fromkeys(MEASURES, Estimate(None))

    @cached_property
    def standings(self) -> Sequence[Standing]:
        """Every score, the highest tau first; those without one last."""
        if not self.count:
            return [
                Standing(each, dict.fromkeys(MEASURES, Estimate(None)), self.seconds[each], 0) for each in self.scores
            ]
        drawn = bootstrap(self.values, self.scores)
        plain = {name: measure(self.values, score) for name, score in self.scores.items()}
        order = sorted(plain, key=lambda name: _or_last(plain[name]["tau"]), reverse=True)
        best = order[0]
        found = []
        for name in order:
            tau, top = plain[name]["tau"], plain[best]["tau"]
            lead = None
            if name != best and tau is not None and top is not None:
                lead = estimate(top - tau, drawn[best]["tau"] - drawn[name]["tau"])
            measures = {each: estimate(plain[name][each], drawn[name][each]) for each in MEASURES}
            failed = sum(self.reasons[name].values())
            found.append(Standing(name, measures, self.seconds[name], failed, lead))
        return found

    def verdicts(self) -> list[str]:
        """What can be told, and what cannot, in sentences."""
        if self.count < FEWEST:
            have = "1 network has" if self.count == 1 else f"{self.count} networks have"
            more = "Give --sample more." if self.planned < self.known else "Take a --truth that knows more networks."
            return [f"{have} all scores: too few to tell anything. {more}"]
        told = []
        same = [each.name for each in self.standings if each.measures["tau"].value is None]
        if same:
            told.append(f"No rank correlation of {', '.join(same)}: it gives every network the same score.")
        known = [each for each in self.standings if each.measures["tau"].value is not None]
        blind = [each.name for each in known if not each.measures["tau"].differs_from_zero]
        if known:
            near = [each.name for each in known[1:] if each.lead is None or not each.lead.differs_from_zero]
            sure = f"; over {self.count:,} networks it cannot be told from {', '.join(near)}" if near else ""
            told.append(f"The highest tau has {known[0].name}, {known[0].measures['tau'].value:.2f}{sure}.")
        if blind:
            told.append(f"Not to be told from random choice by tau: {', '.join(blind)}.")
        half = [each.name for each in known if not each.measures["tau_upper_half"].differs_from_zero]
        if half:
            told.append(f"Not to be told from random choice within the true upper half: {', '.join(half)}.")
        return told

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench fidelity --json` prints, without the run directory."""
        return {
            "truth": self.truth,
            "column": self.column,
            "n": self.count,
            "scores": [
                {
                    "name": each.name,
                    **{name: each.measures[name].value for name in MEASURES},
                    "seconds": each.seconds,
                    "failed": each.failed,
                    "intervals": {name: each.measures[name].interval for name in MEASURES},
                }
                for each in self.standings
            ],
            "chance": {name: self.chance[name].value for name in MEASURES},
            "verdicts": self.verdicts(),
        }


def _values(answers: Sequence[Trial], parts: Sequence[str] | None) -> "np.ndarray":
    import numpy as np

    if parts is None:
        return np.array([-np.inf if trial.score is None else trial.score for trial in answers], dtype=float)
    return (
        population_score([[trial.metrics.get(part) for part in parts] for trial in answers])
        if answers
        else np.array([])
    )


def _or_last(tau: float | None) -> float:
    return -2.0 if tau is None else tau

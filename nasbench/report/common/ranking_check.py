"""How far a cheap score can be trusted: its predictions beside what trainings or a table have of the networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from nasbench.core.count_text import quantity
from nasbench.core.curves import is_retraining
from nasbench.core.trial import Trial
from nasbench.report.common.rankings import (
    FEWEST,
    MEASURES,
    Estimate,
    bootstrap,
    chance,
    estimate,
    kendall_test,
    measure,
)

if TYPE_CHECKING:
    import numpy as np

SHOWN = ("tau", "tau_upper_half", "spearman", "pick_rank", "p_at_top5")
"""Of MEASURES, those of a check."""
FEWEST_AT_TOP = 20
"""Of fewer networks the best 5 % are less than one: P@top is not told."""
SURE = 0.05
"""The largest p of Kendall's test at which a ranking is told from random choice."""
TRUTH = "truth"
"""The metric that holds the value of a table."""


@dataclass(frozen=True)
class RankingCheck:
    """The networks that were checked, in any order.

    trials   the trials of the search that predicted
    trained  for each, the trial that trained it by itself; empty where a table has the truth
    values   for each, the truth: more is better
    truth    what the truth is, in words; `axis` the same on an axis
    failed   how many more have no truth, or no prediction
    """

    trials: tuple[Trial, ...]
    trained: tuple[Trial, ...]
    values: tuple[float, ...]
    truth: str
    failed: int
    axis: str

    @property
    def count(self) -> int:
        return len(self.values)

    @property
    def predicted(self) -> list[float]:
        """The scores of the search."""
        return [trial.score or 0.0 for trial in self.trials]

    @cached_property
    def measures(self) -> Mapping[str, Estimate]:
        """Each measure with its 95 % interval; those that cannot be told have no value."""
        if not self.count:
            return dict.fromkeys(MEASURES, Estimate(None))
        truth, score = self._arrays
        found, drawn = measure(truth, score), bootstrap(truth, {"score": score})["score"]
        told = {name: estimate(found[name], drawn[name]) for name in MEASURES}
        return told if self.count >= FEWEST_AT_TOP else {**told, "p_at_top5": Estimate(None)}

    @cached_property
    def chance(self) -> Mapping[str, Estimate]:
        """What random choice would come to, with the interval that holds 95 % of it."""
        if self.count < FEWEST:
            return dict.fromkeys(MEASURES, Estimate(None))
        found = chance(self.count)
        return found if self.count >= FEWEST_AT_TOP else {**found, "p_at_top5": Estimate(None)}

    @property
    def answer(self) -> Literal["yes", "no", "unknown"]:
        """Whether the score ranks better than random choice; no: worse."""
        tau = self.measures["tau"].value
        if tau is None or not self._told(range(self.count)):
            return "unknown"
        return "yes" if tau > 0 else "no"

    @property
    def sentence(self) -> str:
        """What can be told, and what cannot."""
        failed = f" {self.failed} more could not be compared." if self.failed else ""
        if self.count < FEWEST:
            few = f"{quantity(self.count, 'network')} compared with {self.truth}"
            return f"How the cheap score ranks cannot be told: {few}, and at least {FEWEST} are needed.{failed}"
        tau = self.measures["tau"]
        if tau.value is None:
            return f"The cheap score gives all {self.count} networks compared one score: it ranks nothing.{failed}"
        interval = "" if tau.low is None else f", 95 % interval {tau.low:.2f} to {tau.high:.2f}"
        reach = self.chance["tau"].high or 0.0
        numbers = (
            f"tau {tau.value:.2f}{interval}, over {self.count:,} networks compared with {self.truth}; 95 % of random "
            f"rankings lie within ±{reach:.2f}"
        )
        start = {
            "yes": "The cheap score ranks better than random choice",
            "no": "The cheap score ranks worse than random choice",
            "unknown": "It cannot be told whether the cheap score ranks better than random choice",
        }[self.answer]
        return f"{start}: {numbers}.{self._of_the_top()} {self._of_the_pick()}{failed}"

    def to_json(self) -> dict[str, Any]:
        """The key `check` of what `nasbench search --json` prints."""
        return {
            "n": self.count,
            "truth": self.truth,
            "failed": self.failed,
            **{name: self.measures[name].value for name in SHOWN},
            "intervals": {name: self.measures[name].interval for name in SHOWN},
            "chance": {name: self.chance[name].value for name in SHOWN},
            "verdict": self.sentence,
        }

    def _of_the_top(self) -> str:
        """Whether the score ranks within the true upper half."""
        half = sorted(range(self.count), key=lambda place: -self.values[place])[: -(-self.count // 2)]
        tau = self.measures["tau_upper_half"].value
        if tau is None:
            return f" Within the true upper half, {quantity(len(half), 'network')}, nothing can be told."
        if self._told(half):
            return f" Within the true upper half it ranks {'better' if tau > 0 else 'worse'} as well: tau {tau:.2f}."
        return f" Within the true upper half it cannot be told: tau {tau:.2f}."

    def _of_the_pick(self) -> str:
        rank = self.measures["pick_rank"].value or 0.0
        several = sum(score == max(self.predicted) for score in self.predicted)
        picks = "Its pick is" if several == 1 else f"Its {several} equal picks are on average"
        return f"{picks} number {rank:,.3g} of {self.count:,}."

    def _told(self, places: Sequence[int]) -> bool:
        """Whether Kendall's test tells the ranking of these networks from random choice."""
        found = kendall_test([self.values[place] for place in places], [self.predicted[place] for place in places])
        return found is not None and found[1] < SURE

    @property
    def _arrays(self) -> tuple["np.ndarray", "np.ndarray"]:
        import numpy as np

        return np.array(self.values, dtype=float), np.array(self.predicted, dtype=float)


def ranking_check(run: Mapping[str, Any], trials: Sequence[Trial]) -> RankingCheck | None:
    """The check of a run, from its record and its log; None where its score was not checked."""
    trials = [trial for trial in trials if trial.architecture is not None]  # the training of a supernet has none
    plan = run.get("plan")
    named = plan.get("truth_name") if isinstance(plan, Mapping) else None
    if named is not None:
        return _against_table(trials, str(named))
    return _against_trainings(trials, trained_score(run))


def _against_table(trials: Sequence[Trial], named: str) -> RankingCheck:
    met: dict[str, Trial] = {}
    for trial in trials:
        if not is_retraining(trial):
            known = met.get(trial.key)
            met[trial.key] = trial if known is None or not known.scored else known
    pairs = [(trial, trial.metrics.get(TRUTH)) for trial in met.values() if trial.scored]
    found = [(trial, float(value)) for trial, value in pairs if isinstance(value, int | float)]
    values = tuple(value for _, value in found)
    return RankingCheck(
        tuple(trial for trial, _ in found), (), values, named, len(met) - len(found), named.rpartition(" of ")[0]
    )


def _against_trainings(trials: Sequence[Trial], axis: str) -> RankingCheck | None:
    by_number = {trial.number: trial for trial in trials}
    of = [(by_number.get(int(trial.note["check_of"])), trial) for trial in trials if "check_of" in trial.note]
    if not of:
        return None
    pairs = {first.key: (first, second) for first, second in of if first is not None and first.scored and second.scored}
    failed = len({second.key for _, second in of} - pairs.keys())
    first, second = ([pair[place] for pair in pairs.values()] for place in (0, 1))
    epochs = quantity(of[0][1].epochs, "epoch")
    values = tuple(trial.score or 0.0 for trial in second)
    return RankingCheck(tuple(first), tuple(second), values, f"trainings of {epochs}", failed, f"{axis}, {epochs}")


def trained_score(run: Mapping[str, Any]) -> str:
    """What the score of the trainings after a search by a cheap score is called; '' after any other search."""
    plan = run.get("plan")
    if not isinstance(plan, Mapping) or not plan.get("after"):
        return ""
    return "validation accuracy" if plan.get("target_macs") is None and not plan.get("reward") else "score"

"""What turns a trial's metrics into its score: the formula of accuracy and costs, and a reward under its name.

    accuracy x (cost_1/T_1)^w x (cost_2/T_2)^w x ...,   w = alpha where the cost is within its target, else beta

is the weighted product of MnasNet (Tan et al. 2019, arXiv:1807.11626, section 3.1, equations 2 and 3). It is written
down here alone: rewards, `--target-macs`, `scale --search` and the lines of equal score in a report use it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, final

from nasbench.core.answers import checked_names, wrong
from nasbench.core.errors import UsageError
from nasbench.core.objectives import Objective, number_of
from nasbench.core.protocols import Curve, Metrics, Reward
from nasbench.core.typed import fits, shown

SOFT = -0.07
"""alpha and beta of the soft form: twice the cost has to bring 5 % more accuracy."""
HARD = (0.0, -1.0)
"""alpha and beta of the hard form: nothing below the target, T/cost above it."""

Score = Callable[[Metrics], float | None]
"""Metrics -> the score, of which more is better; None where there is none to compare by."""


@final
@dataclass(frozen=True)
class Target:
    """A cost that is weighed against accuracy: the metric of that name, and the value T that is wanted of it.

    `alpha` is the exponent w up to the target, `beta` beyond it.
    """

    metric: str
    at: float
    alpha: float = SOFT
    beta: float = SOFT

    def factor(self, cost: float) -> float:
        """(cost/T)^w. ValueError for a cost that is not above 0."""
        if cost <= 0:
            raise ValueError(f"{self.metric} is {shown(cost)}; what is weighed against a target must be above 0")
        return float((cost / self.at) ** (self.alpha if cost <= self.at else self.beta))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def weighted(accuracy: float, targets: Sequence[Target], metrics: Metrics) -> float:
    """Accuracy times the factors of all targets. KeyError for a metric that is missing, TypeError for no number."""
    score = accuracy
    for target in targets:
        score = score * target.factor(number_of(metrics, target.metric))
    return score


def score_of(objectives: Sequence[Objective], metric: str, target_macs: int | None) -> Callable[[Metrics], float]:
    """Metrics -> the score, of which more is better: the first objective, or else `metric`, weighed by `target_macs`.

    KeyError where a metric is missing.
    """
    targets = () if target_macs is None else (Target("macs", target_macs),)

    def score(metrics: Metrics) -> float:
        if objectives:
            values = [objective.signed_value(metrics) for objective in objectives]  # all are read: none may be missing
            return values[0]
        return weighted(number_of(metrics, metric), targets, metrics)

    return score


def targets_of(plan: Mapping[str, Any]) -> tuple[Target, ...]:
    """The targets in the plan of run.json, those of a --target-macs too. UsageError for what are none."""
    told = plan.get("reward")
    listed = told.get("targets") if isinstance(told, Mapping) else None
    if listed:
        found = [each for each in listed if isinstance(each, Mapping)]
        right = [each for each in found if fits(each.get("metric"), str) and _positive(each.get("at"))]
        if len(right) != len(listed) or not all(fits(each.get(w), float) for each in right for w in ("alpha", "beta")):
            raise UsageError(f"the targets of the reward in run.json are none: {shown(listed)}")
        return tuple(Target(each["metric"], each["at"], each["alpha"], each["beta"]) for each in right)
    macs = plan.get("target_macs")
    return (Target("macs", macs),) if isinstance(macs, int) and macs > 0 else ()


@final
@dataclass(frozen=True)
class Rewarded:
    """A reward under the name that the user gave, as a score. `metric` is the evaluator's own score."""

    name: str
    reward: Reward
    metric: str

    def __call__(self, metrics: Metrics) -> float:
        """The score of metrics that no curve belongs to, such as a row of a table."""
        return self.of_curve(metrics, ())

    def of_curve(self, metrics: Metrics, curve: Curve) -> float:
        """The score. Raises what the reward raises; TypeError where it returns no number."""
        value = self.reward(metrics, curve)
        if isinstance(value, str | bool) or not hasattr(value, "__float__"):
            raise TypeError(f"the reward {self.name!r} must return a number; it returned {shown(value)}")
        return float(value)

    @property
    def reads_curve(self) -> bool:
        """Whether it needs what a training reports after each epoch."""
        return bool(getattr(self.reward, "reads_curve", False))

    @property
    def reads(self) -> tuple[str, ...]:
        """The metrics that it says it needs. UsageError where they are no names."""
        return tuple(
            checked_names(f"the reward {self.name!r}", self.reward, "reads", getattr(self.reward, "reads", ()))
        )

    @property
    def said(self) -> str:
        """What it is, in words or as a formula; the name where it does not say."""
        found = getattr(self.reward, "said", self.name)
        if not isinstance(found, str):
            raise wrong(f"the reward {self.name!r}", self.reward, "said", found, "a text")
        return found

    def to_json(self) -> dict[str, Any]:
        """What run.json says of it."""
        targets = [each.to_json() for each in getattr(self.reward, "targets", ()) if isinstance(each, Target)]
        return {"name": self.name, "said": self.said, "metric": self.metric, "targets": targets}


def reads_curve(score: Score) -> bool:
    """Whether a score is made of what a training reports after each epoch."""
    return isinstance(score, Rewarded) and score.reads_curve


def score_at(score: Score, metrics: Metrics, curve: Curve) -> float | None:
    """What a score makes of metrics and the curve that led to them."""
    return score.of_curve(metrics, curve) if isinstance(score, Rewarded) else score(metrics)


def number_option(reward: str, name: str, value: object, above: float | None = None) -> float:
    """An option of a reward that is a finite number. UsageError for what is none, or not above that limit."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not right or not fits(value, float) or (above is not None and float(value) <= above):  # type: ignore[arg-type]
        takes = "a finite number" if above is None else f"a finite number above {above:g}"
        raise UsageError(f"option {name!r} of the reward {reward!r} takes {takes}; got {shown(value)}")
    return value  # type: ignore[return-value]


def _positive(value: object) -> bool:
    return fits(value, float) and float(value) > 0  # type: ignore[arg-type]

"""Accuracy weighed against costs: the weighted product of MnasNet (Tan et al. 2019, arXiv:1807.11626, section 3.1).

    accuracy x (cost_1/T_1)^w x (cost_2/T_2)^w x ...,   w = alpha where the cost is within its target, else beta

A cost is any metric that the evaluator returns. The paper has one, the latency on a phone, and both settings of w.
"""

from abc import ABC
from collections.abc import Callable
from typing import ClassVar, final

from nasbench.core.count_text import parse_count
from nasbench.core.errors import UsageError
from nasbench.core.objectives import number_of
from nasbench.core.protocols import Curve, Metrics
from nasbench.core.quantities import parse_bytes, parse_milliseconds
from nasbench.core.registry import rewards
from nasbench.core.reward import HARD, SOFT, Target, number_option, weighted
from nasbench.core.typed import shown

READERS: dict[str, Callable[[str, str], float]] = {"memory": parse_bytes, "latency": parse_milliseconds}
"""Costs whose targets are no counts: bytes, and milliseconds."""


class AccuracyAndCosts(ABC):
    """Options:
    alpha  the exponent w of a cost within its target
    beta   the exponent w of a cost beyond its target
    COST   the target T of the metric COST, a number above 0 or a count: macs=400M latency_ms=12.5
    """

    name: ClassVar[str]

    def __init__(self, metric: str, alpha: object, beta: object, targets: dict[str, object]) -> None:
        within, beyond = number_option(self.name, "alpha", alpha), number_option(self.name, "beta", beta)
        if not targets:
            raise UsageError(
                f"the reward {self.name!r} needs a target for each cost that is to count, such as --reward-options "
                "macs=400M params=3M"
            )
        self.metric = metric
        self.targets = tuple(Target(cost, self._target(cost, at), within, beyond) for cost, at in targets.items())

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.metric, *(target.metric for target in self.targets))

    @property
    def said(self) -> str:
        parts = [f"({each.metric}/{_short(each.at)})^{_exponent(each)}" for each in self.targets]
        return " x ".join([self.metric, *parts])

    def __call__(self, metrics: Metrics, curve: Curve) -> float:  # noqa: ARG002 - the protocol's
        return weighted(number_of(metrics, self.metric), self.targets, metrics)

    def _target(self, cost: str, at: object) -> float:
        if cost == self.metric:
            raise UsageError(f"{cost!r} is the accuracy of the reward {self.name!r}; targets are for its costs")
        if isinstance(at, str):
            return READERS.get(cost, parse_count)(at, f"the target {cost}= of the reward {self.name!r}")
        if at is None or isinstance(at, bool) or not isinstance(at, int | float):
            raise UsageError(
                f"the target {cost}= of the reward {self.name!r} is a number above 0 or a count such as 400M; got "
                f"{shown(at)}"
            )
        return number_option(self.name, cost, at, above=0)


@final
@rewards.register("soft-target")
class SoftTarget(AccuracyAndCosts):
    """A price for every cost, below its target too: alpha = beta = -0.07 (section 3.1, figure 3, bottom)."""

    name = "soft-target"

    def __init__(
        self, metric: str = "val_accuracy", alpha: float = SOFT, beta: float = SOFT, **targets: object
    ) -> None:
        super().__init__(metric, alpha, beta, targets)


@final
@rewards.register("hard-target")
class HardTarget(AccuracyAndCosts):
    """Nothing to pay up to the target, T/cost beyond it: alpha = 0, beta = -1 (section 3.1, figure 3, top)."""

    name = "hard-target"

    def __init__(
        self, metric: str = "val_accuracy", alpha: float = HARD[0], beta: float = HARD[1], **targets: object
    ) -> None:
        super().__init__(metric, alpha, beta, targets)


def _exponent(target: Target) -> str:
    if target.alpha == target.beta:
        return f"{target.alpha:g}"
    return f"({target.alpha:g} up to it, {target.beta:g} beyond)"


def _short(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"

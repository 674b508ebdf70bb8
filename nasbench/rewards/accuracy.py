"""The evaluator's own score, as a reward."""

from dataclasses import dataclass
from typing import final

from nasbench.core.objectives import number_of
from nasbench.core.protocols import Curve, Metrics
from nasbench.core.registry import rewards


@final
@rewards.register("accuracy")
@dataclass(frozen=True)
class Accuracy:
    """`metric` as it is: of a training `val_accuracy`, of a table its score column."""

    metric: str = "val_accuracy"

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.metric,)

    @property
    def said(self) -> str:
        return self.metric

    def __call__(self, metrics: Metrics, curve: Curve) -> float:  # noqa: ARG002 - the protocol's
        return number_of(metrics, self.metric)

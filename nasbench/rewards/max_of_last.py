"""The best of a training's last epochs, to a power (Zoph and Le 2017, arXiv:1611.01578, section 4.1).

"The reward used for updating the controller is the maximum validation accuracy of the last 5 epochs cubed."
"""

from typing import final

from nasbench.core.errors import UsageError
from nasbench.core.objectives import number_of
from nasbench.core.protocols import Curve, Metrics
from nasbench.core.registry import rewards
from nasbench.core.reward import number_option
from nasbench.core.typed import shown

NAME = "max-last-5-cubed"


@final
@rewards.register(NAME)
class MaxOfLast:
    """Options:
      epochs  the last so many epochs count; all, where the training had fewer
      power   of their maximum

    A training that was stopped early is scored by the last epochs that it had.
    """

    reads_curve = True

    def __init__(self, metric: str = "val_accuracy", epochs: int = 5, power: float = 3) -> None:
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise UsageError(f"option 'epochs' of the reward {NAME!r} is a whole number from 1 on; got {shown(epochs)}")
        self.metric, self.epochs = metric, epochs
        self.power = number_option(NAME, "power", power, above=0)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.metric,)

    @property
    def said(self) -> str:
        last = f"{self.epochs} epochs" if self.epochs > 1 else "epoch"
        return f"the maximum {self.metric} of the last {last}, to the power of {self.power:g}"

    def __call__(self, metrics: Metrics, curve: Curve) -> float:  # noqa: ARG002 - the protocol's
        """ValueError where nothing was reported after the epochs that count."""
        last = curve[-1][0] if curve else 0
        counted = [told for epoch, told in curve if epoch > last - self.epochs]
        if not counted or any(self.metric not in told for told in counted):
            raise ValueError(
                f"the reward {NAME!r} is made of the {self.metric} after each epoch, and the evaluator reported "
                f"{'nothing' if not counted else f'none: {sorted(map(str, counted[-1]))}'}"
            )
        return float(max(number_of(told, self.metric) for told in counted) ** self.power)

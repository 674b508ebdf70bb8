"""The schedule `plateau`: the rate falls where a metric has stopped to improve, as in AlexNet, VGG and ResNet.

Krizhevsky et al. 2012 (section 5), Simonyan and Zisserman 2015 (section 3.1) and He et al. 2016 (section 3.4) divided
the rate by 10 by hand, when the validation error stopped to improve. Here a rule does so, the one of PyTorch's
ReduceLROnPlateau: a metric has improved if it is better than the best one so far by more than a share of that best one;
after more than `lr_patience` epochs in a row without, the rate is multiplied by `lr_gamma`, down to `lr_final`.
"""

from collections.abc import Mapping
from math import inf
from typing import Any

from nasbench.core.errors import UsageError, unknown
from nasbench.core.recipe import Recipe
from nasbench.core.registry import schedules
from nasbench.train.schedules import warmup_rate, warmup_steps

IS_BETTER_LOW = {"val_loss": True, "train_loss": True, "val_accuracy": False, "val_top5": False}
"""Metric that can be listened to -> whether lower is better."""
SMALLEST_STEP = 1e-8
"""A fall of the rate that is not larger than this is left out, as PyTorch does."""


@schedules.register("plateau")
class Plateau:
    """A warm-up, then the peak, multiplied by `lr_gamma` each time the metric stops to improve.

    A warm-up rises to the rate of its epoch. All epochs are heard, those of the warm-up too. UsageError for a metric
    that no training reports, and for a factor that does not lower the rate.
    """

    def __init__(self, recipe: Recipe) -> None:
        if recipe.lr_metric not in IS_BETTER_LOW:
            raise unknown(f"metric of the schedule of recipe {recipe.name!r}", recipe.lr_metric, IS_BETTER_LOW)
        if recipe.lr_gamma >= 1.0:
            raise UsageError(
                f"lr_gamma of recipe {recipe.name!r} must be below 1 for the schedule 'plateau'; got "
                f"{recipe.lr_gamma!r}. 0.1 divides the rate by 10."
            )
        self._recipe, self._sign = recipe, 1.0 if IS_BETTER_LOW[recipe.lr_metric] else -1.0
        self._rates, self._best, self._waited = [recipe.lr_peak], inf, 0  # rates: of each epoch, as far as is known

    def __call__(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        warmup = warmup_steps(self._recipe.warmup_epochs, steps_per_epoch, epochs)
        rate = self._rates[min(step // steps_per_epoch, len(self._rates) - 1)]
        return warmup_rate(step, warmup, rate) if step < warmup else rate

    def hear(self, metrics: Mapping[str, float]) -> None:
        """What the network reached after an epoch. UsageError where the metric is not among it."""
        name = self._recipe.lr_metric
        if name not in metrics:
            raise UsageError(
                f"the schedule of recipe {self._recipe.name!r} listens to {name}, which this training does not report; "
                f"it reports {', '.join(sorted(metrics))}"
            )
        value, rate = self._sign * metrics[name], self._rates[-1]  # a lower value is better
        if value < self._best * (1.0 - self._sign * self._recipe.lr_threshold):
            self._best, self._waited = value, 0
        else:
            self._waited += 1
        if self._waited > self._recipe.lr_patience:
            lower = max(rate * self._recipe.lr_gamma, self._recipe.lr_final)
            rate = lower if rate - lower > SMALLEST_STEP else rate
            self._waited = 0
        self._rates.append(rate)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {"rates": list(self._rates), "best": self._best, "waited": self._waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self._rates, self._best = [float(rate) for rate in state["rates"]], float(state["best"])
        self._waited = int(state["waited"])

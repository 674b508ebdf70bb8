"""A reward of one's own: how accurate a child is at the end, and how soon it was.

    nasbench search --reward examples.quick_learner:quick_learner --reward-options weight=0.3 --recipe quick \
        --space examples.toy_space:ToySpace --strategy random --dataset digits --epochs 3 --trials 3 --wandb off

A reward is a function of what the evaluator returns and of the curve of the training; its further parameters are its
options. What it says of itself below is optional. A reward with settings that have to be checked is a class
instead, as those in nasbench/rewards are.
"""

from statistics import fmean

from nasbench.core.protocols import Curve, Metrics
from nasbench.core.registry import rewards


@rewards.register("quick_learner")
def quick_learner(metrics: Metrics, curve: Curve, weight: float = 0.5) -> float:
    """Validation accuracy, `weight` of it as the mean over all epochs."""
    mean = fmean(told["val_accuracy"] for _, told in curve)
    return float((1 - weight) * metrics["val_accuracy"] + weight * mean)


quick_learner.reads = ("val_accuracy",)  # type: ignore[attr-defined] # a wrong name is answered before any work
quick_learner.reads_curve = True  # type: ignore[attr-defined] # else the curve is empty

"""An objective of one's own: accuracy, less two points for every factor of ten in parameters.

    nasbench search --objectives examples.small_objective:accurate_and_small,macs --space examples.toy_space:ToySpace \
        --strategy random --dataset digits --recipe quick --epochs 1 --trials 3 --wandb off

An objective is a function of the metrics that the evaluator returns. More is better; write '-' before its name if less
is better. The first objective is the score that strategies see.
"""

from math import log10

from nasbench.core.protocols import Metrics
from nasbench.core.registry import objectives

COST_OF_TEN_TIMES = 0.02


@objectives.register("accurate_and_small")
def accurate_and_small(metrics: Metrics) -> float:
    """Validation accuracy, less 0.02 for every factor of ten in parameters."""
    return float(metrics["val_accuracy"]) - COST_OF_TEN_TIMES * log10(metrics["params"])

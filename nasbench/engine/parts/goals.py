"""What a search is after: its score, the metrics it weighs against each other, the limits that every proposal keeps."""

from collections.abc import Callable

from nasbench.core.objectives import MACS_EXPONENT, parse_objectives
from nasbench.core.protocols import Metrics, SearchSpace, Strategy
from nasbench.engine.config import Goals
from nasbench.strategies.constrained import Constrained, Counts, Limits


def score_of(goals: Goals, metric: str) -> Callable[[Metrics], float]:
    """Metrics -> the score, of which more is better: the first objective, or else `metric`, weighed by --target-macs.

    KeyError where a metric is missing.
    """
    objectives = parse_objectives(goals.objectives)
    target = goals.count("target_macs")

    def score(metrics: Metrics) -> float:
        if objectives:
            values = [objective.signed_value(metrics) for objective in objectives]  # all are read: none may be missing
            return values[0]
        accuracy = float(metrics[metric])
        return accuracy if target is None else accuracy * float((metrics["macs"] / target) ** MACS_EXPONENT)

    return score


def constrained(strategy: Strategy, goals: Goals, space: SearchSpace, counts: Counts) -> Strategy:
    """The strategy under the limits of the configuration. UsageError where no architecture keeps them."""
    limits = Limits(goals.count("max_params"), goals.count("max_macs"))
    return strategy if limits == Limits() else Constrained(strategy, counts, limits, space)

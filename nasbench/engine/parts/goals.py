"""What a search is after: its score, the metrics it weighs against each other, the limits that every proposal keeps."""

from collections.abc import Callable
from dataclasses import replace

from nasbench.core.errors import UsageError, unknown
from nasbench.core.objectives import MACS_EXPONENT, Objective, parse_objectives
from nasbench.core.protocols import Metrics, SearchSpace, Strategy
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.numbers import parse_count
from nasbench.strategies.constrained import Constrained, Counts, Limits

TRAINING_METRICS = ("val_accuracy", "val_loss", "train_loss", "params", "macs")
"""What a child's training tells."""


def check_goals(config: SearchConfig) -> None:
    """UsageError for objectives and limits that cannot be, as far as that is known without the evaluator."""
    objectives = parse_objectives(config.objectives)
    if objectives and config.target_macs is not None:
        raise UsageError(
            "--target-macs makes one score of accuracy and multiply-adds, --objectives keeps them apart: give one of "
            "the two"
        )
    if config.evaluator == "train":
        for objective in objectives:
            if objective.metric not in TRAINING_METRICS:
                raise unknown("metric of a training", objective.metric, TRAINING_METRICS, "Name it in --objectives.")
    limits_of(config)


def with_objectives(config: SearchConfig) -> SearchConfig:
    """`config` with the first objective as the score, and the others among a table's columns."""
    metrics = [objective.metric for objective in parse_objectives(config.objectives)]
    if not metrics:
        return config
    columns = [column for item in config.report_columns for column in item.split(",") if column]
    known = {metrics[0], config.cost_column, *columns}
    more = tuple(metric for metric in metrics if metric not in known)
    return replace(config, score_column=metrics[0], report_columns=(*config.report_columns, *more))


def score_of(config: SearchConfig) -> Callable[[Metrics], float]:
    """Metrics -> the score, of which more is better: the first objective where there are any. KeyError where a metric
    is missing.
    """
    objectives = parse_objectives(config.objectives)
    if objectives:
        return lambda metrics: _first_of_all(objectives, metrics)
    metric = config.score_column
    if config.target_macs is None:
        return lambda metrics: float(metrics[metric])
    target = parse_count(config.target_macs, "--target-macs")
    return lambda metrics: float(metrics[metric]) * (metrics["macs"] / target) ** MACS_EXPONENT


def limits_of(config: SearchConfig) -> Limits | None:
    """--max-params and --max-macs as numbers, or None where neither is given."""
    if config.max_params is None and config.max_macs is None:
        return None
    return Limits(
        parse_count(config.max_params, "--max-params") if config.max_params is not None else None,
        parse_count(config.max_macs, "--max-macs") if config.max_macs is not None else None,
    )


def constrained(strategy: Strategy, config: SearchConfig, space: SearchSpace, counts: Counts) -> Strategy:
    """The strategy under the limits of the configuration. UsageError where no architecture keeps them."""
    limits = limits_of(config)
    return strategy if limits is None else Constrained(strategy, counts, limits, space)


def _first_of_all(objectives: tuple[Objective, ...], metrics: Metrics) -> float:
    first, *_ = [
        objective.worth(metrics) for objective in objectives
    ]  # all are read: a missing one is an error at once
    return first

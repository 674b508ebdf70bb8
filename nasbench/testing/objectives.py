"""The contract suite of objectives of one's own."""

import pickle
from collections.abc import Callable, Mapping
from copy import deepcopy
from math import isfinite
from typing import Any

from nasbench.core.protocols import Metrics
from nasbench.testing.conditions import global_generators_untouched, require

TRAINED = {
    "val_accuracy": 0.75,
    "val_loss": 0.8,
    "val_top5": 0.98,
    "train_loss": 0.6,
    "params": 270_000,
    "macs": 41_000_000,
}
"""What a training of a child returns."""


def check_objective(objective: Callable[[Metrics], float], metrics: Mapping[str, Any] | None = None) -> None:
    """That a search can use the function: metrics -> a finite number.

    `metrics` is what the evaluator returns (else what a training returns). The function gives the same number for the
    same metrics, does not change them, and can be pickled, since worker processes call it.
    """
    given = dict(TRAINED if metrics is None else metrics)
    handed = deepcopy(given)
    with global_generators_untouched("the objective"):
        value, again = _number(objective(handed)), _number(objective(handed))
    require(handed == given, f"the objective changes the metrics it is handed: {given} became {handed}")
    require(value == again, f"the objective gives {value}, then {again}, for the same metrics")
    copy = _copied(objective)
    require(_number(copy(handed)) == value, "a pickled copy of the objective gives another number")


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise AssertionError(f"an objective gives a number, not {value!r}") from error
    require(isfinite(number), f"an objective gives a finite number, not {number}")
    return number


def _copied(objective: Callable[[Metrics], float]) -> Callable[[Metrics], float]:
    try:
        copy: Callable[[Metrics], float] = pickle.loads(pickle.dumps(objective))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(
            f"the objective cannot be pickled ({error}): define it at the top level of a module"
        ) from error
    return copy

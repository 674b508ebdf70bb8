"""A model of latency, fitted to a few dozen networks that were measured: it predicts the others from their operations.

The latency is a sum over kinds of operations (`evaluators/operations`): so much for each call, each multiply-add and
each number that is read or written, none of them negative. Relative errors count, so that small networks are predicted
as well as large ones. How well it ranks is said by networks that it was not fitted to.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from random import Random
from statistics import median
from typing import Any

import numpy as np

from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.operations import operations_of

FOLDS = 5
"""Each network that was measured is predicted once by a model that was fitted to the networks of the other folds."""
ATTEMPTS = 3
"""So many networks are drawn for each that is measured, where some cannot be built or are drawn twice."""

Features = Mapping[str, float]


@dataclass(frozen=True)
class LatencyModel:
    """Milliseconds for a network of a batch.

    Attributes:
        batch: images of a batch.
        weights: name of a feature -> milliseconds for one of it.
        measured: how many networks the model was fitted to.
        spearman: rank correlation of the predictions of held-out networks with their measurements.
        error: the median of their relative errors.
        machine: where they were measured.
    """

    batch: int
    weights: Mapping[str, float]
    measured: int
    spearman: float
    error: float
    machine: str

    def __call__(self, spec: ModelSpec) -> float:
        """The latency in milliseconds. TrialFailed where the network cannot be built."""
        return _predicted(self.weights, features_of(spec, self.batch))

    def to_json(self) -> dict[str, Any]:
        """The fields by their names."""
        return {**asdict(self), "weights": dict(self.weights)}

    @property
    def told(self) -> str:
        """How well it predicts, in a sentence."""
        return (
            f"latency is predicted by a model of {self.measured} measurements on {self.machine}: rank correlation "
            f"{self.spearman:.3f} (Spearman) on held-out measurements, median error {self.error:.1%}"
        )


def read_latency_model(run: Mapping[str, Any]) -> LatencyModel:
    """The model that a run began with, of its record. UsageError where there is none."""
    costs = (run.get("plan") or {}).get("costs") or {}
    found = costs.get("model") or {}
    numbers = isinstance(found.get("weights"), dict) and all(
        isinstance(value, int | float)
        for value in (*found["weights"].values(), found.get("spearman"), found.get("error"))
    )
    if set(found) != {each.name for each in fields(LatencyModel)} or not numbers or not isinstance(found["batch"], int):
        raise UsageError("run.json holds no model of latency (plan.costs.model). Begin a new run.")
    return LatencyModel(**found)


def fit_latency_model(
    draw: Callable[[Random], ModelSpec], measure: Callable[[ModelSpec], float], count: int, batch: int, machine: str
) -> LatencyModel:
    """Measures `count` networks that `draw` draws, and fits a model to them.

    RunFailed where too few networks could be built and measured.
    """
    rng, known, failed = Random(0), dict[str, tuple[Features, float]](), ""
    for _ in range(ATTEMPTS * count):
        if len(known) == count:
            break
        try:
            spec = draw(rng)
            if spec.key not in known:
                known[spec.key] = features_of(spec, batch), measure(spec)
        except TrialFailed as error:
            failed = str(error)
    if len(known) < 2 * FOLDS:
        raise RunFailed(
            f"a model of latency needs {2 * FOLDS} networks or more, and {len(known)} could be measured. "
            + (failed or "The space has too few different networks: leave --latency-model out.")
        )
    features, times = zip(*known.values(), strict=True)
    return fitted(features, times, batch, machine)


def fitted(features: Sequence[Features], times: Sequence[float], batch: int, machine: str) -> LatencyModel:
    """The model of all measurements, and how well models of the others predict each."""
    held_out = [0.0] * len(times)
    for fold in range(FOLDS):
        others = [index for index in range(len(times)) if index % FOLDS != fold]
        weights = _weights([features[index] for index in others], [times[index] for index in others])
        for index in range(fold, len(times), FOLDS):
            held_out[index] = _predicted(weights, features[index])
    errors = [abs(guess / time - 1) for guess, time in zip(held_out, times, strict=True)]
    return LatencyModel(
        batch, _weights(features, times), len(times), spearman(held_out, times), median(errors), machine
    )


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The rank correlation; 0 where all values of one are equal."""
    if len(set(one)) < 2 or len(set(other)) < 2:
        return 0.0
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each value; equal values have the mean of their places."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 for value in values]


@lru_cache(maxsize=4096)
def features_of(spec: ModelSpec, batch: int) -> Features:
    """Sums over the network's operations, by kind, and how many there are of all kinds."""
    found = {f"{kind}: {what}": value for (kind, what), value in operations_of(spec, batch).items() if value}
    for what in ("calls", "macs", "values"):
        found[what] = sum(value for name, value in found.items() if name.endswith(f": {what}"))
    return found


def _weights(features: Sequence[Features], times: Sequence[float]) -> dict[str, float]:
    """Least squares of relative errors with weights that are not negative. Features are brought to a mean of 1."""
    from sklearn.linear_model import LinearRegression

    names = sorted({name for each in features for name in each})
    table = np.array([[each.get(name, 0.0) for name in names] for each in features])
    means = table.mean(axis=0)
    targets = np.array(times)
    fit = LinearRegression(fit_intercept=False, positive=True)
    fit.fit(table / means / targets[:, None], np.ones(len(times)))
    return {name: float(value) for name, value in zip(names, fit.coef_ / means, strict=True) if value}


def _predicted(weights: Mapping[str, float], features: Features) -> float:
    return sum(weight * features.get(name, 0.0) for name, weight in weights.items())

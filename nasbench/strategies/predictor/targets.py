"""What the models of the predictor are fitted to: a transform of the values of one objective."""

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from nasbench.strategies.predictor.features import Floats

FAILED_SHARE = 0.25
FAILED_TARGET = NormalDist().inv_cdf(FAILED_SHARE)
TINY = 1e-12
"""Lower bound of the difference that scales the targets: avoids a division by zero if all values are equal."""


def targets_of(values: Sequence[float | None], typical: float, ranks: float) -> Floats:
    """The target of each value, of which more is better; None for a trial without one: (n,).

    A target is the weighted average of the value's rank, as a normal quantile, and the value itself; `ranks` is the
    weight of the rank. The value is shifted and scaled, so that `typical`, the value of a random network, is 0 and the
    best network is 2, and clipped at -2.
    """
    known = np.array([value for value in values if value is not None])
    _, place, count = np.unique(known, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2  # equal values share the mean of their ranks
    quantile = np.interp(middle, np.arange(len(known)), _normal_quantiles(len(known)))[place]
    reach = max(float(known.max()) - typical, TINY)
    height = np.clip(2.0 * (known - typical) / reach, -2.0, 2.0)
    failed = ranks * FAILED_TARGET + (1 - ranks) * float(np.quantile(height, FAILED_SHARE))
    targets = np.full(len(values), failed)
    targets[[value is not None for value in values]] = ranks * quantile + (1 - ranks) * height
    return targets


@lru_cache(maxsize=4096)
def _normal_quantiles(count: int) -> Floats:
    """The normal quantiles of `count` ranks: (count,)"""
    return np.array([NormalDist().inv_cdf((rank + 0.5) / count) for rank in range(count)])

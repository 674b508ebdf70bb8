"""The expected improvement of a normal variable."""

from math import erf, pi, sqrt

import numpy as np

from nasbench.strategies.predictor.features import Floats


def expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """The expected improvement of normal variables over `best` (Jones et al. 1998, eq. 15).

    A tiny multiple of the mean is added: if all improvements are 0, the highest mean wins.
    """
    return np.asarray(expected_excess(mean, deviation, best) + 1e-9 * (mean - mean.min()))


def expected_excess(mean: Floats, deviation: Floats, floor: float) -> Floats:
    """By how much normal variables lie above `floor`, in expectation; below it counts 0."""
    excess = (mean - floor) / deviation
    cumulative = np.array([0.5 * (1.0 + erf(value / sqrt(2.0))) for value in excess.tolist()])
    density = np.exp(-0.5 * excess**2) / sqrt(2.0 * pi)
    return np.asarray(deviation * (excess * cumulative + density))

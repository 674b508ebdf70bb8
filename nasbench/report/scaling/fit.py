"""A smooth surface through the scores of a search for coefficients, and the uncertainty of its best point.

The surface is a quadratic in the shares of depth and width (resolution has the rest), fitted by least squares. A small
ridge penalty keeps the surface smooth if there are few points. The uncertainty of the coefficients comes from Efron's
bootstrap: the surface is fitted again to points drawn with replacement, and the spread of the best points is reported.
It includes both the noise of the trainings and the flatness of the surface.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.core.compound import GROWTH, Coefficients
from nasbench.report.scaling.results import Point

Array = NDArray[np.float64]

FEWEST = 8
"""Minimum number of points for an interval: a quadratic has six coefficients."""
PENALTY = 1e-5
RESAMPLES = 400
LEVEL = 0.9
STEPS = 50
"""The surface is evaluated on a triangular lattice with this many steps on each side."""


@dataclass(frozen=True)
class Fit:
    """The fitted surface and its best point.

    residual  standard deviation of the scores around the surface
    interval  coefficient -> (low, high), which contain the fraction LEVEL of the resampled best points; None if there
              are fewer than FEWEST points
    """

    weights: tuple[float, ...]
    best: Coefficients
    residual: float
    interval: dict[str, tuple[float, float]] | None

    def at(self, depth: Array, width: Array) -> Array:
        """The fitted score at shares of depth (N,) and width (N,): (N,)."""
        predicted: Array = _features(depth, width) @ np.array(self.weights)  # (N,)
        return predicted

    def near_best(self, tolerance: float) -> float:
        """The fraction of the lattice with a fitted score within `tolerance` of the best: a measure of flatness."""
        scores = self.at(*_lattice())
        return float((scores >= scores.max() - tolerance).mean())

    def to_json(self) -> dict[str, Any]:
        return {"best": vars(self.best), "residual": self.residual}


def fit(points: Sequence[Point], seed: int = 0) -> Fit | None:
    """The surface fitted to these points; None for fewer than three points."""
    if len(points) < 3:
        return None
    shares = np.array([point.shares[:2] for point in points])  # (N, 2)
    scores = np.array([point.score for point in points])  # (N,)
    weights = _solve(shares, scores)
    residuals = scores - _features(shares[:, 0], shares[:, 1]) @ weights  # (N,)
    interval = _interval(shares, scores, seed) if len(points) >= FEWEST else None
    return Fit(tuple(map(float, weights)), _best(weights), float(residuals.std()), interval)


def coefficients_at(depth: float, width: float) -> Coefficients:
    """The coefficients with product 2 that have these shares of the growth. Resolution has the remaining share."""
    rest = max(0.0, 1.0 - depth - width)
    return Coefficients(GROWTH**depth, GROWTH ** (width / 2), GROWTH ** (rest / 2))


def _interval(shares: Array, scores: Array, seed: int) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(scores), size=len(scores))
        found.append(tuple(vars(_best(_solve(shares[drawn], scores[drawn]))).values()))
    low, high = (np.quantile(np.array(found), share, axis=0) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))  # (3,)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(("alpha", "beta", "gamma"))}


def _solve(shares: Array, scores: Array) -> Array:
    """Least squares with a penalty on all weights except the constant: (6,)."""
    features = _features(shares[:, 0], shares[:, 1])  # (N, 6)
    penalty = PENALTY * len(scores) * np.eye(features.shape[1])
    penalty[0, 0] = 0.0
    solved = np.linalg.lstsq(features.T @ features + penalty, features.T @ scores, rcond=None)[0]  # (6,)
    return np.asarray(solved, dtype=np.float64)


def _best(weights: Array) -> Coefficients:
    depth, width = _lattice()
    index = int(np.argmax(_features(depth, width) @ weights))
    return coefficients_at(float(depth[index]), float(width[index]))


def _features(depth: Array, width: Array) -> Array:
    return np.stack([np.ones_like(depth), depth, width, depth**2, depth * width, width**2], axis=1)  # (N, 6)


def _lattice() -> tuple[Array, Array]:
    """Shares of depth (N,) and width (N,) over the whole triangle."""
    pairs = [(i / STEPS, j / STEPS) for i in range(STEPS + 1) for j in range(STEPS + 1 - i)]
    both = np.array(pairs)  # (N, 2)
    return both[:, 0], both[:, 1]

"""A cheap forecast of how architectures rank, fitted on the trials that were told: which of several draws is best?

Ridge regression of the ranks (as normal quantiles) on which options and which pairs of options an architecture has. It
is solved by its kernel: two architectures with m of T decisions equal share m options and m (m - 1) / 2 pairs. The
policy still decides what is drawn; the forecast chooses among a few of its draws.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PAIR_SHARE = 0.5
"""Of the prior variance that pairs have; single options have the rest."""
NOISE = 0.1
"""Variance of what no model of options and pairs explains, beside a prior variance of 1."""
MEMORY = 400
"""The last so many trials are kept: a fit takes as long as the cube of their number."""
FEWEST = 8
"""Trials before there is a forecast."""


class Forecast:
    """Learns from `tell`, forecasts in `best`. What it returns depends on what it was told alone."""

    def __init__(self, noise: float = NOISE, pair_share: float = PAIR_SHARE) -> None:
        self._noise, self._pair_share = noise, pair_share
        self._rows: list[Sequence[int]] = []
        self._scores: list[float] = []
        self._weights: Floats | None = None
        self._known: NDArray[np.int64] = np.zeros((0, 0), dtype=np.int64)

    def tell(self, indices: Sequence[int], score: float) -> None:
        """The option numbers of an architecture (T,), and its score."""
        self._rows.append(indices)
        self._scores.append(score)
        del self._rows[:-MEMORY], self._scores[:-MEMORY]
        self._weights = None

    def best(self, candidates: Sequence[Sequence[int]]) -> int:
        """The place of the candidate that is forecast to rank first; of equal ones, and without a forecast, the
        earliest.
        """
        if len(candidates) < 2 or len(self._rows) < FEWEST:
            return 0
        if self._weights is None:
            self._fit()
        rows = np.array(candidates, dtype=np.int64)
        return int(np.argmax(self._kernel(rows, self._known) @ self._weights))

    def _fit(self) -> None:
        self._known = np.array(self._rows, dtype=np.int64)
        order = sorted(self._scores)
        ranks = [(bisect_left(order, score) + bisect_right(order, score)) / 2 for score in self._scores]
        targets = np.array([NormalDist().inv_cdf(rank / len(order)) for rank in ranks])
        kernel = self._kernel(self._known, self._known)
        kernel[np.diag_indices_from(kernel)] += self._noise
        self._weights = np.linalg.solve(kernel, targets)

    def _kernel(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
        """How alike architectures are: (A, T), (B, T) -> (A, B), 1 for equal ones."""
        num = first.shape[1]
        equal = (first[:, None] == second).sum(-1)
        pairs = max(1, num * (num - 1) // 2)
        share = self._pair_share if num > 1 else 0.0
        return (1 - share) * equal / num + share * (equal * (equal - 1) / 2) / pairs

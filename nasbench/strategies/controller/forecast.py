"""A cheap forecast of how architectures rank, fitted on the trials that were told: which of several draws is best?

Ridge regression of the ranks (as normal quantiles) on which options and which pairs of options an architecture has. It
is solved by its kernel: two architectures with m of T decisions equal share m options and m (m - 1) / 2 pairs. The
policy decides what is drawn; the forecast chooses among a few of its draws.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.strategies.controller.policy import DTYPE, one_thread

Rows = NDArray[np.int64]

PAIR_SHARE = 0.5
"""Of the prior variance that pairs have; single options have the rest."""
NOISE = 0.1
"""Variance of what no sum over options and pairs explains, beside a prior variance of 1."""
MEMORY = 400
"""The last so many trials are kept: a fit takes as long as the cube of their number."""
FEWEST = 8
"""Trials before there is a forecast."""


@final
class Forecast:
    """Learns from `tell`, forecasts in `best`. What it returns depends on what it was told alone."""

    def __init__(self) -> None:
        self._rows: list[Sequence[int]] = []
        self._scores: list[float] = []
        self._fitted: tuple[Rows, Tensor] | None = None
        """The architectures that are known (N, T), and the weight of each (N,)."""

    def tell(self, indices: Sequence[int], score: float) -> None:
        """The option numbers of an architecture (T,), and its score."""
        self._rows.append(indices)
        self._scores.append(score)
        del self._rows[:-MEMORY], self._scores[:-MEMORY]
        self._fitted = None

    def best(self, candidates: Sequence[Sequence[int]]) -> int:
        """The place of the candidate that is forecast to rank first; of equal ones, and without a forecast, the
        earliest.
        """
        if len(candidates) < 2 or len(self._rows) < FEWEST:
            return 0
        with one_thread(), torch.no_grad():
            known, weights = self._fitted = self._fitted or self._fit()
            forecast: list[float] = torch.mv(_alike(np.array(candidates, dtype=np.int64), known), weights).tolist()
        return forecast.index(max(forecast))

    def _fit(self) -> tuple[Rows, Tensor]:
        known = np.array(self._rows, dtype=np.int64)
        order = sorted(self._scores)
        ranks = [(bisect_left(order, score) + bisect_right(order, score)) / 2 for score in self._scores]
        quantiles = [NormalDist().inv_cdf(rank / len(order)) for rank in ranks]
        covariance = _alike(known, known) + NOISE * torch.eye(len(known), dtype=DTYPE, device="cpu")
        factor = torch.linalg.cholesky(covariance)
        targets = torch.tensor(quantiles, dtype=DTYPE, device="cpu")[:, None]
        return known, torch.cholesky_solve(targets, factor)[:, 0]


def _alike(first: Rows, second: Rows) -> Tensor:
    """How alike architectures are: (A, T), (B, T) -> (A, B), 1 for equal ones."""
    num_decisions = first.shape[1]
    equal: Tensor = torch.from_numpy((first[:, None] == second).sum(-1)).to(DTYPE)
    if num_decisions == 1:
        return equal
    pairs = equal * (equal - 1) / (num_decisions * (num_decisions - 1))
    alike: Tensor = (1 - PAIR_SHARE) / num_decisions * equal + PAIR_SHARE * pairs
    return alike

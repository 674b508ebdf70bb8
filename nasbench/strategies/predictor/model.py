"""An ensemble of Gaussian processes over architectures, updated with one observation at a time.

The posterior is computed with a Cholesky factor (Rasmussen and Williams 2006, "Gaussian Processes for Machine
Learning", Algorithm 2.1). Each new observation adds one row to the factor. The members differ in their kernels and are
weighted by the posterior of their kernel.
"""

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from nasbench.strategies.predictor.kernels import Floats, Geometry, Kernel, choose_kernels, correlations

REFIT_GROWTH = 0.12
"""The kernels are chosen again when the number of observations has grown by this fraction."""


def next_rebuild(num_observations: int) -> int:
    """With how many observations an ensemble that was rebuilt with `num_observations` is rebuilt again."""
    return num_observations + max(2, int(REFIT_GROWTH * num_observations))


def _capacity(num_rows: int) -> int:
    return num_rows + num_rows // 4 + 8


class PoolColumns:
    """The correlations of n observations with the whole pool, in float32: (n, pool).

    Members whose kernels differ only in noise share them.
    """

    def __init__(self, scaled_pool: Floats, scaled: Floats) -> None:
        self._pool = scaled_pool.astype(np.float32)
        self._n = len(scaled)
        self._columns = np.empty((_capacity(self._n), len(scaled_pool)), dtype=np.float32)
        correlations(scaled.astype(np.float32), self._pool, out=self._columns[: self._n])

    def append(self, scaled: Floats) -> None:
        if self._n == len(self._columns):
            self._columns = np.vstack([self._columns, np.empty_like(self._columns)])
        correlations(scaled.astype(np.float32), self._pool, out=self._columns[self._n : self._n + 1])
        self._n += 1

    def weighted(self, weights: Floats) -> NDArray[np.float32]:
        """(n,) -> (pool,)"""
        return weights.astype(np.float32) @ self._columns[: self._n]


class Member:
    """The posterior of one kernel, given n observations."""

    def __init__(self, kernel: Kernel, geometry: Geometry, features: Floats) -> None:
        self.kernel, self._geometry, self._n = kernel, geometry, len(features)
        n, capacity = self._n, _capacity(self._n)
        self._x = np.zeros((capacity, features.shape[1]))
        self._x[:n] = geometry.scaled(features, kernel)
        covariance = correlations(self._x[:n], self._x[:n])
        covariance[np.diag_indices(n)] = 1.0 + kernel.noise_variance
        self._inverse = np.zeros((capacity, capacity))  # L^-1
        self._inverse[:n, :n] = np.linalg.inv(np.linalg.cholesky(covariance))

    def append(self, features: Floats) -> None:
        """Adds the features (F,) of one observation. Its target is passed later, in `targets`."""
        n = self._n
        if n == len(self._x):
            self._x = np.vstack([self._x, np.zeros_like(self._x)])
            self._inverse = np.pad(self._inverse, (0, n))
        new = self._geometry.scaled(features[None], self.kernel)
        row = self._inverse[:n, :n] @ correlations(self._x[:n], new)[:, 0]  # (n,)
        rest = sqrt(max(1.0 + self.kernel.noise_variance - float(row @ row), 1e-9))
        self._inverse[n, :n] = -(row @ self._inverse[:n, :n]) / rest
        self._inverse[n, n] = 1.0 / rest
        self._x[n] = new[0]
        self._n += 1

    def weights(self, targets: Floats) -> Floats:
        """The weight of each observation in the posterior mean: (n,) -> (n,)."""
        inverse = self._inverse[: self._n, : self._n]
        return (inverse @ targets) @ inverse

    def mean(self, features: Floats, weights: Floats) -> Floats:
        """(B, F) -> (B,)"""
        return correlations(self._geometry.scaled(features, self.kernel), self._x[: self._n]) @ weights

    def mean_and_variance(self, features: Floats, targets: Floats, pending: Floats) -> tuple[Floats, Floats]:
        """(B, F) -> mean (B,), variance (B,).

        `pending` (K, F) are the features of running trials. Their results are unknown, but they already reduce the
        variance near them.
        """
        x, kernel = self._x[: self._n], self.kernel
        inverse, query = self._inverse[: self._n, : self._n], self._geometry.scaled(features, kernel)
        whitened_targets = inverse @ targets  # (n,)
        amplitude = float(whitened_targets @ whitened_targets) / self._n
        whitened = inverse @ correlations(x, query)  # (n, B)
        variance = 1.0 - np.einsum("ij,ij->j", whitened, whitened)
        if len(pending):
            scaled_pending = self._geometry.scaled(pending, kernel)
            before = inverse @ correlations(x, scaled_pending)  # (n, K)
            noise = kernel.noise_variance * np.eye(len(pending))
            own = correlations(scaled_pending, scaled_pending) - before.T @ before + noise  # (K, K)
            shared = correlations(scaled_pending, query) - before.T @ whitened  # (K, B)
            reduction = np.linalg.solve(np.linalg.cholesky(own), shared)  # (K, B)
            variance -= np.einsum("ij,ij->j", reduction, reduction)
        return whitened_targets @ whitened, amplitude * np.maximum(variance, 1e-9)


class Ensemble:
    """Up to `count` members, with the kernels of the highest posterior. A member's share is its normalised posterior.

    `pool` (N, F) are the features of the architectures whose mean is needed at every step. It may be empty.
    """

    def __init__(self, count: int, geometry: Geometry, pool: Floats) -> None:
        self._count, self._geometry, self._pool = count, geometry, pool
        self._members: list[Member] = []
        self._shares: list[float] = []
        self._columns: dict[Kernel, PoolColumns] = {}

    @property
    def ready(self) -> bool:
        return bool(self._members)

    def rebuild(self, features: Floats, targets: Floats, from_scratch: bool) -> None:
        """Chooses the kernels again: the first time from the whole grid, later starting from the previous kernels.

        `features` (n, F) are the current observations of the members. With `from_scratch`, they replace the
        observations, and all members are computed again.
        """
        previous = [member.kernel for member in self._members]
        chosen = choose_kernels(self._geometry, features, targets, previous, self._count)
        kernels, posteriors = zip(*chosen, strict=True)
        shares = [exp(posterior - posteriors[0]) for posterior in posteriors]
        kept = {} if from_scratch else {member.kernel: member for member in self._members}
        self._members = [kept.get(kernel) or Member(kernel, self._geometry, features) for kernel in kernels]
        self._shares = [share / sum(shares) for share in shares]
        if len(self._pool):
            known = {} if from_scratch else self._columns
            self._columns = {
                kernel.shape: known.get(kernel.shape)
                or PoolColumns(self._geometry.scaled(self._pool, kernel), self._geometry.scaled(features, kernel))
                for kernel in kernels
            }

    def append(self, features: Floats) -> None:
        """Adds the features (F,) of one observation."""
        for member in self._members:
            member.append(features)
        for shape, columns in self._columns.items():
            columns.append(self._geometry.scaled(features[None], shape))

    def pool_mean(self, targets: Floats) -> Floats:
        """The mean of the whole pool, in float32 precision: (N,)."""
        weights = {shape: np.zeros(len(targets)) for shape in self._columns}
        for member, share in zip(self._members, self._shares, strict=True):
            weights[member.kernel.shape] += share * member.weights(targets)
        return np.asarray(
            np.sum([columns.weighted(weights[shape]) for shape, columns in self._columns.items()], axis=0)
        )

    def fitted(self, targets: Floats) -> Floats:
        """The posterior mean, without noise, at the observations themselves: (n,) -> (n,)."""
        noise = [
            share * m.kernel.noise_variance * m.weights(targets)
            for m, share in zip(self._members, self._shares, strict=True)
        ]
        return np.asarray(targets - np.sum(noise, axis=0))

    def rough_mean(self, features: Floats, targets: Floats) -> Floats:
        """The mean of the best member only: (B, F) -> (B,)."""
        return self._members[0].mean(features, self._members[0].weights(targets))

    def predict(self, features: Floats, targets: Floats, pending: Floats) -> tuple[Floats, Floats]:
        """Mean (B,) and variance (B,) of the mixture. The disagreement of the members adds to the variance."""
        parts = [
            (share, *m.mean_and_variance(features, targets, pending))
            for m, share in zip(self._members, self._shares, strict=True)
        ]
        mean = np.sum([share * mean for share, mean, _ in parts], axis=0)
        square = np.sum([share * (mean**2 + variance) for share, mean, variance in parts], axis=0)
        return mean, np.maximum(square - mean**2, 1e-9)

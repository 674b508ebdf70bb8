"""An ensemble of Gaussian processes over architectures that grows by an observation at a time.

Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning": the posterior by a Cholesky factor (Algorithm
2.1), which here grows by a row for each observation. The members differ in their kernels; each counts by its kernel's
posterior.
"""

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from nasbench.strategies.predictor.kernels import Floats, Geometry, Kernel, choose_kernels, correlations


def _capacity(num_rows: int) -> int:
    return num_rows + num_rows // 4 + 8


class PoolColumns:
    """Correlations of n observations with all that is in a pool, in float32: (n, pool). Members that differ in noise
    alone share them.
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
    """The posterior under one kernel, of n observations."""

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
        """Adds the place of one more observation: (F,). What was observed there comes with `targets`."""
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
        """The observations' weights in the posterior mean: (n,) -> (n,)."""
        inverse = self._inverse[: self._n, : self._n]
        return (inverse @ targets) @ inverse

    def mean(self, features: Floats, weights: Floats) -> Floats:
        """(B, F) -> (B,)"""
        return correlations(self._geometry.scaled(features, self.kernel), self._x[: self._n]) @ weights

    def mean_and_variance(self, features: Floats, targets: Floats, pending: Floats) -> tuple[Floats, Floats]:
        """(B, F) -> (B,), (B,). `pending` (K, F) are being evaluated: whatever comes, there will be less to learn near
        them.
        """
        x, kernel = self._x[: self._n], self.kernel
        inverse, asked = self._inverse[: self._n, : self._n], self._geometry.scaled(features, kernel)
        whitened_targets = inverse @ targets  # (n,)
        amplitude = float(whitened_targets @ whitened_targets) / self._n
        whitened = inverse @ correlations(x, asked)  # (n, B)
        variance = 1.0 - np.einsum("ij,ij->j", whitened, whitened)
        if len(pending):
            waiting = self._geometry.scaled(pending, kernel)
            before = inverse @ correlations(x, waiting)  # (n, K)
            own = correlations(waiting, waiting) - before.T @ before + kernel.noise_variance * np.eye(len(pending))
            shared = correlations(waiting, asked) - before.T @ whitened  # (K, B)
            gone = np.linalg.solve(np.linalg.cholesky(own), shared)
            variance -= np.einsum("ij,ij->j", gone, gone)
        return whitened_targets @ whitened, amplitude * np.maximum(variance, 1e-9)


class Ensemble:
    """Up to `count` members, those of the kernels that explain the observations best, each with its share by the
    posterior.

    `pool` (N, F) are the features of architectures whose means are asked for at every step; it may be empty.
    """

    def __init__(self, count: int, geometry: Geometry, pool: Floats) -> None:
        self._count, self._geometry, self._pool = count, geometry, pool
        self._members: list[Member] = []
        self._shares: list[float] = []
        self._columns: dict[Kernel, PoolColumns] = {}

    @property
    def ready(self) -> bool:
        return bool(self._members)

    def rebuild(self, features: Floats, targets: Floats, afresh: bool) -> None:
        """Chooses the kernels: from the whole list the first time, later from the last ones on.

        `features` (n, F) are the observations that the members have, or with `afresh` those that they are to start
        from.
        """
        before = [member.kernel for member in self._members]
        chosen = choose_kernels(self._geometry, features, targets, before, self._count)
        kernels, posteriors = zip(*chosen, strict=True)
        shares = [exp(posterior - posteriors[0]) for posterior in posteriors]
        kept = {} if afresh else {member.kernel: member for member in self._members}
        self._members = [kept.get(kernel) or Member(kernel, self._geometry, features) for kernel in kernels]
        self._shares = [share / sum(shares) for share in shares]
        if len(self._pool):
            known = {} if afresh else self._columns
            self._columns = {
                kernel.shape: known.get(kernel.shape)
                or PoolColumns(self._geometry.scaled(self._pool, kernel), self._geometry.scaled(features, kernel))
                for kernel in kernels
            }

    def append(self, features: Floats) -> None:
        """Adds the place of one more observation: (F,)."""
        for member in self._members:
            member.append(features)
        for shape, columns in self._columns.items():
            columns.append(self._geometry.scaled(features[None], shape))

    def pool_mean(self, targets: Floats) -> Floats:
        """Of all that is in the pool, to float32's precision: (N,)."""
        weights = {shape: np.zeros(len(targets)) for shape in self._columns}
        for member, share in zip(self._members, self._shares, strict=True):
            weights[member.kernel.shape] += share * member.weights(targets)
        return np.asarray(
            np.sum([columns.weighted(weights[shape]) for shape, columns in self._columns.items()], axis=0)
        )

    def fitted(self, targets: Floats) -> Floats:
        """What is believed of the observations themselves, noise apart: (n,) -> (n,)."""
        noise = [
            share * m.kernel.noise_variance * m.weights(targets)
            for m, share in zip(self._members, self._shares, strict=True)
        ]
        return np.asarray(targets - np.sum(noise, axis=0))

    def rough_mean(self, features: Floats, targets: Floats) -> Floats:
        """By the best member alone: (B, F) -> (B,)."""
        return self._members[0].mean(features, self._members[0].weights(targets))

    def predict(self, features: Floats, targets: Floats, pending: Floats) -> tuple[Floats, Floats]:
        """Mean and variance, (B,) each, of the mixture: how much the members disagree is part of what is not known."""
        parts = [
            (share, *m.mean_and_variance(features, targets, pending))
            for m, share in zip(self._members, self._shares, strict=True)
        ]
        mean = np.sum([share * mean for share, mean, _ in parts], axis=0)
        square = np.sum([share * (mean**2 + variance) for share, mean, variance in parts], axis=0)
        return mean, np.maximum(square - mean**2, 1e-9)

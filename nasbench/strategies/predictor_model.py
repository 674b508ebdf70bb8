"""An ensemble of Gaussian processes over architectures that grows by an observation at a time.

Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning": the posterior by a Cholesky factor (Algorithm 2.1), which here
grows by a row for each observation. The kernel is exp(-d / length - a * m) with d the distance in place and m that in make-up: for
categorical decisions it holds interactions of every order, and the length says how fast they fade. The members differ in length, a and
noise; each counts by its evidence (eq. 2.30, with the amplitude at its best value).
"""

from dataclasses import dataclass
from itertools import product
from math import exp, log, sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.float32, np.float64)

LENGTHS = (0.08, 0.16, 0.33, 0.67, 1.3, 2.7, 5.3)  # times the number of decisions
MAKE_UPS = (0.0, 0.05, 0.12, 0.3, 0.6)
NOISES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # variance, relative to the amplitude's
EVIDENCE_POINTS = 200
"""Observations from which the evidence is computed; spread evenly over the search where there are more."""


@dataclass(frozen=True)
class Kernel:
    """Numbers of a length, of a weight of the make-up and of a noise in the lists above."""

    length: int
    make_up: int
    noise: int

    @property
    def shape(self) -> tuple[int, int]:
        """What it has but for the noise."""
        return self.length, self.make_up

    @property
    def noise_variance(self) -> float:
        return NOISES[self.noise]

    def around(self) -> list["Kernel"]:
        """Itself and those one step away."""
        here = (self.length, self.make_up, self.noise)
        steps = ((axis, step) for axis, step in product(range(3), (-1, 1)))
        return [self, *(k for a, s in steps if (k := Kernel(*(v + s * (i == a) for i, v in enumerate(here)))) in _ALL)]


_ALL = [Kernel(*numbers) for numbers in product(range(len(LENGTHS)), range(len(MAKE_UPS)), range(len(NOISES)))]


def _capacity(num_rows: int) -> int:
    return num_rows + num_rows // 4 + 8


@dataclass(frozen=True)
class Geometry:
    """Of the features' columns the first `num_places` are places, the others make-up; distances grow with `num_decisions`."""

    num_places: int
    num_decisions: int

    def scaled(self, features: Floats, kernel: Kernel) -> Floats:
        """(B, F) -> (B, F) in which the kernel is exp(-|x - y|^2)."""
        place = 1.0 / sqrt(LENGTHS[kernel.length] * self.num_decisions)
        make_up = sqrt(MAKE_UPS[kernel.make_up])
        return features * np.where(np.arange(features.shape[1]) < self.num_places, place, make_up)


def correlations(left: NDArray[Number], right: NDArray[Number], out: NDArray[Number] | None = None) -> NDArray[Number]:
    """exp(-|x - y|^2): (A, F), (B, F) -> (A, B), in `out` where it is given."""
    norm_left, norm_right = (np.einsum("ij,ij->i", x, x)[:, None] for x in (left, right))
    ones_left, ones_right = np.ones_like(norm_left), np.ones_like(norm_right)
    # All in one product: 2 x.y - |x|^2 - |y|^2.
    exponent: NDArray[Any] = np.matmul(
        np.hstack([2.0 * left, -norm_left, -ones_left]), np.hstack([right, ones_right, norm_right]).T, out=out
    )
    return np.asarray(np.exp(exponent, out=exponent))


class PoolColumns:
    """Correlations of n observations with all that is in a pool, in float32: (n, pool). Members that differ in noise alone share them."""

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
        """(B, F) -> (B,), (B,). `pending` (K, F) are being evaluated: whatever comes, there will be less to learn near them."""
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
    """Up to `count` members near the kernel that explains the observations best, each with its share by the evidence.

    `pool` (N, F) are the features of architectures whose means are asked for at every step; it may be empty.
    """

    def __init__(self, count: int, geometry: Geometry, pool: Floats) -> None:
        self._count, self._geometry, self._pool = count, geometry, pool
        self._members: list[Member] = []
        self._shares: list[float] = []
        self._columns: dict[tuple[int, int], PoolColumns] = {}

    @property
    def ready(self) -> bool:
        return bool(self._members)

    def rebuild(self, features: Floats, targets: Floats, afresh: bool) -> None:
        """Chooses the kernels: among all the first time, later near the last best one.

        `features` (n, F) are the observations that the members have, or with `afresh` those that they are to start from.
        """
        some = np.linspace(0, len(features) - 1, min(len(features), EVIDENCE_POINTS)).astype(np.int64)
        kernels = self._members[0].kernel.around() if self._members else _ALL
        evidence = {k: _log_evidence(self._geometry.scaled(features[some], k), targets[some], k.noise_variance) for k in kernels}
        best = sorted(evidence, key=lambda kernel: -evidence[kernel])[: self._count]
        shares = [exp(evidence[kernel] - evidence[best[0]]) for kernel in best]
        kept = {} if afresh else {member.kernel: member for member in self._members}
        self._members = [kept.get(kernel) or Member(kernel, self._geometry, features) for kernel in best]
        self._shares = [share / sum(shares) for share in shares]
        if len(self._pool):
            known = {} if afresh else self._columns
            self._columns = {
                kernel.shape: known.get(kernel.shape)
                or PoolColumns(self._geometry.scaled(self._pool, kernel), self._geometry.scaled(features, kernel))
                for kernel in best
            }

    def append(self, features: Floats) -> None:
        """Adds the place of one more observation: (F,)."""
        for member in self._members:
            member.append(features)
        for shape, columns in self._columns.items():
            columns.append(self._geometry.scaled(features[None], Kernel(*shape, 0)))

    def pool_mean(self, targets: Floats) -> Floats:
        """Of all that is in the pool, to float32's precision: (N,)."""
        weights = {shape: np.zeros(len(targets)) for shape in self._columns}
        for member, share in zip(self._members, self._shares, strict=True):
            weights[member.kernel.shape] += share * member.weights(targets)
        return np.asarray(np.sum([columns.weighted(weights[shape]) for shape, columns in self._columns.items()], axis=0))

    def fitted(self, targets: Floats) -> Floats:
        """What is believed of the observations themselves, noise apart: (n,) -> (n,)."""
        noise = [share * m.kernel.noise_variance * m.weights(targets) for m, share in zip(self._members, self._shares, strict=True)]
        return np.asarray(targets - np.sum(noise, axis=0))

    def rough_mean(self, features: Floats, targets: Floats) -> Floats:
        """By the best member alone: (B, F) -> (B,)."""
        return self._members[0].mean(features, self._members[0].weights(targets))

    def predict(self, features: Floats, targets: Floats, pending: Floats) -> tuple[Floats, Floats]:
        """Mean and variance, (B,) each, of the mixture: how much the members disagree is part of what is not known."""
        parts = [(share, *m.mean_and_variance(features, targets, pending)) for m, share in zip(self._members, self._shares, strict=True)]
        mean = np.sum([share * mean for share, mean, _ in parts], axis=0)
        square = np.sum([share * (mean**2 + variance) for share, mean, variance in parts], axis=0)
        return mean, np.maximum(square - mean**2, 1e-9)


def _log_evidence(scaled: Floats, targets: Floats, noise: float) -> float:
    """Up to a constant, with the amplitude that makes it largest."""
    covariance = correlations(scaled, scaled)
    covariance[np.diag_indices(len(scaled))] = 1.0 + noise
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, targets)
    n = len(targets)
    return -0.5 * n * log(float(whitened @ whitened) / n + 1e-12) - float(np.log(np.diag(factor)).sum())

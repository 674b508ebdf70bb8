"""Kernels over encoded architectures, and the choice of the kernels that explain the observations best.

A kernel is exp(-d / length - a * m), where d is the squared distance in place and m is the squared distance in make-up.
For categorical decisions it contains interactions of every order; `length` sets how fast they decay with the order. In
d, each decision is weighted by its relevance (automatic relevance determination: Neal 1996, "Bayesian Learning for
Neural Networks"; Rasmussen and Williams 2006, section 5.1). The prior of the log relevance is normal.

The search maximises the posterior of the kernel: the evidence (Rasmussen and Williams 2006, eq. 2.30, with the
amplitude that maximises it) times the prior. It evaluates a grid of kernels first, then random changes to the best
ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import log, sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.float32, np.float64)

LENGTHS = (0.08, 0.16, 0.33, 0.67, 1.3, 2.7, 5.3)  # times the number of decisions
MAKE_UPS = (0.0, 0.05, 0.12, 0.3, 0.6)
NOISES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # variance, relative to the amplitude
RELEVANCE_DEVIATION = 0.7
"""Standard deviation of the log relevance: of its prior, and of a random change to it."""
EVIDENCE_POINTS = 200
"""Maximum number of observations for the evidence. If there are more, evenly spaced ones are used."""
ROUNDS, CHANGES_PER_KERNEL = 3, 8
"""Rounds of random changes to the best kernels, and the number of changes to each kernel in a round."""


@dataclass(frozen=True)
class Kernel:
    """`length`, `make_up` and `noise` are indices into LENGTHS, MAKE_UPS and NOISES.

    `relevance` holds the log relevance of each decision.
    """

    length: int
    make_up: int
    noise: int
    relevance: tuple[float, ...]

    @property
    def shape(self) -> "Kernel":
        """The same kernel with the lowest noise. Kernels that differ only in noise have the same shape."""
        return replace(self, noise=0)

    @property
    def noise_variance(self) -> float:
        return NOISES[self.noise]

    def around(self) -> list["Kernel"]:
        """The kernel itself, and all kernels that differ in one index by 1."""
        moved = ((part, getattr(self, part) + step) for part, step in product(_SIZES, (-1, 1)))
        return [self, *(replace(self, **{part: number}) for part, number in moved if 0 <= number < _SIZES[part])]

    def changed(self, generator: np.random.Generator) -> "Kernel":
        """The kernel after one or two random changes: each to one relevance or to one index, with equal probability."""
        kernel = self
        for _ in range(generator.integers(1, 3)):
            if generator.random() < 0.5:
                relevance = list(kernel.relevance)
                relevance[generator.integers(len(relevance))] += RELEVANCE_DEVIATION * float(
                    generator.standard_normal()
                )
                kernel = replace(kernel, relevance=tuple(relevance))
            else:
                near = kernel.around()
                kernel = near[generator.integers(len(near))]
        return kernel


_SIZES = {"length": len(LENGTHS), "make_up": len(MAKE_UPS), "noise": len(NOISES)}


@dataclass(frozen=True)
class Geometry:
    """The columns of the features: the first P are place, the others make-up.

    `decision_of_place` (P,) is the decision of each place column.
    """

    decision_of_place: NDArray[np.int64]
    num_decisions: int

    def scaled(self, features: Floats, kernel: Kernel) -> Floats:
        """Scales features (B, F) -> (B, F), so that the kernel is exp(-|x - y|^2)."""
        place = np.exp(0.5 * np.array(kernel.relevance))[self.decision_of_place] / sqrt(
            LENGTHS[kernel.length] * self.num_decisions
        )
        make_up = np.full(features.shape[1] - len(place), sqrt(MAKE_UPS[kernel.make_up]))
        scales: Floats = np.concatenate([place, make_up])
        return features * scales


def correlations(left: NDArray[Number], right: NDArray[Number], out: NDArray[Number] | None = None) -> NDArray[Number]:
    """exp(-|x - y|^2): (A, F), (B, F) -> (A, B), written to `out` if it is given."""
    norm_left = np.einsum("ij,ij->i", left, left)
    norm_right = norm_left if right is left else np.einsum("ij,ij->i", right, right)
    # One matrix product computes 2 x.y - |x|^2 - |y|^2.
    first, second = (np.empty((len(x), x.shape[1] + 2), x.dtype) for x in (left, right))
    np.multiply(left, 2.0, out=first[:, :-2])
    first[:, -2], first[:, -1] = -norm_left, -1.0
    second[:, :-2], second[:, -2], second[:, -1] = right, 1.0, norm_right
    exponent: NDArray[Any] = np.matmul(first, second.T, out=out)
    return np.asarray(np.exp(exponent, out=exponent))


def choose_kernels(
    geometry: Geometry, features: Floats, targets: Floats, previous: Sequence[Kernel], count: int
) -> list[tuple[Kernel, float]]:
    """The `count` best kernels found for observations (n, F), (n,), and their log posteriors, best first.

    `previous` are the kernels of the last choice, best first. If it is empty, the search starts from the whole grid.
    """
    used = np.linspace(0, len(features) - 1, min(len(features), EVIDENCE_POINTS)).astype(np.int64)
    features_used, targets_used = features[used], targets[used]
    equal = (0.0,) * geometry.num_decisions
    grid = [
        Kernel(*numbers, relevance=equal)
        for numbers in product(range(len(LENGTHS)), range(len(MAKE_UPS)), range(len(NOISES)))
    ]
    known: dict[Kernel, float] = {}

    @lru_cache(maxsize=1)  # the grid has the kernels of one shape one after another
    def of_shape(shape: Kernel) -> Floats:
        scaled = geometry.scaled(features_used, shape)
        return correlations(scaled, scaled)

    def evaluate(kernel: Kernel) -> None:
        if kernel not in known:
            prior = -0.5 * sum(value**2 for value in kernel.relevance) / RELEVANCE_DEVIATION**2
            known[kernel] = prior + _log_evidence(of_shape(kernel.shape), targets_used, kernel.noise_variance)

    def best() -> list[Kernel]:
        return sorted(known, key=lambda kernel: -known[kernel])[:count]

    first = [*previous, *previous[0].around(), *replace(previous[0], relevance=equal).around()] if previous else grid
    for kernel in first:
        evaluate(kernel)
    generator = np.random.default_rng(len(features))
    for _ in range(ROUNDS):
        for kernel in best():
            for _ in range(CHANGES_PER_KERNEL):
                evaluate(kernel.changed(generator))
    return [(kernel, known[kernel]) for kernel in best()]


def _log_evidence(correlated: Floats, targets: Floats, noise: float) -> float:
    """The log evidence up to a constant, maximised over the amplitude. `correlated` is (n, n), `targets` is (n,)."""
    covariance = correlated.copy()
    np.fill_diagonal(covariance, 1.0 + noise)
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, targets)
    n = len(targets)
    return -0.5 * n * log(float(whitened @ whitened) / n + 1e-12) - float(np.log(np.diag(factor)).sum())

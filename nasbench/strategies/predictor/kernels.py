"""Kernels over encoded architectures, and which of them explain what was seen.

A kernel is exp(-d / length - a * m) with d the distance in place and m that in make-up: for categorical decisions it
holds interactions of every order, and the length says how fast they fade. In d each decision counts by its relevance
(automatic relevance determination: Neal 1996, "Bayesian Learning for Neural Networks"; Rasmussen and Williams 2006,
section 5.1), whose logarithm is normal beforehand.

Kernels are looked for by their posterior, the evidence (Rasmussen and Williams 2006, eq. 2.30, with the amplitude at
its best value) times that prior: a list first, then some rounds of small changes to the best ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import log, sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.float32, np.float64)

LENGTHS = (0.08, 0.16, 0.33, 0.67, 1.3, 2.7, 5.3)  # times the number of decisions
MAKE_UPS = (0.0, 0.05, 0.12, 0.3, 0.6)
NOISES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # variance, relative to the amplitude's
RELEVANCE_DEVIATION = 0.7
"""Of the logarithm of a decision's relevance, beforehand; also of a change to it."""
EVIDENCE_POINTS = 200
"""Observations from which the evidence is computed; spread evenly over the search where there are more."""
ROUNDS, BROOD = 3, 8
"""Of changes to the best kernels, and the changes to each of them in a round."""


@dataclass(frozen=True)
class Kernel:
    """Places of a length, of a weight of the make-up and of a noise in the lists above, and the logarithm of each
    decision's relevance.
    """

    length: int
    make_up: int
    noise: int
    relevance: tuple[float, ...]

    @property
    def shape(self) -> "Kernel":
        """The kernel with the least noise that stands for all which differ in noise alone."""
        return replace(self, noise=0)

    @property
    def noise_variance(self) -> float:
        return NOISES[self.noise]

    def around(self) -> list["Kernel"]:
        """Itself and those one step away in a list."""
        moved = ((part, getattr(self, part) + step) for part, step in product(_SIZES, (-1, 1)))
        return [self, *(replace(self, **{part: number}) for part, number in moved if 0 <= number < _SIZES[part])]

    def changed(self, generator: np.random.Generator) -> "Kernel":
        """With one or two changes: half of them to a relevance, the others a step in a list."""
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
    """Of the features' columns the first are places, each of the decision numbered here (P,); the
    others are make-up.
    """

    decision_of_place: NDArray[np.int64]
    num_decisions: int

    def scaled(self, features: Floats, kernel: Kernel) -> Floats:
        """(B, F) -> (B, F) in which the kernel is exp(-|x - y|^2)."""
        place = np.exp(0.5 * np.array(kernel.relevance))[self.decision_of_place] / sqrt(
            LENGTHS[kernel.length] * self.num_decisions
        )
        make_up = np.full(features.shape[1] - len(place), sqrt(MAKE_UPS[kernel.make_up]))
        scales: Floats = np.concatenate([place, make_up])
        return features * scales


def correlations(left: NDArray[Number], right: NDArray[Number], out: NDArray[Number] | None = None) -> NDArray[Number]:
    """exp(-|x - y|^2): (A, F), (B, F) -> (A, B), in `out` where it is given."""
    norm_left, norm_right = (np.einsum("ij,ij->i", x, x)[:, None] for x in (left, right))
    ones_left, ones_right = np.ones_like(norm_left), np.ones_like(norm_right)
    # All in one product: 2 x.y - |x|^2 - |y|^2.
    exponent: NDArray[Any] = np.matmul(
        np.hstack([2.0 * left, -norm_left, -ones_left]), np.hstack([right, ones_right, norm_right]).T, out=out
    )
    return np.asarray(np.exp(exponent, out=exponent))


def choose_kernels(
    geometry: Geometry, features: Floats, targets: Floats, before: Sequence[Kernel], count: int
) -> list[tuple[Kernel, float]]:
    """The `count` best kernels found for observations (n, F), (n,), and their log posteriors, best first.

    `before` are those chosen last, best first; where there are none the whole list is gone through.
    """
    some = np.linspace(0, len(features) - 1, min(len(features), EVIDENCE_POINTS)).astype(np.int64)
    equal = (0.0,) * geometry.num_decisions
    listed = [
        Kernel(*numbers, relevance=equal)
        for numbers in product(range(len(LENGTHS)), range(len(MAKE_UPS)), range(len(NOISES)))
    ]
    known: dict[Kernel, float] = {}

    def weigh(kernel: Kernel) -> None:
        if kernel not in known:
            prior = -0.5 * sum(value**2 for value in kernel.relevance) / RELEVANCE_DEVIATION**2
            known[kernel] = prior + _log_evidence(
                geometry.scaled(features[some], kernel), targets[some], kernel.noise_variance
            )

    def best() -> list[Kernel]:
        return sorted(known, key=lambda kernel: -known[kernel])[:count]

    for kernel in [*before, *before[0].around(), *replace(before[0], relevance=equal).around()] if before else listed:
        weigh(kernel)
    generator = np.random.default_rng(len(features))
    for _ in range(ROUNDS):
        for kernel in best():
            for _ in range(BROOD):
                weigh(kernel.changed(generator))
    return [(kernel, known[kernel]) for kernel in best()]


def _log_evidence(scaled: Floats, targets: Floats, noise: float) -> float:
    """Up to a constant, with the amplitude that makes it largest."""
    covariance = correlations(scaled, scaled)
    covariance[np.diag_indices(len(scaled))] = 1.0 + noise
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, targets)
    n = len(targets)
    return -0.5 * n * log(float(whitened @ whitened) / n + 1e-12) - float(np.log(np.diag(factor)).sum())

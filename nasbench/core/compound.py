"""Compound scaling (Tan and Le 2019, arXiv:1905.11946, section 3): depth, width and resolution grow together, by one
number phi.

A network's multiply-adds grow as depth * width**2 * resolution**2, so with alpha * beta**2 * gamma**2 = 2 they double
at each whole phi.
"""

from dataclasses import dataclass
from math import isfinite, log2

from nasbench.core.errors import UsageError

GROWTH = 2.0
"""alpha * beta**2 * gamma**2 of the rule: multiply-adds double with each whole phi."""
MOST_GROWTH = 100.0
"""No dimension grows further at phi = 1: by the rule it at most doubles."""
MOST_PHI = 100.0
"""No network is scaled so far: its multiply-adds would be multiplied, or divided, by 2**100."""


@dataclass(frozen=True)
class Multipliers:
    """What a network's depth (repeats), width (channels) and resolution (pixels a side) are multiplied by, before any
    rounding.
    """

    depth: float = 1.0
    width: float = 1.0
    resolution: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isfinite(value) and value > 0):
                raise UsageError(f"the {name} multiplier is a positive number; got {value}")

    @property
    def product(self) -> float:
        """depth * width**2 * resolution**2: by how much the law says multiply-adds grow."""
        return float(self.depth * self.width**2 * self.resolution**2)


@dataclass(frozen=True)
class Coefficients:
    """alpha, beta, gamma: by how much depth, width and resolution grow at phi = 1; each at least 1."""

    alpha: float = 1.2
    beta: float = 1.1
    gamma: float = 1.15

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 1 <= value <= MOST_GROWTH:
                raise UsageError(
                    f"{name} is a number from 1 on (a dimension does not shrink as phi grows) to {MOST_GROWTH:g}; "
                    f"got {value}"
                )

    @property
    def product(self) -> float:
        """alpha * beta**2 * gamma**2; the published 1.2, 1.1, 1.15 have 1.920."""
        return float(self.alpha * self.beta**2 * self.gamma**2)

    def at(self, phi: float) -> Multipliers:
        """alpha**phi, beta**phi, gamma**phi; `phi` may be fractional and negative. UsageError beyond MOST_PHI."""
        return Multipliers(*(power(value, phi) for value in vars(self).values()))


def power(base: float, phi: float) -> float:
    """base**phi. UsageError beyond MOST_PHI, where floating point soon has no number for it."""
    if not abs(phi) <= MOST_PHI:
        raise UsageError(
            f"phi {phi:g} is out of reach: multiply-adds about double with each whole phi, so take one of a few units"
        )
    return float(base**phi)


PUBLISHED = Coefficients()
"""Found for EfficientNet-B0 by a grid search at phi = 1 (section 3.3)."""


def on_surface(depth_share: float, width_share: float) -> Coefficients:
    """The coefficients with product 2 that spend `depth_share` of the growth on depth and `width_share` of the rest on
    width.

    Both lie in [0, 1]: log2(alpha) + 2 log2(beta) + 2 log2(gamma) = 1 is a triangle, and these are coordinates on it.
    """
    rest = 1.0 - depth_share
    return Coefficients(
        GROWTH**depth_share,
        max(1.0, GROWTH ** (rest * width_share / 2)),
        max(1.0, GROWTH ** (rest * (1 - width_share) / 2)),
    )


def shares(coefficients: Coefficients) -> tuple[float, float, float]:
    """The parts of log2(product) that depth, width and resolution have; they add up to log2(product)."""
    return log2(coefficients.alpha), 2 * log2(coefficients.beta), 2 * log2(coefficients.gamma)

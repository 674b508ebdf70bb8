"""How a network's growth is shared out among depth, width and resolution: the surface alpha * beta**2 * gamma**2 = 2.

Tan and Le 2019, arXiv:1905.11946, section 3.3. The surface has two free variables; what is drawn on it needs no
rejecting. What trains is a base network scaled by the coefficients, phi being 1: the spaces are handed its builder and
know nothing else of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

from nasbench.core.arch import Architecture, Choice, Decision, Range, check
from nasbench.core.compound import GROWTH, Coefficients, Multipliers, on_surface
from nasbench.core.errors import UsageError
from nasbench.core.spec import Size, Task
from search_spaces.compound.edge import PREFIX, coefficients_on_edge

if TYPE_CHECKING:
    from torch import nn

Builder = Callable[[Multipliers, Task], "nn.Module"]
"""(multipliers of the base, task) -> the base scaled: (B, channels, H, W) -> (B, num_classes) logits at any H and W."""

SURFACE, GRID = "compound", "compound-grid"
"""The spaces of architectures that say how to scale a base."""

GRID_STEP = 0.05


@dataclass(frozen=True)
class CompoundSpace:
    """Two numbers in [0, 1]: which quantile of depth's part of the growth, and the part of the rest that width has. All
    products are 2.

    log2(alpha) + 2 log2(beta) + 2 log2(gamma) = 1 is a triangle, and both drawn uniformly spread points evenly over it:
    the three dimensions are treated alike. (With depth's part itself for the first, depth would have half of the growth
    on average.)
    """

    builder: Builder
    name: str = SURFACE
    default_size: Size = Size()  # noqa: RUF009 - frozen

    @property
    def choices(self) -> Sequence[Decision]:
        return Range("depth_quantile", 0.0, 1.0), Range("width_share", 0.0, 1.0)

    def canonical(self, architecture: Architecture) -> Architecture:
        """Where depth has all of the growth, the other share says nothing, and is 0."""
        check(architecture, self.choices)
        quantile, width_share = (float(architecture.genes[name]) for name in ("depth_quantile", "width_share"))
        return Architecture.of(
            self.name, {"depth_quantile": quantile, "width_share": 0.0 if quantile == 1.0 else width_share}
        )

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":  # noqa: ARG002 - the base has its size
        check(architecture, self.choices)
        return self.builder(coefficients_of(architecture).at(1.0), task)


@dataclass(frozen=True)
class CompoundGrid:
    """The paper's grid: steps of 0.05 whose product is 2 within `tolerance`, as one decision among 'alpha beta
    gamma'.
    """

    builder: Builder
    tolerance: float
    name: str = GRID
    default_size: Size = Size()  # noqa: RUF009 - frozen

    @property
    def choices(self) -> Sequence[Decision]:
        return (
            Choice("coefficients", tuple(f"{c.alpha:.2f} {c.beta:.2f} {c.gamma:.2f}" for c in grid(self.tolerance))),
        )

    def canonical(self, architecture: Architecture) -> Architecture:
        """Every point is its own."""
        check(architecture, self.choices)
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":  # noqa: ARG002 - the base has its size
        check(architecture, self.choices)
        return self.builder(coefficients_of(architecture).at(1.0), task)


@lru_cache
def grid(tolerance: float) -> tuple[Coefficients, ...]:
    """The coefficients in steps of 0.05 with |alpha * beta**2 * gamma**2 - 2| <= tolerance; 2, 1, 1 is always one."""
    if not 0 <= tolerance < 1:
        raise UsageError(
            f"--tolerance takes a number in [0, 1), by which products may differ from {GROWTH:g}; got {tolerance}"
        )
    return tuple(point for point in _steps() if abs(point.product - GROWTH) <= tolerance)


def coefficients_of(architecture: Architecture) -> Coefficients:
    """alpha, beta and gamma of a point of the surface, of an edge of it, or of the grid."""
    genes = architecture.genes
    if architecture.space.startswith(PREFIX):
        return coefficients_on_edge(architecture)
    if architecture.space == GRID:
        return Coefficients(*(float(part) for part in str(genes["coefficients"]).split()))
    depth_share = 1.0 - sqrt(
        1.0 - float(genes["depth_quantile"])
    )  # of a triangle's points 1 - (1 - d)**2 have a share below d
    return on_surface(depth_share, float(genes["width_share"]))


def _steps() -> list[Coefficients]:
    """All points in steps of 0.05 from 1 on whose product may come to 2."""
    steps = [round(1 + GRID_STEP * index, 2) for index in range(round(2 / GRID_STEP) + 1)]
    return [Coefficients(a, b, c) for a in steps for b in steps for c in steps if a * b**2 * c**2 < GROWTH + 1]

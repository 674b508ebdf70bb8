"""An edge of the surface alpha * beta**2 * gamma**2 = 2: power laws in which one dimension does not grow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench.core.arch import Architecture, Decision, Range, check
from nasbench.core.compound import GROWTH, Coefficients
from nasbench.core.spec import Size, Task

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.compound.space import Builder

PREFIX = "compound-edge-"
ROOTS = {"depth": 1, "width": 2, "resolution": 2}
"""Dimension -> multiply-adds grow as this power of it."""


@dataclass(frozen=True)
class CompoundEdge:
    """One number in [0, 1]: the part of the growth that the first of the two `dimensions` has."""

    builder: "Builder"
    dimensions: tuple[str, str]
    default_size: Size = Size()  # noqa: RUF009 - frozen

    @property
    def name(self) -> str:
        return PREFIX + "-".join(self.dimensions)

    @property
    def choices(self) -> Sequence[Decision]:
        return (Range(f"{self.dimensions[0]}_share", 0.0, 1.0),)

    def canonical(self, architecture: Architecture) -> Architecture:
        """Every point is its own."""
        check(architecture, self.choices)
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":  # noqa: ARG002 - the base has its size
        check(architecture, self.choices)
        return self.builder(coefficients_on_edge(architecture).at(1.0), task)


def coefficients_on_edge(architecture: Architecture) -> Coefficients:
    """alpha, beta and gamma of a point of an edge."""
    first, second = architecture.space.removeprefix(PREFIX).split("-")
    share = float(architecture.genes[f"{first}_share"])
    shares = {first: share, second: 1.0 - share}
    return Coefficients(*(max(1.0, GROWTH ** (shares.get(name, 0.0) / root)) for name, root in ROOTS.items()))

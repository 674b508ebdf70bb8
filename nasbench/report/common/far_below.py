"""What lies far below the others would press them together in a chart: it stands on the edge of the chart, in grey."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING

from nasbench.core.count_text import quantity
from nasbench.report.common.dot_titles import mark
from nasbench.report.common.figure import MUTED

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

FAR_BELOW = "far below"
"""The name of these dots in a legend."""
HIDDEN = 0.15
"""At most this share of the values lies below an axis: untrainable networks, which would press the others together."""
MARGIN = 0.05
"""What lies below the lowest value in its place, and above the highest, as a share of the length between them."""


@dataclass(frozen=True)
class Edge:
    """The lower end of an axis of trials.

    numbers  the trials that lie far below the others
    place    where these are drawn: a margin below all others
    low      where the axis begins, as lines may go on below it; None where nothing lies far below: with the data
    """

    numbers: frozenset[int] = frozenset()
    place: float = 0.0
    low: float | None = None

    @classmethod
    def of(cls, values: Mapping[int, float]) -> "Edge":
        """That of these trials: number -> value."""
        if not values:
            return cls()
        lowest = lowest_shown(list(values.values()))
        margin = MARGIN * (max(values.values()) - lowest)
        below = frozenset(number for number, value in values.items() if value < lowest)
        return cls(below, lowest - margin, lowest - 2 * margin) if below else cls()

    def parted(self, numbers: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """The trials in their place, and those far below."""
        return numbers - self.numbers, numbers & self.numbers

    def drawn(self, number: int, value: float) -> float:
        """Where a trial of this value is drawn."""
        return self.place if number in self.numbers else value

    def told(self, noun: str = "trial") -> str:
        """A sentence for the caption, after a space; '' where nothing lies far below."""
        return edge_sentence(len(self.numbers), "far below the others", noun)


def lowest_shown(values: "np.ndarray | Sequence[float]") -> float:
    """Where an axis begins: at the lowest value, or, where a few lie far below the others, at the lowest of the others.

    The others are all but a small share (HIDDEN), and of this share what is no further below them than they reach. The
    rest lies far below if the axis is less than half as long without it. Where the others are equal, nothing presses
    them together.
    """
    import numpy as np

    known = np.asarray(values, dtype=float)
    low, high, cut = float(known.min()), float(known.max()), float(np.quantile(known, HIDDEN, method="lower"))
    floor = float(known[cut - known <= high - cut].min())
    return floor if floor - low > high - floor and not isclose(floor, high) else low


def edge_sentence(count: int, where: str, noun: str, edge: str = "lower") -> str:
    """How many are drawn on an edge of the chart; '' where none is."""
    return f" Drawn in grey on the {edge} edge, {where}: {quantity(count, noun)}." if count else ""


def draw_on_edge(
    axes: "Axes", points: Sequence[tuple[float, float]], numbers: Sequence[int], marker: str = "v"
) -> None:
    """Triangles that point to where their values lie; `numbers` are those of their trials, one a point."""
    if points:
        (dots,) = axes.plot(*zip(*points, strict=True), marker, color=MUTED, markersize=3.5, label=FAR_BELOW)
        dots.set_gid(mark(numbers))


def begin_at(panels: Sequence["Axes"], edge: Edge) -> None:
    """Lets the y axes of a figure, which have all their data, begin at the edge."""
    if edge.low is not None:
        high = max(float(axes.dataLim.y1) for axes in panels)
        for axes in panels:
            axes.set_ylim(edge.low, high + edge.place - edge.low)

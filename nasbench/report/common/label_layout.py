"""Placement of the labels of a plot's points, such that no label covers another label or a point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from nasbench.report.common.figure import GROUND

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIRECTIONS = tuple(math.pi * turn / 8 for turn in (0, 8, 4, 12, 2, 6, 14, 10, 1, 7, 15, 9, 3, 5, 13, 11))
"""Directions from a point to its label, in order of preference: right, left, above, below, then the others."""
DISTANCES = (1.5, 3.0, 5.0, 10.0, 16.0, 23.0)
"""Distances from the edge of the point's disc to the label, in points (1/72 inch)."""
FAR_DISTANCES = (*DISTANCES, 31.0, 40.0, 50.0, 62.0, 76.0, 92.0, 110.0)
"""Distances of the required labels. Their leader lines may cross other points, so they end in a dot on their point."""
LEADER = 4.0
"""From this distance on, a leader line connects the point and its label."""
CLEARANCE = 0.6
"""A label without a leader line is closer to its own point than to any other, by at least this. A label with a leader
line keeps at least this distance from other points.
"""
SPACE = 3.0
"""Horizontal space between two labels, in points, so that they are not read as one."""
ROUNDS = 16
LEFT_OUT = 1000.0
"""The cost of a label that is left out, in points of leader line."""


@dataclass(frozen=True)
class Anchor:
    """A point to label: its centre and radius in points (1/72 inch), its text, and the text's width and height."""

    x: float
    y: float
    radius: float
    text: str
    width: float
    height: float


@dataclass(frozen=True)
class Box:
    """A rectangle in points (1/72 inch)."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def covers(self, point: Anchor, clear: float = 0.0) -> bool:
        """Whether the point's disc overlaps the box, or is closer to it than `clear`."""
        across = point.x - min(max(point.x, self.left), self.right)
        up = point.y - min(max(point.y, self.bottom), self.top)
        return math.hypot(across, up) < point.radius + clear

    def within(self, other: "Box") -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.bottom >= other.bottom
            and self.top <= other.top
        )


@dataclass(frozen=True)
class Placed:
    """The box of a label, whether it has a leader line, and whether that line may cross other points."""

    index: int
    box: Box
    leader: bool
    crosses: bool = False


def measure(
    axes: "Axes", at: Sequence[tuple[float, float]], radii: Sequence[float], texts: Sequence[str], size: float
) -> list[Anchor]:
    """The anchors of the points `at` (data coordinates), with the sizes of their labels. Fixes the figure's layout."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = cast("Figure", axes.figure)
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the labels are placed for this layout
    scale = 72 / figure.dpi
    anchors = []
    for (x, y), radius, text in zip(at, radii, texts, strict=True):
        probe = axes.text(0.5, 0.5, text, fontsize=size)
        extent = probe.get_window_extent(canvas.get_renderer())
        probe.remove()
        across, up = axes.transData.transform((x, y))
        anchors.append(Anchor(across * scale, up * scale, radius, text, extent.width * scale, extent.height * scale))
    return anchors


def frame(axes: "Axes") -> Box:
    """The inside of a plot's axes. The figure's layout must be fixed."""
    box = axes.get_window_extent()
    scale = 72 / axes.figure.dpi
    return Box(box.x0 * scale + 1, box.y0 * scale + 1, box.x1 * scale - 1, box.y1 * scale - 1)


def place(
    anchors: Sequence[Anchor], order: Sequence[int], within: Box, taken: Sequence[Box] = (), num_required: int = 0
) -> list[Placed]:
    """Places the labels in the given order, each at the first position that fits.

    A label fits if it is in the frame `within` and overlaps no point, no other label and no box of `taken`. If it fits
    nowhere, it is left out. The first `num_required` labels of the order are placed before all others and may be
    farther from their points. They are placed in several rounds, each starting with the label of the highest cost in
    the round before; the best round is taken.
    """
    first = _place_required(anchors, order[:num_required], within, taken)
    return _one_by_one(anchors, order[num_required:], within, taken, first, far=False)


def _place_required(anchors: Sequence[Anchor], order: Sequence[int], within: Box, taken: Sequence[Box]) -> list[Placed]:
    """The required labels, in the best of ROUNDS rounds."""
    best: list[Placed] = []
    lowest = math.inf
    for _ in range(ROUNDS if order else 0):
        placed = {label.index: label for label in _one_by_one(anchors, order, within, taken, [], far=True)}
        costs = {index: _cost(anchors[index], placed.get(index)) for index in order}
        if sum(costs.values()) < lowest:
            best, lowest = list(placed.values()), sum(costs.values())
        worst = max(order, key=lambda index: costs[index])
        order = [worst, *(index for index in order if index != worst)]
    return best


def _cost(anchor: Anchor, label: Placed | None) -> float:
    """The length of a label's leader line in points; twice that if it crosses other points."""
    if label is None:
        return LEFT_OUT
    x, y = nearest(anchor, label.box)
    length = math.hypot(x - anchor.x, y - anchor.y) - anchor.radius if label.leader else 0.0
    return 2 * length if label.crosses else length


def _one_by_one(
    anchors: Sequence[Anchor],
    order: Sequence[int],
    within: Box,
    taken: Sequence[Box],
    before: Sequence[Placed],
    far: bool,
) -> list[Placed]:
    """The labels placed `before`, and all labels of `order` that fit."""
    placed = list(before)
    occupied = [*taken, *(box for label in placed for box in _occupied_by(anchors[label.index], label))]
    tries = [(distance, False) for distance in DISTANCES] + [(distance, True) for distance in FAR_DISTANCES if far]
    for index in order:
        anchor = anchors[index]
        others = [*anchors[:index], *anchors[index + 1 :]]
        for distance, crosses in tries:
            box = _first_fit(anchor, distance, crosses, others, occupied, within)
            if box is not None:
                placed.append(Placed(index, box, distance >= LEADER, crosses))
                occupied += _occupied_by(anchor, placed[-1])
                break
    return placed


def _occupied_by(anchor: Anchor, label: Placed) -> list[Box]:
    """The boxes that a label occupies: its own with a space on both sides, and those along its leader line."""
    box = Box(label.box.left - SPACE, label.box.bottom, label.box.right + SPACE, label.box.top)
    return [box, *_along(anchor, label.box)] if label.leader else [box]


def _first_fit(
    anchor: Anchor, distance: float, crosses: bool, others: Sequence[Anchor], occupied: Sequence[Box], within: Box
) -> Box | None:
    """The first direction at this distance in which the label fits."""
    leader = distance >= LEADER
    # The clearance cannot hold for points at the same place.
    apart = [other for other in others if math.hypot(other.x - anchor.x, other.y - anchor.y) > CLEARANCE]
    clear = CLEARANCE if leader else CLEARANCE + distance
    for angle in DIRECTIONS:
        across, up = math.cos(angle), math.sin(angle)
        reach = anchor.radius + distance
        x = anchor.x + across * (reach + anchor.width / 2)
        y = anchor.y + up * (reach + anchor.height / 2)
        box = Box(x - anchor.width / 2, y - anchor.height / 2, x + anchor.width / 2, y + anchor.height / 2)
        if not box.within(within) or any(map(box.meets, occupied)) or any(map(box.covers, others)):
            continue
        if any(box.covers(other, clear) for other in apart):
            continue
        line = _along(anchor, box) if leader else []
        if not any(step.meets(other) for step in line for other in occupied) and (
            crosses or not any(step.covers(other) for step in line for other in others)
        ):
            return box
    return None


def nearest(anchor: Anchor, box: Box) -> tuple[float, float]:
    """The point of a label's box that is closest to its anchor."""
    return min(max(anchor.x, box.left), box.right), min(max(anchor.y, box.bottom), box.top)


def _along(anchor: Anchor, box: Box) -> list[Box]:
    """Small boxes along the leader line, from the edge of the point's disc to its label."""
    x, y = nearest(anchor, box)
    length = math.hypot(x - anchor.x, y - anchor.y)
    if length == 0:
        return []
    steps = max(1, round((length - anchor.radius) / 0.8))
    boxes = []
    for step in range(1, steps):
        share = (anchor.radius + (length - anchor.radius) * step / steps) / length
        across, up = anchor.x + share * (x - anchor.x), anchor.y + share * (y - anchor.y)
        boxes.append(Box(across - 0.4, up - 0.4, across + 0.4, up + 0.4))
    return boxes


def write(
    axes: "Axes", anchors: Sequence[Anchor], placed: Sequence[Placed], size: float, colour: str, line: str
) -> None:
    """Draws the labels and their leader lines. Coordinates are points from the lower left corner of the figure."""
    from matplotlib.transforms import Affine2D

    figure = axes.figure
    points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    for label in placed:
        anchor, box = anchors[label.index], label.box
        if label.leader:
            x, y = nearest(anchor, box)
            length = math.hypot(x - anchor.x, y - anchor.y)
            start = anchor.radius / length if length and not label.crosses else 0.0
            axes.plot(
                [anchor.x + start * (x - anchor.x), x],
                [anchor.y + start * (y - anchor.y), y],
                color=line,
                linewidth=0.5,
                marker="o" if label.crosses else "",
                markersize=1.6,
                markevery=[0],
                transform=points,
                zorder=4 if label.crosses else 2.5,
                scalex=False,
                scaley=False,
            )
        axes.text(
            (box.left + box.right) / 2,
            (box.bottom + box.top) / 2,
            anchor.text,
            fontsize=size,
            color=colour,
            bbox={"facecolor": GROUND, "edgecolor": "none", "pad": 0.3},  # no line of the grid crosses a label
            ha="center",
            va="center",
            transform=points,
            zorder=5,
        )

"""Labels of points of a plot, placed so that none covers another label or a point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIRECTIONS = tuple(math.pi * turn / 8 for turn in (0, 8, 4, 12, 2, 6, 14, 10, 1, 7, 15, 9, 3, 5, 13, 11))
"""Where a label may lie from its point, in order of preference: right, left, above, below, then between."""
DISTANCES = (1.5, 3.0, 5.0, 10.0, 16.0, 23.0)
"""From the rim of the point to the label, in points (1/72 inch)."""
FAR = (*DISTANCES, 31.0, 40.0, 50.0, 62.0, 76.0, 92.0, 110.0)
"""The same for labels that must not be left out; their leading lines may pass over other points, and so end in their
own.
"""
LEADER = 4.0
"""From this distance on, a line leads from the point to its label."""
CLEAR = 0.6
"""A label is this much nearer to its own point than to any other's; one with a leading line keeps this far from other
points.
"""


SPACE = 3.0
"""Points between labels side by side, so that they do not read as one."""
ROUNDS = 16
LEFT_OUT = 1000.0
"""The trouble of a label without a place, in points of leading line."""


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
        """Whether any of a point's disc lies in the box, or nearer to it than `clear`."""
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
    """Where a label lies, whether a line leads to it, and whether that line may cross other points."""

    index: int
    box: Box
    leader: bool
    crosses: bool = False


def measure(
    axes: "Axes", at: Sequence[tuple[float, float]], radii: Sequence[float], texts: Sequence[str], size: float
) -> list[Anchor]:
    """Points of a plot, in its own units, with the sizes of their labels; the figure is laid out now and stays so."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = cast("Figure", axes.figure)
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # labels are placed for this layout
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
    """The inside of a plot's axes, once the figure is laid out."""
    box = axes.get_window_extent()
    scale = 72 / axes.figure.dpi
    return Box(box.x0 * scale + 1, box.y0 * scale + 1, box.x1 * scale - 1, box.y1 * scale - 1)


def place(
    anchors: Sequence[Anchor], order: Sequence[int], within: Box, taken: Sequence[Box] = (), must: int = 0
) -> list[Placed]:
    """Places labels in the order given, each where it first fits in the frame, clear of points, of each other and of
    what is `taken`.

    One that fits nowhere is left out. The first `must` of the order look further and come before all others; among
    themselves the one that came off worst goes first the next time, for some rounds, of which the best counts.
    """
    first = _settle(anchors, order[:must], within, taken)
    return _one_by_one(anchors, order[must:], within, taken, first, far=False)


def _settle(anchors: Sequence[Anchor], order: Sequence[int], within: Box, taken: Sequence[Box]) -> list[Placed]:
    """Labels that must not be left out, in the best of ROUNDS rounds."""
    best: list[Placed] = []
    least = math.inf
    for _ in range(ROUNDS if order else 0):
        placed = {label.index: label for label in _one_by_one(anchors, order, within, taken, [], far=True)}
        troubles = {index: _trouble(anchors[index], placed.get(index)) for index in order}
        if sum(troubles.values()) < least:
            best, least = list(placed.values()), sum(troubles.values())
        worst = max(order, key=lambda index: troubles[index])
        order = [worst, *(index for index in order if index != worst)]
    return best


def _trouble(anchor: Anchor, label: Placed | None) -> float:
    """How badly a label came off: the length of its leading line in points, twice that where it
    crosses other points.
    """
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
    """The labels placed `before` and those of the order that fit beside them."""
    placed = list(before)
    solid = [*taken, *(box for label in placed for box in _filled(anchors[label.index], label))]
    tries = [(distance, False) for distance in DISTANCES] + [(distance, True) for distance in FAR if far]
    for index in order:
        anchor = anchors[index]
        others = [*anchors[:index], *anchors[index + 1 :]]
        for distance, crosses in tries:
            box = _first_fit(anchor, distance, crosses, others, solid, within)
            if box is not None:
                placed.append(Placed(index, box, distance >= LEADER, crosses))
                solid += _filled(anchor, placed[-1])
                break
    return placed


def _filled(anchor: Anchor, label: Placed) -> list[Box]:
    """What a label takes up: its box with a space at either end, and its leading line."""
    box = Box(label.box.left - SPACE, label.box.bottom, label.box.right + SPACE, label.box.top)
    return [box, *_along(anchor, label.box)] if label.leader else [box]


def _first_fit(
    anchor: Anchor, distance: float, crosses: bool, others: Sequence[Anchor], solid: Sequence[Box], within: Box
) -> Box | None:
    leader = distance >= LEADER
    apart = [
        other for other in others if math.hypot(other.x - anchor.x, other.y - anchor.y) > CLEAR
    ]  # one cannot be nearer to a twin
    clear = CLEAR if leader else CLEAR + distance
    for angle in DIRECTIONS:
        across, up = math.cos(angle), math.sin(angle)
        reach = anchor.radius + distance
        x = anchor.x + across * (reach + anchor.width / 2)
        y = anchor.y + up * (reach + anchor.height / 2)
        box = Box(x - anchor.width / 2, y - anchor.height / 2, x + anchor.width / 2, y + anchor.height / 2)
        if not box.within(within) or any(map(box.meets, solid)) or any(map(box.covers, others)):
            continue
        if any(box.covers(other, clear) for other in apart):
            continue
        line = _along(anchor, box) if leader else []
        if not any(step.meets(other) for step in line for other in solid) and (
            crosses or not any(step.covers(other) for step in line for other in others)
        ):
            return box
    return None


def nearest(anchor: Anchor, box: Box) -> tuple[float, float]:
    """The point of a label's box that is nearest to its anchor."""
    return min(max(anchor.x, box.left), box.right), min(max(anchor.y, box.bottom), box.top)


def _along(anchor: Anchor, box: Box) -> list[Box]:
    """Small boxes along the line from a point's rim to its label."""
    x, y = nearest(anchor, box)
    length = math.hypot(x - anchor.x, y - anchor.y)
    steps = max(1, round((length - anchor.radius) / 0.8))
    shares = (
        [(anchor.radius + (length - anchor.radius) * step / steps) / length for step in range(1, steps)]
        if length > 0
        else []
    )
    return [
        Box(
            anchor.x + share * (x - anchor.x) - 0.4,
            anchor.y + share * (y - anchor.y) - 0.4,
            *_corner(anchor, x, y, share),
        )
        for share in shares
    ]


def _corner(anchor: Anchor, x: float, y: float, share: float) -> tuple[float, float]:
    return anchor.x + share * (x - anchor.x) + 0.4, anchor.y + share * (y - anchor.y) + 0.4


def write(
    axes: "Axes", anchors: Sequence[Anchor], placed: Sequence[Placed], size: float, colour: str, line: str
) -> None:
    """Draws labels at their places, with their leading lines. Coordinates are points from the figure's lower left
    corner.
    """
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
            ha="center",
            va="center",
            transform=points,
            zorder=5,
        )

"""Two plots of the compared models: test accuracy against multiply-adds and against parameters, with the Pareto front.

They are half a page wide (3.5 in); text has 6 points or more. Error bars are the sample deviation over seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from nasbench.report.common.figure import (
    BLUE,
    GROUND,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    drawing,
    label,
    log_counts,
    new_figure,
    to_svg,
)
from nasbench.report.common.label_layout import Anchor, Box, Placed, frame, measure, place, write
from nasbench.report.comparison.rows import Row
from nasbench.report.run.plots import pareto_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, TALLEST = 3.5, 3.3, 5.0
"""Inches. With more than eight models, a plot is higher, up to TALLEST."""
SMALL = 6.0
"""Font size of the labels of marks, in points."""
MOST_LABELS = 30
"""So many models have a label, found ones and the best first; others where there is room beside their mark. To find
room for all of a hundred takes minutes, and they cover the plot.
"""
LONGEST = 26
"""Maximum number of characters of a label. Longer names are shortened in the middle."""
MARKS = {
    "found": ("found", RED, "D", 4.6),
    "random": ("random cells", ORANGE, "o", 4.2),
    "baseline": ("baselines", BLUE, "s", 4.2),
    "ensemble": ("ensembles", PURPLE, "^", 5.0),
}
"""Source -> name in the legend, colour, marker, size in points."""
FRONT = "Pareto front"
COSTS = (("macs", "multiply-adds of one image"), ("params", "trainable parameters"))


@dataclass(frozen=True)
class Mark:
    """A model on a plot: its cost, mean accuracy and deviation in percent. The deviation is 0 for a single seed."""

    label: str
    source: str
    cost: float
    accuracy: float
    deviation: float


def figures(rows: Sequence[Row]) -> dict[str, str]:
    """File name -> SVG text, for each plot that has data."""
    made: dict[str, str] = {}
    for cost, text in COSTS:
        shown = marks(rows, cost)
        if shown:
            name = f"accuracy_against_{cost}"
            made[f"{name}.svg"] = to_svg(accuracy_against(shown, text)[0], name)
    return made


def marks(rows: Sequence[Row], cost: str) -> list[Mark]:
    """The rows with a finished training and a known cost, as marks."""
    made = []
    for row in rows:
        value = getattr(row, cost)
        if value and value > 0 and row.mean is not None:
            made.append(Mark(short_name(row.model), row.source, value, 100 * row.mean, 100 * (row.std or 0.0)))
    return made


def short_name(model: str) -> str:
    """A model's name as a label: without prefix and directories, and at most LONGEST characters."""
    path = model.removesuffix("/architecture.json").removesuffix("/best").rstrip("/")
    name = path.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return label(name, LONGEST)


def accuracy_against(shown: Sequence[Mark], cost: str) -> tuple["Figure", list[Anchor], list[Placed]]:
    """The plot, its marks and the places of their labels. `cost` is the label of the x axis."""
    with drawing():
        figure = new_figure(WIDTH, min(TALLEST, HEIGHT + 0.1 * max(0, len(shown) - 8)))
        axes = figure.subplots()
        for source, (name, colour, marker, size) in MARKS.items():
            some = [mark for mark in shown if mark.source == source]
            if some:
                axes.errorbar(
                    [mark.cost for mark in some],
                    [mark.accuracy for mark in some],
                    yerr=[mark.deviation for mark in some],
                    fmt=marker,
                    markersize=size,
                    color=colour,
                    markeredgecolor=GROUND,
                    markeredgewidth=0.5,
                    elinewidth=0.9,
                    capsize=2,
                    capthick=0.9,
                    label=name,
                    zorder=4 if source == "found" else 3,
                )
        front = pareto_front([(mark.cost, mark.accuracy) for mark in shown])
        axes.step(
            *zip(*front, strict=True),
            where="post",
            color=MUTED,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label=FRONT,
            zorder=2,
        )
        costs = [mark.cost for mark in shown]
        log_counts(axes, costs)
        spread = (max(costs) / min(costs)) ** 0.12
        axes.set_xlim(min(costs) / max(1.35, spread), max(costs) * max(1.35, spread))
        low = min(mark.accuracy - mark.deviation for mark in shown)
        high = max(mark.accuracy + mark.deviation for mark in shown)
        pad = max(0.14 * (high - low), 0.2)
        axes.set_ylim(low - pad, high + pad)
        axes.set_xlabel(cost)
        axes.set_ylabel("test accuracy, % (mean ± deviation)")
        lines, names = axes.get_legend_handles_labels()
        last = names.index(FRONT)
        listed = [*(index for index in range(len(names)) if index != last), last]
        figure.legend(
            [lines[index] for index in listed],
            [names[index] for index in listed],
            loc="outside upper left",
            ncols=4,
            fontsize=6.5,
            handlelength=1.6,
            handletextpad=0.4,
            columnspacing=1.0,
            borderpad=0.2,
        )
        radii = [0.7 * MARKS[mark.source][3] for mark in shown]  # half a square's diagonal
        anchors = measure(
            axes, [(mark.cost, mark.accuracy) for mark in shown], radii, [mark.label for mark in shown], SMALL
        )
        taken = _obstacles(axes, shown, anchors, front)
        order = sorted(range(len(shown)), key=lambda index: (shown[index].source != "found", -shown[index].accuracy))
        placed = place(anchors, order, frame(axes), taken, num_required=min(len(order), MOST_LABELS))
        left = [index for index in order[:MOST_LABELS] if index not in {label.index for label in placed}]
        # Labels that found no place may cover error bars and the front, but never a mark or another label.
        placed += place(
            anchors, left, frame(axes), [*map(_disc, anchors), *(label.box for label in placed)], num_required=len(left)
        )
        write(axes, anchors, placed, SMALL, INK, MUTED)
        return figure, anchors, placed


def _obstacles(
    axes: "Axes", shown: Sequence[Mark], anchors: Sequence[Anchor], front: Sequence[tuple[float, float]]
) -> list[Box]:
    """The boxes that labels should not cover, in points (1/72 inch): marks, error bars, the front."""
    scale = 72 / axes.figure.dpi

    def at(cost: float, accuracy: float) -> tuple[float, float]:
        across, up = axes.transData.transform((cost, accuracy))
        return float(across * scale), float(up * scale)

    taken = [_disc(anchor) for anchor in anchors]
    for mark in shown:
        if mark.deviation:
            x, bottom = at(mark.cost, mark.accuracy - mark.deviation)
            _, top = at(mark.cost, mark.accuracy + mark.deviation)
            taken += [
                Box(x - 1.2, bottom, x + 1.2, top),
                *(Box(x - 3, end - 0.8, x + 3, end + 0.8) for end in (bottom, top)),
            ]
    return taken + _steps([at(*corner) for corner in front])


def _disc(mark: Anchor) -> Box:
    return Box(
        mark.x - 0.8 * mark.radius, mark.y - 0.8 * mark.radius, mark.x + 0.8 * mark.radius, mark.y + 0.8 * mark.radius
    )


def _steps(corners: Sequence[tuple[float, float]]) -> list[Box]:
    """Boxes along the line of the front: horizontal to the next corner, then vertical."""
    boxes = []
    for (x, y), (next_x, next_y) in pairwise(corners):
        boxes += [Box(x, y - 0.6, next_x, y + 0.6), Box(next_x - 0.6, y, next_x + 0.6, next_y)]
    return boxes

"""The compared models in two plots, test accuracy against multiply-adds and against parameters, with the front of the best at a cost.

At half a page's width (3.5 in), with text of 6 points and more. Error bars are the sample deviation over seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from nasbench.report.comparison import Row
from nasbench.report.label_layout import Anchor, Box, Placed, place, write
from nasbench.report.plots import BLUE, GROUND, INK, MUTED, ORANGE, PURPLE, RED, STYLE, log_counts, new_figure, pareto_front, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 3.5, 3.3
SMALL = 6.0
"""Points of the labels of marks."""
LONGEST = 26
"""Characters of a label; longer names are cut in their middle."""
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
    """A model on a plot: its cost, mean accuracy and deviation in percent (0 where there is one seed)."""

    label: str
    source: str
    cost: float
    accuracy: float
    deviation: float


def figures(rows: Sequence[Row]) -> dict[str, str]:
    """File name -> SVG text of each plot that there are numbers for."""
    made: dict[str, str] = {}
    for cost, text in COSTS:
        shown = marks(rows, cost)
        if shown:
            name = f"accuracy_against_{cost}"
            made[f"{name}.svg"] = to_svg(accuracy_against(shown, text)[0], name)
    return made


def marks(rows: Sequence[Row], cost: str) -> list[Mark]:
    """The rows that have a finished training and a cost to plot against."""
    made = []
    for row in rows:
        value = getattr(row, cost)
        if value and value > 0 and row.mean is not None:
            made.append(Mark(short_name(row.model), row.source, value, 100 * row.mean, 100 * (row.std or 0.0)))
    return made


def short_name(model: str) -> str:
    """A model's name as a label: no prefix, no directories, not too long."""
    name = model.removeprefix("zoo:").rstrip("/").rsplit("/", 1)[-1]
    half = LONGEST // 2
    return name if len(name) <= LONGEST else f"{name[: half - 1]}…{name[-half:]}"


def accuracy_against(shown: Sequence[Mark], cost: str) -> tuple["Figure", list[Anchor], list[Placed]]:
    """The plot, its marks and where their labels lie. `cost` is the text of the axis."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure = new_figure(WIDTH, HEIGHT)
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
        axes.step(*zip(*front, strict=True), where="post", color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)), label=FRONT, zorder=2)
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
        order = [*(place for place in range(len(names)) if place != last), last]
        figure.legend(
            [lines[place] for place in order],
            [names[place] for place in order],
            loc="outside upper left",
            ncols=4,
            fontsize=6.5,
            handlelength=1.6,
            handletextpad=0.4,
            columnspacing=1.0,
            borderpad=0.2,
        )
        anchors, frame, taken = _layout(figure, axes, shown, front)
        order = sorted(range(len(shown)), key=lambda index: (shown[index].source != "found", -shown[index].accuracy))
        placed = place(anchors, order, frame, taken, must=len(order))
        write(axes, anchors, placed, SMALL, INK, MUTED)
        return figure, anchors, placed


def _layout(
    figure: "Figure", axes: "Axes", shown: Sequence[Mark], front: Sequence[tuple[float, float]]
) -> tuple[list[Anchor], Box, list[Box]]:
    """In points (1/72 inch), once the figure is laid out: the marks with the sizes of their labels, the frame, and what
    no label may cover: marks, error bars, the front."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # labels are placed for this layout
    scale = 72 / figure.dpi

    def at(cost: float, accuracy: float) -> tuple[float, float]:
        across, up = axes.transData.transform((cost, accuracy))
        return float(across * scale), float(up * scale)

    anchors, taken = [], []
    for mark in shown:
        probe = axes.text(0.5, 0.5, mark.label, fontsize=SMALL)
        size = probe.get_window_extent(renderer)
        probe.remove()
        x, y = at(mark.cost, mark.accuracy)
        radius = 0.7 * MARKS[mark.source][3]  # half a square's diagonal
        anchors.append(Anchor(x, y, radius, mark.label, size.width * scale, size.height * scale))
        taken.append(Box(x - 0.8 * radius, y - 0.8 * radius, x + 0.8 * radius, y + 0.8 * radius))
        if mark.deviation:
            _, bottom = at(mark.cost, mark.accuracy - mark.deviation)
            _, top = at(mark.cost, mark.accuracy + mark.deviation)
            taken += [Box(x - 1.2, bottom, x + 1.2, top), Box(x - 3, bottom - 0.8, x + 3, bottom + 0.8)]
            taken.append(Box(x - 3, top - 0.8, x + 3, top + 0.8))
    window = axes.get_window_extent()
    frame = Box(window.x0 * scale + 1, window.y0 * scale + 1, window.x1 * scale - 1, window.y1 * scale - 1)
    return anchors, frame, taken + _steps([at(*point) for point in front])


def _steps(corners: Sequence[tuple[float, float]]) -> list[Box]:
    """The front's line, as boxes: level to the next corner, then up to it."""
    boxes = []
    for (x, y), (next_x, next_y) in pairwise(corners):
        boxes += [Box(x, y - 0.6, next_x, y + 0.6), Box(next_x - 0.6, y, next_x + 0.6, next_y)]
    return boxes

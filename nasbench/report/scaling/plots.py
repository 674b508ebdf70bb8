"""The plots of a search for scaling coefficients: the surface as a triangle, the comparison at equal multiply-adds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench.core.compound import PUBLISHED
from nasbench.core.trial import Trial
from nasbench.report.common.dot_titles import mark, titled
from nasbench.report.common.figure import BLUE, INK, MUTED, ORANGE, drawing, label, new_figure, to_svg
from nasbench.report.common.thinned import MOST_DOTS, evenly
from nasbench.report.scaling.fit import Fit
from nasbench.report.scaling.results import Point, Row, shares_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 3**0.5 / 2
"""Height of an equilateral triangle with sides of 1."""
COLOURS = "viridis"
CORNERS = (
    ((0.5, HEIGHT), "depth alone\nα = 2", "center", "bottom"),
    ((0.0, 0.0), "width alone\nβ = 1.414", "center", "top"),
    ((1.0, 0.0), "resolution alone\nγ = 1.414", "center", "top"),
)


def scaling_plots(
    points: Sequence[Point], fit: Fit | None, chosen: Row | None, rows: Sequence[Row], trials: Sequence[Trial] = ()
) -> dict[str, str]:
    """File stem -> SVG text, for every plot that has data. `trials`: those that dots are named after."""
    with drawing():
        made = {"surface": surface(points, fit, chosen), "comparison": comparison(rows)}
        return {name: titled(to_svg(figure, name), trials) for name, figure in made.items() if figure is not None}


def surface(points: Sequence[Point], fit: Fit | None, chosen: Row | None) -> "Figure | None":
    """The scores on a triangle, in which every split of the growth is a point. The background is the fitted surface."""
    if not points:
        return None
    figure = new_figure(5.2, 4.4)
    axes = figure.subplots()
    scores = [point.score for point in points]
    low, high = min(scores), max(scores)
    if high - low < 1e-6:
        low, high = low - 0.01, high + 0.01
    if fit is not None and len(points) >= 6:
        _draw_fit(axes, fit, low, high)
    _draw_frame(axes)
    drawn = evenly(points, MOST_DOTS)
    placed = np.array([_place(point.shares) for point in drawn])  # (N, 2)
    marks = axes.scatter(
        placed[:, 0],
        placed[:, 1],
        c=[point.score for point in drawn],
        cmap=COLOURS,
        vmin=low,
        vmax=high,
        s=34,
        edgecolors=INK,
        linewidths=0.6,
        zorder=3,
        label="candidates",
    )
    marks.set_gid(mark([point.number for point in drawn]))
    x, y = _place(shares_of(PUBLISHED.at(1.0)))
    axes.plot(
        x,
        y,
        "D",
        color="none",
        markeredgecolor=ORANGE,
        markeredgewidth=1.6,
        markersize=8,
        zorder=4,
        label="published 1.2, 1.1, 1.15",
    )
    if chosen is not None:
        x, y = _place(shares_of(chosen.multipliers))
        found = ", ".join(f"{value:.3g}" for value in vars(chosen.coefficients).values())
        axes.plot(
            x,
            y,
            "*",
            color=ORANGE,
            markeredgecolor=INK,
            markeredgewidth=0.7,
            markersize=14,
            zorder=5,
            label=f"found {found}",
        )
    bar = figure.colorbar(marks, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label("score: accuracy × (MACs / 2 base MACs)^-0.07")
    bar.outline.set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, handletextpad=0.4, columnspacing=1.2)
    return figure


def comparison(rows: Sequence[Row]) -> "Figure | None":
    """The accuracy of each network of the comparison: every seed, the mean, and mean ± one standard deviation."""
    if not rows:
        return None
    figure = new_figure(7.2, 0.75 + 0.3 * len(rows))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        values = [100 * value for value in row.accuracies]
        colour = BLUE if row.is_front_runner else ORANGE
        mean = sum(values) / len(values)
        if len(values) > 1:
            spread = float(np.std(values, ddof=1))
            axes.plot(
                [mean - spread, mean + spread],
                [place, place],
                color=colour,
                linewidth=2.2,
                alpha=0.45,
                solid_capstyle="butt",
            )
        (dots,) = axes.plot(
            values, [place] * len(values), "o", color=colour, markersize=3.5, alpha=0.7, markeredgewidth=0
        )
        dots.set_gid(mark([trial.number for _, trial in sorted(row.trials.items())]))
        axes.plot(mean, place, "|", color=INK, markersize=13, markeredgewidth=1.8)
    axes.set_yticks(range(len(rows)), [f"{label(row.name)}  ({row.macs_ratio:.2f}x MACs)" for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("validation accuracy, %")
    axes.margins(x=0.06)
    return figure


def _draw_fit(axes: "Axes", fit: Fit, low: float, high: float) -> None:
    """The fitted surface in light colours, with the colour scale of the points."""
    from matplotlib.tri import Triangulation

    steps = 60
    shares = np.array([(i / steps, j / steps) for i in range(steps + 1) for j in range(steps + 1 - i)])  # (N, 2)
    placed = np.array([_place((depth, width, 1 - depth - width)) for depth, width in shares])  # (N, 2)
    triangles = Triangulation(placed[:, 0], placed[:, 1])
    predicted = np.clip(fit.at(shares[:, 0], shares[:, 1]), low, high)  # (N,)
    axes.tricontourf(triangles, predicted, levels=np.linspace(low, high, 13), cmap=COLOURS, alpha=0.35, extend="both")


def _draw_frame(axes: "Axes") -> None:
    """The triangle, the names of its corners, and lines at 1/4, 1/2 and 3/4 of the growth for each dimension."""
    axes.set_aspect("equal")
    axes.set_axis_off()
    corners = [_place(each) for each in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0))]
    axes.plot(*zip(*corners, strict=True), color=MUTED, linewidth=1.0, zorder=2)
    for share in (0.25, 0.5, 0.75):
        rest = 1 - share
        for ends in (
            ((share, rest, 0), (share, 0, rest)),
            ((rest, share, 0), (0, share, rest)),
            ((rest, 0, share), (0, rest, share)),
        ):
            axes.plot(
                *zip(*(_place(end) for end in ends), strict=True), color=MUTED, linewidth=0.4, alpha=0.6, zorder=2
            )
    for (x, y), text, across, up in CORNERS:
        nudge = 0.03 if up == "bottom" else -0.03
        axes.text(x, y + nudge, text, ha=across, va=up, fontsize=8, color=INK)
    axes.set_xlim(-0.16, 1.16)
    axes.set_ylim(-0.16, HEIGHT + 0.16)


def _place(shares: tuple[float, float, float]) -> tuple[float, float]:
    """Shares of depth, width, resolution -> a point of the triangle with these corners: top, left, right."""
    depth, _, resolution = shares
    return resolution + depth / 2, depth * HEIGHT

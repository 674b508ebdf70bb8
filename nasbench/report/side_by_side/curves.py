"""The best score so far of each search, by trials and by time: as a picture, and as data."""

from collections.abc import Sequence

from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.chart_element import Plot
from nasbench.report.common.curves import COLOURS
from nasbench.report.common.figure import drawing, label, new_figure, to_svg
from nasbench.report.side_by_side.results import Search

Curves = Sequence[Sequence[tuple[float, float]]]
"""(place, best score so far) in order, for each search."""
NAME = "best_so_far"
SETTLED = 0.05
"""The part of its way after which a search is far from its start."""
COLUMNS = 2
"""Names in a line of the picture's legend."""


def best_so_far_plot(searches: Sequence[Search], score: str) -> Plot | None:
    """None where no search has a score."""
    simulated = all(search.simulates for search in searches)
    by_trials = [search.curve() for search in searches]
    if not any(by_trials):
        return None
    by_time = [search.curve_in_time(simulated) for search in searches]
    seconds = "seconds by the table's cost column" if simulated else "device-seconds of evaluations"
    panels = [_panel(searches, by_trials, Axis("trials finished", whole=True, low=0), score)]
    panels.append(_panel(searches, by_time, Axis(seconds, low=0), score))
    chart = Chart(NAME, panels)
    return Plot(_picture(chart), chart)


def _panel(searches: Sequence[Search], curves: Curves, axis: Axis, score: str) -> Panel:
    series = [
        Series(search.name, "steps", curve, _colour(place), dashed=_is_dashed(place))
        for place, (search, curve) in enumerate(zip(searches, curves, strict=True))
    ]
    return Panel(axis, Axis(score, low=_low(curves)), series)


def _low(curves: Curves) -> float | None:
    """Where the y axis begins: below what each search had after SETTLED of its way, since the start lies far lower."""
    ends = [(curve, SETTLED * curve[-1][0]) for curve in curves if curve]
    settled = [max((value for at, value in curve if at <= early), default=curve[0][1]) for curve, early in ends]
    last = max(curve[-1][1] for curve, _ in ends)
    return min(settled) - 0.05 * (last - min(settled)) if last > min(settled) else None


def _picture(chart: Chart) -> str:
    names = [series.name for series in chart.panels[0].series]
    with drawing():
        figure = new_figure(7.2, 2.7 + 0.16 * -(-len(names) // COLUMNS))
        for axes, panel in zip(figure.subplots(1, 2, sharey=True), chart.panels, strict=True):
            for series in (each for each in panel.series if each.points):
                style = (0, (5, 2)) if series.dashed else "-"
                x, y = zip(*series.points, strict=True)
                axes.step(x, y, where="post", color=series.colour, linestyle=style, label=label(series.name))
            axes.set_xlabel(panel.x.label)
            axes.set_xlim(left=0)
            axes.set_ylim(bottom=panel.y.low)
            axes.locator_params(axis="x", nbins=6)
        figure.axes[0].set_ylabel(label(chart.panels[0].y.label))
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=COLUMNS)
        return to_svg(figure, NAME)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _is_dashed(place: int) -> bool:
    return place // len(COLOURS) % 2 == 1

"""The plots of the compared models as data: a dot a model, which says its name, with its error bar."""

from collections.abc import Sequence

from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.figure import MUTED
from nasbench.report.comparison.plots import COSTS, FRONT, MARKS, Mark, marks
from nasbench.report.comparison.rows import Row
from nasbench.report.run.plots import pareto_front

ROOM = 1.35
"""What the logarithmic axis has beyond the cheapest and the dearest model."""


def comparison_chart(rows: Sequence[Row]) -> Chart:
    """One chart with a panel for each cost, so that a series is switched off in both."""
    panels = [_panel(shown, text) for cost, text in COSTS if (shown := marks(rows, cost))]
    return Chart("accuracy", panels, tall=True)


def _panel(shown: Sequence[Mark], cost: str) -> Panel:
    series = []
    for source, (name, colour, _, _) in MARKS.items():
        some = [mark for mark in shown if mark.source == source]
        series.append(
            Series(
                name,
                "dots",
                [(mark.cost, mark.accuracy) for mark in some],
                colour,
                labels=[mark.label for mark in some],
                errors=[mark.deviation for mark in some],
            )
        )
    front = pareto_front([(mark.cost, mark.accuracy) for mark in shown])
    series.append(Series(FRONT, "steps", front, MUTED, dashed=True))
    costs = [mark.cost for mark in shown]
    low = min(mark.accuracy - mark.deviation for mark in shown)
    high = max(mark.accuracy + mark.deviation for mark in shown)
    pad = max(0.14 * (high - low), 0.2)
    return Panel(
        Axis(cost, log=True, low=min(costs) / ROOM, high=max(costs) * ROOM),
        Axis("test accuracy, % (mean ± deviation)", low=low - pad, high=high + pad),
        series,
    )

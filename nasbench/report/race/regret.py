"""The regret of a race on logarithmic axes: how far the returned architecture lies below the best of the table."""

from typing import TYPE_CHECKING

from nasbench.report.common.chart import Axis as ChartAxis
from nasbench.report.common.chart import Chart, Panel, Series
from nasbench.report.common.figure import label, new_figure
from nasbench.report.race.results import Axis, Race
from nasbench.report.race.styles import axes_of, colours, furthest, returned

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

STEM = "regret"
POINTS = 120
"""Number of positions along the x axis."""


def has_regret(race: Race) -> bool:
    """Whether the best of the table is known in the ranking column, and some mean lies below it."""
    if race.optimum.get(race.rank_by) is None or not any(each.steps for each in race.repetitions):
        return False
    axis, _ = axes_of(race)[0]
    grid, drawn = _places(race, axis), race.standings(race.budgets[-1])
    return any((mean_regret(race, each.strategy, grid, axis) > 0).any() for each in drawn)


def regret_figure(race: Race) -> "Figure":
    """A line for each strategy; a panel for the evaluations, and one for simulated time where queries have a cost."""
    panels, order = axes_of(race), [standing.strategy for standing in race.standings(race.budgets[-1])]
    styles, figure = colours(race.strategies), new_figure(7.2, 3.1)
    drawn = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (axis, text) in zip(drawn, panels, strict=True):
        grid = _places(race, axis)
        for strategy in order:
            colour, dash = styles[strategy]
            axes.plot(
                grid, mean_regret(race, strategy, grid, axis), color=colour, linestyle=dash, label=label(strategy)
            )
        axes.set(xscale="log", yscale="log", xlabel=text)
    drawn[0].set_ylabel(f"mean regret in\n{label(race.rank_by)}")
    figure.legend(*drawn[0].get_legend_handles_labels(), loc="outside upper left", ncols=5, handlelength=1.8)
    return figure


def regret_chart(race: Race) -> Chart:
    """The same as data."""
    panels, styles = [], colours(race.strategies)
    for axis, text in axes_of(race):
        grid = _places(race, axis)
        series = []
        for standing in race.standings(race.budgets[-1]):
            values = mean_regret(race, standing.strategy, grid, axis).tolist()
            line = [(x, y if y == y else None) for x, y in zip(grid.tolist(), values, strict=True)]
            colour, dash = styles[standing.strategy]
            series.append(Series(standing.strategy, "line", line, colour, dashed=dash != "-"))
        across = ChartAxis(text, log=True, low=float(grid[0]), high=float(grid[-1]))
        panels.append(Panel(across, ChartAxis(f"mean regret in {race.rank_by}", log=True), series))
    return Chart(STEM, panels)


def mean_regret(race: Race, strategy: str, grid: "np.ndarray", axis: Axis) -> "np.ndarray":
    """The best of the table less the mean over the repetitions: (places,).

    NaN where a repetition has no result yet, and where all have found the best: 0 has no place on a logarithmic axis.
    """
    import numpy as np

    place, optimum = race.columns.index(race.rank_by), race.optimum[race.rank_by]
    regret = np.mean([optimum - returned(each, grid, axis, place) for each in race.of_strategy(strategy)], axis=0)
    return np.asarray(np.where(regret > 0, regret, np.nan))


def _places(race: Race, axis: Axis) -> "np.ndarray":
    """Positions that are evenly spaced on a logarithmic axis."""
    import numpy as np

    last = furthest(race, axis)
    if axis == "evaluations":
        return np.unique(np.geomspace(1, max(2, round(last)), POINTS).round())
    first = min((each.steps[0].seconds for each in race.repetitions if each.steps), default=1.0)
    return np.geomspace(min(max(first, 1e-9), last / 2), last, POINTS)

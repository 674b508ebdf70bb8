"""The anytime curves of a race as data: a line with its band for each strategy; and its regret."""

from nasbench.report.common.chart import Axis as ChartAxis
from nasbench.report.common.chart import Chart, Panel, Series
from nasbench.report.common.figure import INK, MUTED
from nasbench.report.race.plots import places, quartiles, shown_range, stems
from nasbench.report.race.regret import STEM as REGRET
from nasbench.report.race.regret import has_regret, regret_chart
from nasbench.report.race.results import Race, Summary
from nasbench.report.race.styles import axes_of, colours
from nasbench.report.race.tables import budget_text


def race_charts(race: Race) -> dict[str, Chart]:
    """File stem of its picture -> chart, for each column that the race reports."""
    found = {stem: _anytime(race, place, stem) for place, stem in enumerate(stems(race)) if place < len(race.columns)}
    return {**found, REGRET: regret_chart(race)} if has_regret(race) else found


def _anytime(race: Race, place: int, stem: str) -> Chart:
    styles, order = colours(race.strategies), [standing.strategy for standing in race.standings(race.budgets[-1])]
    optimum, panels = race.optimum.get(race.columns[place]), []
    low, high = shown_range(race, place)
    for axis, text in axes_of(race):
        grid = places(race, axis)
        series = []
        for strategy in order:
            lower, median, upper = quartiles(race.of_strategy(strategy), grid, axis, place)
            colour, dash = styles[strategy]
            line = list(zip(grid.tolist(), median.tolist(), strict=True))
            band = {"low": lower.tolist(), "high": upper.tolist()}
            series.append(Series(strategy, "line", line, colour, dashed=dash != "-", **band))
        if optimum is not None:
            name = f"best in the table, {Summary(optimum, None)}"
            series.append(Series(name, "line", [(0, optimum), (float(grid[-1]), optimum)], INK, dashed=True))
        if axis == race.axis and race.budget < race.budgets[-1]:
            name = f"the race's budget, {budget_text(race, race.budget)}"
            series.append(Series(name, "line", [(race.budget, 0), (race.budget, 1)], MUTED, edge=True))
        across = ChartAxis(text, low=0, high=float(grid[-1]), whole=axis == "evaluations")
        panels.append(Panel(across, ChartAxis(race.columns[place], low=low, high=high), series))
    return Chart(stem, panels)

"""The plots of a race: the result of each strategy over time, and the share of wins of each pair of strategies.

A line is the median over the repetitions. Its band covers the middle half of them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench.report.common.figure import (
    BLUE,
    GROUND,
    INK,
    MUTED,
    ORANGE,
    drawing,
    label,
    new_figure,
    to_svg,
)
from nasbench.report.race.regret import STEM as REGRET
from nasbench.report.race.regret import has_regret, regret_figure
from nasbench.report.race.results import Axis, Race, Repetition, Summary
from nasbench.report.race.styles import axes_of, colours, furthest, returned
from nasbench.report.race.tables import budget_text

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

POINTS = 240
"""Number of positions along the x axis at which quantiles are computed."""
PAGE = 7.2
"""Width of the page, inches."""
LONGEST_STEM = 60
"""Characters of a column's name in the name of its plot's file."""
SETTLED = 0.12
"""The limits of the y axis ignore this first fraction of the x axis, where the results are far below the rest."""


def stems(race: Race) -> list[str]:
    """The file stem of every plot that has data: one a column, in their order, then the regret's and the wins'."""
    if not any(repetition.steps for repetition in race.repetitions):
        return []
    names: list[str] = []
    for place, column in enumerate(race.columns):
        name = f"anytime_{''.join(letter if letter.isalnum() else '_' for letter in column)[:LONGEST_STEM]}"
        names.append(f"{name}_{place}" if name in names else name)
    names += [REGRET] if has_regret(race) else []
    return [*names, "wins"] if len(race.standings(race.budget)) > 1 else names


def figures(race: Race) -> dict[str, str]:
    """File stem -> SVG text, for every plot that has data."""
    with drawing():
        return {
            name: to_svg(
                anytime(race, place)
                if place < len(race.columns)
                else regret_figure(race)
                if name == REGRET
                else wins(race),
                name,
            )
            for place, name in enumerate(stems(race))
        }


def anytime(race: Race, place: int) -> "Figure":
    """Column number `place` of the architecture that would be returned, against the evaluations.

    If queries have a cost, a second panel shows it against simulated time.
    """
    along = axes_of(race)
    order = [standing.strategy for standing in race.standings(race.budgets[-1])]
    styles = colours(race.strategies)
    columns = max(1, int(PAGE / (0.055 * max(len(label(each)) for each in order) + 0.45)))
    optimum = race.optimum.get(race.columns[place])
    figure = new_figure(PAGE, 2.9 + 0.15 * -(-(len(order) + 2) // columns))
    panels = figure.subplots(1, len(along), squeeze=False, sharey=True)[0]
    drawn: list[np.ndarray] = []
    for axes, (axis, text) in zip(panels, along, strict=True):
        grid = places(race, axis)
        for strategy in order:
            bands = quartiles(race.of_strategy(strategy), grid, axis, place)
            colour, dash = styles[strategy]
            axes.fill_between(
                grid, bands[0], bands[2], color=colour, alpha=0.14 if len(order) <= 4 else 0.08, linewidth=0
            )
            axes.plot(grid, bands[1], color=colour, linestyle=dash, linewidth=1.4, label=label(strategy))
            drawn.append(bands)
        if optimum is not None:
            axes.axhline(
                optimum,
                color=INK,
                linewidth=0.8,
                linestyle=(0, (1, 2)),
                label=f"best in the table, {Summary(optimum, None)}",
            )
        if axis == race.axis and race.budget < race.budgets[-1]:
            axes.axvline(
                race.budget, color=MUTED, linewidth=0.9, label=f"the race's budget, {budget_text(race, race.budget)}"
            )
        axes.set_xlabel(text)
        axes.set_xlim(0, grid[-1])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.locator_params(axis="x", nbins=6)
    panels[0].set_ylim(*_range(drawn, optimum))
    panels[0].set_ylabel(
        label(race.columns[place]) + (", best so far" if place == 0 else "\nof the returned architecture")
    )
    named = {name: handle for axes in panels for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(
        list(named.values()), list(named), loc="outside upper left", ncols=columns, handlelength=1.8, columnspacing=1.2
    )
    return figure


def shown_range(race: Race, place: int) -> tuple[float, float]:
    """The ends of the y axis of `anytime`."""
    bands = [
        quartiles(race.of_strategy(strategy), grid, axis, place)
        for axis, _ in axes_of(race)
        for grid in [places(race, axis)]
        for strategy in race.strategies
    ]
    return _range(bands, race.optimum.get(race.columns[place]))


def _range(bands: "Sequence[np.ndarray]", optimum: float | None) -> tuple[float, float]:
    """The ends of an axis that shows the quartiles, of (3, places) each, where they have settled, and the optimum."""
    settled = [each[:, int(SETTLED * each.shape[1]) :] for each in bands]
    lows = [float(min(each[0])) for each in settled]
    highs = [*([] if optimum is None else [optimum]), *(float(max(each[2])) for each in settled)]
    low = min((value for value in lows if value == value), default=0.0)
    high = max(highs)
    pad = 0.04 * (high - low) or 0.01
    return low - pad, high + pad


def wins(race: Race) -> "Figure":
    """The share of seeds in which the strategy of the row beats the strategy of the column, with its 95 % interval."""
    order = [standing.strategy for standing in race.standings(race.budget)]
    found = {(win.strategy, win.other): win for win in race.wins()}
    size = len(order)
    left = 0.055 * max(len(label(each)) for each in order) + 0.35
    cell = min(0.85, max(0.5, (PAGE - left) / size))
    figure = new_figure(left + cell * size + 0.2, 0.42 * size + 0.75)
    axes = figure.subplots()
    for row, one in enumerate(order):
        for column, other in enumerate(order):
            win = found.get((one, other))
            if win is None:
                continue
            axes.add_patch(_square(column, row, BLUE if win.share > 0.5 else ORANGE, 0.6 * abs(2 * win.share - 1)))
            axes.text(column, row - 0.14, f"{win.share:.2f}", ha="center", va="center", fontsize=7.5)
            axes.text(column, row + 0.24, f"{win.low:.2f}–{win.high:.2f}", ha="center", va="center", fontsize=6)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_xticks(range(size), [str(index + 1) for index in range(size)])
    axes.set_yticks(range(size), [f"{label(strategy)}  {index + 1}" for index, strategy in enumerate(order)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def places(race: Race, axis: Axis) -> "np.ndarray":
    """The positions along an axis at which quantiles are computed.

    On the axis of evaluations, they end at the highest mean number of evaluations that the largest budget allowed. On
    the axis of seconds, they end at the largest budget, or at the longest repetition if budgets are evaluations.
    """
    import numpy as np

    if axis == "seconds":
        return np.linspace(0, furthest(race, axis), POINTS)
    return np.unique(np.linspace(1, max(2, round(furthest(race, axis))), POINTS).round())


def quartiles(repetitions: Sequence[Repetition], grid: "np.ndarray", axis: Axis, place: int) -> "np.ndarray":
    """(3, places): lower quartile, median and upper quartile of the values of the returned architectures.

    NaN where fewer than half of the repetitions have a result.
    """
    import numpy as np

    values = np.full((len(repetitions), len(grid)), np.nan)
    for row, repetition in enumerate(repetitions):
        values[row] = returned(repetition, grid, axis, place)
    bands = np.full((3, len(grid)), np.nan)
    enough = np.isfinite(values).mean(axis=0) >= 0.5
    if enough.any():
        bands[:, enough] = np.nanquantile(values[:, enough], (0.25, 0.5, 0.75), axis=0)
    return bands


def _square(column: float, row: float, colour: str, strength: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=(colour, strength), edgecolor=GROUND, linewidth=1.2)

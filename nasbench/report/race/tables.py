"""The tables of a race: the standings at the budget of the race and at the others, and the shares of wins."""

from collections.abc import Sequence
from math import inf
from statistics import fmean
from typing import TYPE_CHECKING

from nasbench.core.count_text import quantity
from nasbench.report.race.results import Race, Standing

if TYPE_CHECKING:
    from rich.table import Table


def standing_columns(race: Race) -> tuple[str, ...]:
    """The column names of the table of standings."""
    others = [f"{race.rank_by} at {budget_text(race, budget)}" for budget in race.budgets if budget != race.budget]
    return ("strategy", "evaluations", *race.columns, *others)


def standing_rows(race: Race) -> list[tuple[str, ...]]:
    """One row for each strategy, with the columns of `standing_columns`, the best in the ranking column first.

    Values are mean ± sample deviation.
    """
    return [
        (
            standing.strategy,
            evaluations(standing),
            *(str(standing.columns[column]) for column in race.columns),
            *(
                "–" if (other := race.standing(standing.strategy, budget)) is None else str(other.columns[race.rank_by])
                for budget in race.budgets
                if budget != race.budget
            ),
        )
        for standing in race.standings(race.budget)
    ]


def order_rows(race: Race) -> list[tuple[str, ...]]:
    """One row for each budget: the strategies from the best to the worst."""
    return [
        (budget_text(race, budget), " > ".join(standing.strategy for standing in race.standings(budget)))
        for budget in race.budgets
    ]


def place_rows(races: Sequence[Race]) -> list[tuple[str, ...]]:
    """One row for each strategy, with the best mean place first: the place in each race, and the mean of the places."""
    found: dict[str, list[int | None]] = {}
    for race in races:
        order = [standing.strategy for standing in race.standings(race.budget)]
        for strategy in race.strategies:
            place = order.index(strategy) + 1 if strategy in order else None
            found.setdefault(strategy, []).append(place)
    means = {
        strategy: fmean(known) if (known := [each for each in places if each is not None]) else inf
        for strategy, places in found.items()
    }
    return [
        (
            strategy,
            *("–" if place is None else str(place) for place in found[strategy]),
            f"{mean:.1f}" if mean < inf else "–",
        )
        for strategy, mean in sorted(means.items(), key=lambda each: each[1])
    ]


def win_rows(race: Race) -> list[tuple[str, ...]]:
    """(strategy, other, share of wins, 95 % interval, seeds), once for each pair, the better strategy first."""
    wins = race.wins()
    place = {standing.strategy: index for index, standing in enumerate(race.standings(race.budget))}
    return [
        (win.strategy, win.other, f"{win.share:.2f}", f"{win.low:.2f} to {win.high:.2f}", str(win.seeds))
        for win in wins
        if place[win.strategy] < place[win.other]
    ]


def race_table(race: Race) -> "Table":
    """The standings for a terminal: the score, and the ranking column at each budget."""
    from nasbench.report.common.terminal import PlainTable

    title = f"{race.on or race.space}: {race.rank_by} of the returned architecture, mean ± deviation"
    table = PlainTable(title)
    table.add_column("strategy", overflow="fold", min_width=12)
    for name in ("evaluations", *(budget_text(race, budget) for budget in race.budgets)):
        table.add_column(name, justify="right", no_wrap=True)
    for standing in race.standings(race.budget):
        at = [race.standing(standing.strategy, budget) for budget in race.budgets]
        cells = ["–" if each is None else str(each.columns[race.rank_by]) for each in at]
        table.add_row(standing.strategy, evaluations(standing), *cells)
    return table


def budget_text(race: Race, budget: float) -> str:
    """A budget with its unit."""
    if race.axis == "seconds":
        return f"{budget:,.0f} s" if budget >= 10 else f"{budget:g} s"
    return quantity(round(budget), "evaluation")


def evaluations(standing: Standing) -> str:
    """The mean number of evaluations, and the number of repetitions without any."""
    return f"{standing.evaluations:,.1f}".removesuffix(".0") + (
        f" ({standing.empty} with none)" if standing.empty else ""
    )

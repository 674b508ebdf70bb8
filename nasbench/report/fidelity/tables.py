"""The tables of cheap scores against the truth: each measure with its interval, beside random choice."""

from typing import TYPE_CHECKING

from nasbench.report.common.numbers import duration
from nasbench.report.common.ranking_shown import HEADINGS, RANDOM, cell
from nasbench.report.common.rankings import MEASURES
from nasbench.report.fidelity.results import Fidelity

if TYPE_CHECKING:
    from rich.table import Table


def columns() -> tuple[str, ...]:
    """The column names of `rows`."""
    return ("score", *(HEADINGS[name] for name in MEASURES), "a network", "failed")


def rows(fidelity: Fidelity) -> list[tuple[str, ...]]:
    """A row for each score, the highest tau first, then random choice. Values with their 95 % intervals."""
    found = [
        (
            each.name,
            *(" ".join(filter(None, cell(name, each.measures[name]))) for name in MEASURES),
            cost(each.seconds),
            str(each.failed or "–"),
        )
        for each in fidelity.standings
    ]
    random = (" ".join(filter(None, cell(name, fidelity.chance[name]))) for name in MEASURES)
    return [*found, (RANDOM, *random, "–", "–")]


def fidelity_table(fidelity: Fidelity) -> "Table":
    """The same for a terminal, intervals in a line of their own."""
    from nasbench.report.common.terminal import PlainTable

    table = PlainTable(f"{fidelity.count} networks, truth: {fidelity.column} of {fidelity.truth}")
    table.add_column("score", overflow="fold", min_width=13)
    for name in columns()[1:]:
        table.add_column(name, justify="right")
    for each in fidelity.standings:
        cells = [cell(name, each.measures[name]) for name in MEASURES]
        table.add_row(each.name, *(value for value, _ in cells), cost(each.seconds), str(each.failed or "–"))
        table.add_row("", *(interval for _, interval in cells), "", "", style="dim")
    cells = [cell(name, fidelity.chance[name]) for name in MEASURES]
    table.add_row(RANDOM, *(value for value, _ in cells), "–", "–")
    table.add_row("", *(interval for _, interval in cells), "", "", style="dim")
    return table


def cost(seconds: float | None) -> str:
    """The median cost of a network."""
    if seconds is None:
        return "–"
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else duration(seconds)

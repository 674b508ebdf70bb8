"""The tables of cheap scores against the truth: each measure with its interval, beside random choice."""

from typing import TYPE_CHECKING

from nasbench.report.common.numbers import duration
from nasbench.report.fidelity.results import Fidelity
from nasbench.report.fidelity.statistics import MEASURES, Estimate

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = {
    "spearman": "Spearman",
    "tau": "tau",
    "tau_upper_half": "tau, upper half",
    "tau_top_tenth": "tau, top tenth",
    "p_at_top5": "P@top 5 %",
    "pick_rank": "rank of pick",
}
RANDOM = "random choice"


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


def cell(name: str, found: Estimate) -> tuple[str, str]:
    """A value and its interval; a dash and nothing where they cannot be told."""
    if found.value is None:
        return "–", ""
    interval = (
        "" if found.low is None or found.high is None else f"[{_text(name, found.low)}, {_text(name, found.high)}]"
    )
    return _text(name, found.value), interval


def _text(name: str, value: float) -> str:
    """A correlation or share with two decimals, a rank as a whole number where it is large."""
    return f"{value:.2f}" if name != "pick_rank" else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cost(seconds: float | None) -> str:
    """The median cost of a network."""
    if seconds is None:
        return "–"
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else duration(seconds)

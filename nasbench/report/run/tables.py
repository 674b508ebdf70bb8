"""Tables of a run: the leaderboard for the terminal, and the rows that the HTML page shows too."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.trial import Trial
from nasbench.report.common.numbers import count, score
from nasbench.report.run.scored import in_words, value_of
from nasbench.report.run.statistics import leaderboard

if TYPE_CHECKING:
    from rich.table import Table

FRONT_ROWS = 12
"""The most architectures of a Pareto front that are printed."""
COLUMNS = ("rank", "trial", "key", "params", "MACs", "score", "epochs")


def columns(beside: str | None = None) -> tuple[str, ...]:
    """COLUMNS, with the metric `beside` the score where it is made of more than that."""
    place = COLUMNS.index("score") + 1
    return COLUMNS if beside is None else (*COLUMNS[:place], in_words(beside), *COLUMNS[place:])


def leaderboard_rows(trials: Sequence[Trial], limit: int = 10, beside: str | None = None) -> list[tuple[str, ...]]:
    """The best architectures as texts, a row each, under `columns`."""
    return [
        (
            str(rank),
            str(trial.number),
            trial.key,
            count(trial.metrics.get("params")),
            count(trial.metrics.get("macs")),
            score(trial.score),
            *([] if beside is None else [value_of(trial, beside)]),
            str(trial.epochs),
        )
        for rank, trial in enumerate(leaderboard(trials, limit), start=1)
    ]


def leaderboard_table(trials: Sequence[Trial], limit: int = 10, beside: str | None = None) -> "Table":
    """The same for a terminal. With a metric beside the score there is no room for the rank, which is the order."""
    from nasbench.report.common.terminal import PlainTable

    table, first = PlainTable("Best architectures"), 0 if beside is None else 1
    names = {"validation accuracy": "accuracy"}
    for name in columns(beside)[first:]:
        table.add_column(names.get(name, name), justify="left" if name == "key" else "right", no_wrap=True)
    for row in leaderboard_rows(trials, limit, beside):
        table.add_row(*row[first:])
    return table


def front_table(front: Sequence[Mapping[str, Any]], objectives: Sequence[str]) -> "Table":
    """The Pareto front for a terminal, the best in the first objective first; its middle is left out where it is
    long.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=f"Pareto front: {quantity(len(front), 'architecture')}", title_justify="left")
    for name in ("trial", "key", *objectives):
        table.add_column(name, justify="left" if name == "key" else "right", no_wrap=True)
    half = FRONT_ROWS // 2
    shown = list(front) if len(front) <= FRONT_ROWS else [*front[:half], None, *front[-half:]]
    for entry in shown:
        cells = ["…"] * (2 + len(objectives))
        if entry is not None:
            cells = [str(entry["number"]), str(entry["key"]), *(f"{entry[name]:,.6g}" for name in objectives)]
        table.add_row(*cells)
    return table

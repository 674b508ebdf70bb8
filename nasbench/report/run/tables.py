"""Tables of a run: the leaderboard for the terminal, and the rows that the HTML page shows too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.core.trial import Trial
from nasbench.report.common.numbers import count, score
from nasbench.report.run.statistics import leaderboard

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("rank", "trial", "key", "params", "MACs", "score", "epochs")


def leaderboard_rows(trials: Sequence[Trial], limit: int = 10) -> list[tuple[str, ...]]:
    """The best architectures as texts, a row each, under COLUMNS."""
    return [
        (
            str(rank),
            str(trial.number),
            trial.key,
            count(trial.metrics.get("params")),
            count(trial.metrics.get("macs")),
            score(trial.score),
            str(trial.epochs),
        )
        for rank, trial in enumerate(leaderboard(trials, limit), start=1)
    ]


def leaderboard_table(trials: Sequence[Trial], limit: int = 10) -> "Table":
    """The same for a terminal."""
    from nasbench.report.common.terminal import PlainTable

    table = PlainTable("Best architectures")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "key" else "right", no_wrap=True)
    for row in leaderboard_rows(trials, limit):
        table.add_row(*row)
    return table

"""Tables of a run: the leaderboard for the terminal, and the rows that the HTML page shows too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.trial import Trial
from nasbench.report.statistics import leaderboard

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
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title="Best architectures", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "key" else "right", no_wrap=True)
    for row in leaderboard_rows(trials, limit):
        table.add_row(*row)
    return table


def count(value: Any) -> str:
    """A whole number with separators, so that columns can be compared digit by digit; a dash where there is none."""
    return f"{value:,.0f}" if isinstance(value, int | float) else "–"


def score(value: float | None) -> str:
    """A score to 4 significant digits; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3 min 5 s, 2 h 10 min, 3 d 4 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    for unit, size, small, part in (("min", 60, "s", 1), ("h", 3600, "min", 60), ("d", 86400, "h", 3600)):
        if whole < size * (60 if unit == "min" else 24) or unit == "d":
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {small}" if rest else "")
    raise AssertionError(whole)

"""How runs and trials show themselves in a notebook: HTML without a script, which stays in the cell that shows it."""

from collections.abc import Mapping
from pathlib import Path

from nasbench.core.shown import escape
from nasbench.core.store import RunStore
from nasbench.core.trial import STATUSES, Trial
from nasbench.report.common.dot_titles import about
from nasbench.report.common.page import table
from nasbench.report.run.scored import beside
from nasbench.report.run.tables import columns, leaderboard_rows
from nasbench.report.run.trial_drawing import drawing_of


def run_card(store: RunStore) -> str:
    """A run: what it is, how many trials of which status, and its best architectures or its trainings."""
    counts = {status: sum(trial.status == status for trial in store.trials) for status in STATUSES}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "no trial yet"
    state = "ended" if store.run.get("ended") else "not ended"
    head = (
        f"<p><b>nasbench {escape(str(store.run['command']))}</b> in {escape(str(store.directory))}: {told}, {state}</p>"
    )
    return head + _rows(store)


def trial_card(trial: Trial, run: Path) -> str:
    """A trial: its line, and the drawing of its network where its space draws one."""
    drawing = drawing_of(RunStore.read_record(run), trial)
    return f'<p>{escape(about(trial))}</p><div style="overflow-x: auto">{drawing}</div>'


def _rows(store: RunStore) -> str:
    """The best architectures of a search; of other commands the trainings by name."""
    if any(trial.architecture is not None and not trial.name for trial in store.trials):
        metric = beside(store.run)
        return table(columns(metric), leaderboard_rows(store.trials, beside=metric), left=("key",))
    rows = [
        (trial.name or trial.key, str(trial.seed), trial.status, *_metrics(trial.metrics))
        for trial in store.trials[:20]
    ]
    return table(("name", "seed", "status", *SHOWN), rows, left=("name",)) if rows else ""


SHOWN = ("val_accuracy", "test_accuracy", "params", "macs")
"""The metrics of a training that a notebook shows."""


def _metrics(metrics: Mapping[str, object]) -> list[str]:
    return [_shown(metrics.get(name)) for name in SHOWN]


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else "–"

"""Tables and drawings of a run as W&B keeps them. A drawing is shown as an image, which no browser runs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.core.picture import image_of
from nasbench.core.run_shown import RunShown, Table
from nasbench.core.trial import Trial

COLUMNS = (
    "number",
    "key",
    "status",
    "score",
    "params",
    "macs",
    "epochs",
    "seconds",
    "random",
    "note",
    "error",
    "architecture",
)
NAMED = ("name", "seed", "worker")
"""Columns more: of trainings that have names, and of who trained."""


def trials_table(trials: Sequence[Trial], networks: Mapping[str, str] | None = None) -> Any:
    """All trials; with `networks` (key -> SVG) a column of drawings, empty for those without one."""
    import wandb

    columns: list[str | int] = [*COLUMNS, *NAMED, *(["drawing"] if networks else [])]
    rows = [
        [*_row(trial), *([_drawing(networks.get(trial.key, ""), trial.key)] if networks else [])] for trial in trials
    ]
    return wandb.Table(columns=columns, data=rows)


def media_of(shown: RunShown) -> dict[str, Any]:
    """Name -> W&B's object for each table and each drawing."""
    import wandb

    tables = {
        name: wandb.Table(list(table.columns), [list(row) for row in table.rows]) for name, table in _whole(shown)
    }
    return {**tables, **{name: drawing(svg, name) for name, svg in shown.pictures.items()}}


def drawing(svg: str, text: str) -> Any:
    """The drawing as HTML; `text` for those who do not see it."""
    return html_of(image_of(svg.encode(), text))


def html_of(image: str) -> Any:
    """What W&B shows of HTML that is at hand."""
    import wandb

    return wandb.Html(image, inject=False, data_is_not_path=True)


def _whole(shown: RunShown) -> list[tuple[str, Table]]:
    return [(name, table) for name, table in shown.tables.items() if table.rows]


def _drawing(svg: str, key: str) -> Any:
    return drawing(svg, key) if svg else None


def _row(trial: Trial) -> list[Any]:
    return [
        trial.number,
        trial.key,
        trial.status,
        trial.score,
        trial.metrics.get("params"),
        trial.metrics.get("macs"),
        trial.epochs,
        trial.seconds,
        bool(trial.note.get("blind") or trial.note.get("control")),
        json.dumps(dict(trial.note)),
        trial.error,
        json.dumps(dict(trial.genes)),
        trial.name,
        trial.seed,
        trial.worker,
    ]

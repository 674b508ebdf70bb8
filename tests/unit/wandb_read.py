"""What of a dashboard W&B's offline files of its run lack."""

import json
from pathlib import Path

from nasbench.trackers.dashboard import Dashboard
from unit.test_trackers_wandb import files_of, series


def missing_in(dashboard: Dashboard, run: Path) -> list[str]:
    """Names of the history, columns of the tables and patterns of panels that no offline file of the run holds."""
    logged: dict[str, list[object]] = {}
    columns: dict[str, set[str]] = {}
    for path in files_of(run):
        for name, values in series(path).items():
            logged.setdefault(name.partition(".")[0] if "._type" in name or ".path" in name else name, []).extend(
                values
            )
            if name.endswith(".path") and str(values[-1]).endswith(".table.json"):
                text = (path.parent / "files" / str(values[-1])).read_text(encoding="utf-8")
                columns[name.removesuffix(".path")] = set(json.loads(text)["columns"])
    lacks = sorted(dashboard.metrics - logged.keys())
    for panel in dashboard.panels:
        lacks += sorted(set(panel.columns) - columns.get(panel.table, set()))
        if panel.pattern and not panel.matches(logged):
            lacks.append(panel.pattern)
    return lacks

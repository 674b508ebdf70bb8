"""`nasbench dashboard`: the workspace of runs in W&B and a report on them; without a network, dashboard.json."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.reported import read_epochs
from nasbench.core.run_title import run_title
from nasbench.core.store import RunStore
from nasbench.core.writing import write_atomically
from nasbench.report.run.chance import Exact, verdict
from nasbench.trackers.dashboard import BEST_CELL, Dashboard, dashboard_of, logged_names
from nasbench.trackers.wandb_dashboard import report_of, saved, workspace_of
from nasbench.trackers.wandb_run import key_is_set_up

FILE = "dashboard.json"


@dataclass(frozen=True)
class DashboardResult:
    """What was made: `files` beside the runs, and the addresses in W&B, None where nothing was sent."""

    files: tuple[Path, ...]
    dashboards: tuple[Dashboard, ...]
    workspace: str | None
    report: str | None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench dashboard --json` prints."""
        files = [str(file) for file in self.files]
        return {"files": files, "workspace": self.workspace, "report": self.report}


def make_dashboards(runs: Sequence[Path], project: str, entity: str, online: bool | None = None) -> DashboardResult:
    """Writes dashboard.json beside each run. With a key of W&B (or `online`), also a workspace of the project for what
    the runs show together, and a report with a part for each run.

    UsageError where a directory holds no run, and where something is to be sent and there is no key or a run was never
    logged to W&B; RunFailed where W&B refuses.
    """
    stores = [RunStore.read(run) for run in runs]
    dashboards = tuple(map(_dashboard, stores))
    files = []
    for store, dashboard in zip(stores, dashboards, strict=True):
        files.append(store.directory / FILE)
        write_atomically(files[-1], json.dumps(dashboard.to_json(), indent=2) + "\n")
    sends = key_is_set_up() if online is None else online
    if not sends:
        return DashboardResult(tuple(files), dashboards, None, None)
    if not key_is_set_up():
        raise UsageError("a dashboard in W&B needs a key. Run `wandb login`, or set WANDB_API_KEY.")
    workspace = saved(workspace_of(_together(dashboards), entity, project))
    texts = [_text(store) for store in stores]
    report = saved(report_of(dashboards, texts, list(map(_wandb_id, stores)), entity, project))
    return DashboardResult(tuple(files), dashboards, workspace, report)


def _dashboard(store: RunStore) -> Dashboard:
    config, command = store.run["config"], str(store.run.get("command", "search"))
    names = logged_names(config, store.trials, read_epochs(store.directory))
    if (store.directory / "best" / "cell.svg").exists():
        names.add(BEST_CELL)
    return dashboard_of(command, run_title(config), config, names)


def _together(dashboards: Sequence[Dashboard]) -> Dashboard:
    """One dashboard for several runs: the sections of the first, and those of the others that it lacks."""
    sections = {section.name: section for dashboard in reversed(dashboards) for section in dashboard.sections}
    order = dict.fromkeys(section.name for dashboard in dashboards for section in dashboard.sections)
    commands = " and ".join(dict.fromkeys(dashboard.command for dashboard in dashboards))
    return Dashboard(dashboards[0].title, commands, tuple(sections[name] for name in order))


def _text(store: RunStore) -> str:
    """What a run came to, in words."""
    done = f"{quantity(len(store.trials), 'trial')} in {store.directory.name}."
    if store.run.get("command", "search") != "search":
        return done
    return f"{done} {verdict(store.trials, Exact.of(store.run)).sentence}"


def _wandb_id(store: RunStore) -> str:
    path = store.directory / "wandb-id"
    if not path.exists():
        raise UsageError(
            f"{store.directory} was never logged to W&B, so a report there would have nothing to show. Go on with it "
            "under --wandb online, or upload its offline files with `wandb sync`."
        )
    return path.read_text(encoding="utf-8").strip()

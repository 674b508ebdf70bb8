"""`nasbench dashboard`: the workspace of runs in W&B and a report on them; without a network, dashboard.json."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.run_title import run_title
from nasbench.core.store import RunStore
from nasbench.engine.run.dashboard.shown import dashboard_of_run, write_dashboard
from nasbench.engine.run.dashboard.told import text_of_run
from nasbench.trackers.dashboard import Dashboard
from nasbench.trackers.panels import dashboard_of
from nasbench.trackers.wandb_dashboard import report_of, saved, workspace_of
from nasbench.trackers.wandb_run import kept_id, key_is_set_up


@dataclass(frozen=True)
class DashboardResult:
    """What was made: `files` beside the runs, and the addresses in W&B: a workspace for each command of the runs, and a
    report; none where nothing was sent.
    """

    files: tuple[Path, ...]
    dashboards: tuple[Dashboard, ...]
    workspaces: tuple[str, ...]
    report: str | None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench dashboard --json` prints."""
        files = [str(file) for file in self.files]
        workspace = next(iter(self.workspaces), None)
        return {"files": files, "workspace": workspace, "workspaces": list(self.workspaces), "report": self.report}


def make_dashboards(runs: Sequence[Path], project: str, entity: str, online: bool | None = None) -> DashboardResult:
    """Writes dashboard.json beside each run. With a key of W&B (or `online`), also the project's workspace for
    each command of the runs, in the place of the one it has, and a report with a part for each run.

    UsageError where a directory holds no run, and where something is to be sent and there is no key or a run was never
    logged to W&B; RunFailed where W&B refuses.
    """
    stores = [RunStore.read(run) for run in runs]
    dashboards = tuple(map(dashboard_of_run, stores))
    files = [write_dashboard(store.directory, each) for store, each in zip(stores, dashboards, strict=True)]
    sends = key_is_set_up() if online is None else online
    if not sends:
        return DashboardResult(tuple(files), dashboards, (), None)
    if not key_is_set_up():
        raise UsageError("a dashboard in W&B needs a key. Run `wandb login`, or set WANDB_API_KEY.")
    texts = [text_of_run(store, _wandb_id(store)) for store in stores]
    first = {str(store.run.get("command", "search")): store for store in reversed(stores)}
    workspaces = [saved(workspace_of(_whole(store), entity, project)) for store in reversed(first.values())]
    report = saved(report_of(dashboards, texts, entity, project))
    return DashboardResult(tuple(files), dashboards, tuple(workspaces), report)


def _whole(store: RunStore) -> Dashboard:
    """All panels of the run's command: the workspace is for the runs of a project that come after it, too."""
    config, command = store.run["config"], str(store.run.get("command", "search"))
    return dashboard_of(command, run_title(config), config)


def _wandb_id(store: RunStore) -> str:
    kept = kept_id(store.directory)
    if kept is None:
        raise UsageError(
            f"{store.directory} was never logged to W&B, so a report there would have nothing to show. Go on with it "
            "under --wandb online, or upload its offline files with `wandb sync`."
        )
    return kept

"""A dashboard as a workspace and as a report of W&B. Nothing is sent until it is saved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import RunFailed, UsageError
from nasbench.trackers.dashboard import TABLE, Dashboard, Panel

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report
    from wandb_workspaces.workspaces import Workspace

WIDTH, HEIGHT, COLUMNS = 8, 6, 3
"""Of a panel, in units of W&B's grid of 24 columns; and panels in a row."""


def workspace_of(dashboard: Dashboard, entity: str, project: str) -> "Workspace":
    """The workspace: a section of W&B for each section."""
    _check_installed()
    from wandb_workspaces import workspaces as ws

    sections = [
        ws.Section(name=section.name, panels=list(map(_panel, section.panels)), is_open=True)
        for section in dashboard.sections
    ]
    return ws.Workspace(entity=entity, project=project, name=f"nasbench {dashboard.command}", sections=sections)


def report_of(
    dashboards: Sequence[Dashboard], texts: Sequence[str], ids: Sequence[str], entity: str, project: str
) -> "Report":
    """A report: for each run its text (what it came to), and its panels for that run of W&B alone."""
    _check_installed()
    from wandb_workspaces.reports import v2 as wr

    blocks: list[Any] = [wr.TableOfContents()]
    for dashboard, text, name in zip(dashboards, texts, ids, strict=True):
        runset = wr.Runset(entity=entity, project=project, name=dashboard.title, filters=f"ID == '{name}'")
        blocks += [wr.H1(dashboard.title), wr.P(text)]
        for section in dashboard.sections:
            panels = [_placed(_panel(panel), place) for place, panel in enumerate(section.panels)]
            blocks += [wr.H2(section.name), wr.PanelGrid(runsets=[runset], panels=panels)]
    title = " and ".join(dict.fromkeys(dashboard.title for dashboard in dashboards))
    return wr.Report(project=project, entity=entity, title=title[:120], blocks=blocks)


def saved(made: "Workspace | Report") -> str:
    """Sends it to W&B; its address. RunFailed where W&B refuses or cannot be reached."""
    try:
        made.save()
        return str(made.url)
    except Exception as error:
        raise RunFailed(f"W&B did not take the dashboard: {error}. It is kept in dashboard.json of the run.") from error


def _panel(panel: Panel) -> Any:
    from wandb_workspaces.reports import v2 as wr

    if panel.kind == "line":
        return wr.LinePlot(title=panel.title, x=panel.x, y=list(panel.metrics), log_x=panel.log_x or None)
    if panel.kind == "scatter":
        fields = {"x": panel.x, "y": panel.metrics[0]}
        return wr.CustomChart(
            query={"summaryTable": {"tableKey": TABLE}},
            chart_name="wandb/scatter/v0",
            chart_fields=fields,
            chart_strings={"title": panel.title},
        )
    return wr.MediaBrowser(title=panel.title, media_keys=list(panel.metrics), num_columns=1)


def _placed(panel: Any, place: int) -> Any:
    from wandb_workspaces.reports import v2 as wr

    row, column = divmod(place, COLUMNS)
    panel.layout = wr.Layout(x=WIDTH * column, y=HEIGHT * row, w=WIDTH, h=HEIGHT)
    return panel


def _check_installed() -> None:
    try:
        import wandb_workspaces  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"W&B's dashboards need the package wandb-workspaces ({error}). Install it with "
            "`pip install wandb-workspaces`."
        ) from error

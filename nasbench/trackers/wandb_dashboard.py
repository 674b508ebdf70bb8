"""A dashboard as a workspace and as a report of W&B. Nothing is sent until it is saved.

A project has one workspace for each command, under a view name of its own: what makes it again finds it there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.shown import say, sentence, text_of
from nasbench.trackers.dashboard import Dashboard, Panel

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report
    from wandb_workspaces.workspaces import Workspace

WIDTH, HEIGHT, COLUMNS = 8, 6, 3
"""Of a panel, in units of W&B's grid of 24 columns; and panels in a row."""
CHARTS = {"scatter": "wandb/scatter/v0", "bar": "wandb/bar/v0", "curves": "wandb/lineseries/v0"}
"""W&B's own charts of a table."""
WAIT_SECONDS = 30.0
"""So long the end of a run waits for its workspace."""
LONGEST_TITLE = 120


@dataclass(frozen=True)
class RunText:
    """What a report says of a run: its W&B id, sentences, what can be told, and what was kept of good practice: (kept,
    sentence).
    """

    run_id: str
    lead: str
    verdict: tuple[str, ...] = ()
    checklist: tuple[tuple[bool, str], ...] = ()


class Workspaces:
    """Makes the workspace of a command in a project, where it has none yet, beside the run: nothing waits for it but
    the end. Where it fails, one line says so.
    """

    def __init__(
        self, dashboard: Dashboard, entity: str, project: str, make: Callable[["Workspace"], object] | None = None
    ) -> None:
        self._make = make or made_once
        self._failure = ""
        self._arguments = (dashboard, entity, project)
        self._thread = Thread(target=self._run, name="nasbench-wandb-workspace", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until it is there or failed, or WAIT_SECONDS are over."""
        self._thread.join(WAIT_SECONDS)
        why = "W&B does not answer" if self._thread.is_alive() else self._failure
        if why:
            say(
                f"nasbench: the project has no workspace of nasbench's: {sentence(why)} The run is logged whole; "
                "`nasbench dashboard RUN` makes one later."
            )

    def _run(self) -> None:
        try:
            self._make(workspace_of(*self._arguments))
        except BaseException as error:
            self._failure = text_of(error) or type(error).__name__


def workspace_of(dashboard: Dashboard, entity: str, project: str) -> "Workspace":
    """The workspace: a section of W&B for each section."""
    _check_installed()
    from wandb_workspaces import workspaces as ws

    sections = [
        ws.Section(name=section.name, panels=list(map(_panel, section.panels)), is_open=True)
        for section in dashboard.sections
    ]
    made = ws.Workspace(entity=entity, project=project, name=f"nasbench {dashboard.command}", sections=sections)
    made._internal_name = f"nw-{_view(dashboard.command)}-v"
    return made


def report_of(dashboards: Sequence[Dashboard], texts: Sequence[RunText], entity: str, project: str) -> "Report":
    """A report: for each run what it came to, its panels for that run of W&B alone, and a checklist."""
    _check_installed()
    from wandb_workspaces.reports import v2 as wr

    blocks: list[Any] = [wr.TableOfContents()]
    for dashboard, text in zip(dashboards, texts, strict=True):
        runset = wr.Runset(entity=entity, project=project, name=dashboard.title, filters=f"ID == '{text.run_id}'")
        blocks += [wr.H1(dashboard.title), wr.P(text.lead)]
        if text.verdict:
            blocks += [wr.H2("Verdict"), *map(wr.P, text.verdict)]
        for section in dashboard.sections:
            panels = [_placed(_panel(panel), place) for place, panel in enumerate(section.panels)]
            blocks += [wr.H2(section.name), wr.PanelGrid(runsets=[runset], panels=panels)]
        if text.checklist:
            items = [wr.CheckedListItem(text=said, checked=kept) for kept, said in text.checklist]
            blocks += [wr.H2("Checklist"), wr.CheckedList(items=items)]
    title = " and ".join(dict.fromkeys(dashboard.title for dashboard in dashboards))
    return wr.Report(project=project, entity=entity, title=title[:LONGEST_TITLE], blocks=blocks)


def made_once(workspace: "Workspace") -> bool:
    """Sends a workspace, unless the project has it; whether it was sent."""
    if _id_of(workspace) is not None:
        return False
    workspace.save()
    return True


def saved(made: "Workspace | Report") -> str:
    """Sends it to W&B, a workspace in the place of the one that the project has; its address. RunFailed where W&B
    refuses or cannot be reached.
    """
    try:
        if hasattr(made, "_internal_id") and (found := _id_of(made)) is not None:
            made._internal_id = found
        made.save()
        return str(made.url)
    except Exception as error:
        raise RunFailed(f"W&B did not take the dashboard: {error}. It is kept in dashboard.json of the run.") from error


def _id_of(workspace: Any) -> str | None:
    """The id of the project's workspace of that view name; None where it has none."""
    from wandb_workspaces.workspaces import internal

    name = internal._internal_name_to_url_query_str(workspace._internal_name)
    try:
        return str(internal.get_view_dict(workspace.entity, workspace.project, name)["id"])
    except ValueError as error:
        if f"Workspace `{name}` not found" not in str(error):
            raise
        return None


def _view(command: str) -> str:
    return f"nasbench{command}"


def _panel(panel: Panel) -> Any:
    from wandb_workspaces.reports import v2 as wr

    if panel.kind in ("line", "area"):
        style = {"plot_type": "pct-area"} if panel.kind == "area" else {}
        if panel.pattern:
            return wr.LinePlot(title=panel.title, x=panel.x, metric_regex=panel.pattern, **style)
        return wr.LinePlot(title=panel.title, x=panel.x, y=list(panel.metrics), **style)
    if panel.kind in CHARTS:
        return wr.CustomChart(
            query={"summaryTable": {"tableKey": panel.table}},
            chart_name=CHARTS[panel.kind],
            chart_fields=_fields(panel),
            chart_strings={"title": panel.title},
        )
    if panel.kind == "table":
        return wr.WeavePanelSummaryTable(table_name=panel.table)
    if panel.kind == "parallel":
        columns = [wr.ParallelCoordinatesPlotColumn(wr.Config(name)) for name in panel.metrics]
        score = wr.ParallelCoordinatesPlotColumn(wr.SummaryMetric("score"))
        return wr.ParallelCoordinatesPlot(title=panel.title, columns=[*columns, score])
    return wr.MediaBrowser(title=panel.title, media_keys=list(panel.metrics), num_columns=1)


def _fields(panel: Panel) -> dict[str, str]:
    """Field of W&B's chart -> column of the table."""
    (value,) = panel.metrics
    if panel.kind == "bar":
        return {"label": panel.x, "value": value}
    if panel.kind == "curves":
        return {"step": panel.x, "lineKey": panel.by, "lineVal": value}
    return {"x": panel.x, "y": value}


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

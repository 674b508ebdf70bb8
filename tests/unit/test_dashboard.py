"""The dashboard of a run: its panels name what was logged, and W&B's own objects hold it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import RunFailed, UsageError
from nasbench.engine.run.dashboard.command import make_dashboards
from nasbench.trackers.dashboard import Dashboard
from nasbench.trackers.panels import dashboard_of
from nasbench.trackers.wandb_dashboard import RunText, Workspaces, made_once, report_of, saved, workspace_of
from unit.test_trackers_wandb import files_of, series
from unit.wandb_read import missing_in

TOY = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:Reporting", "wandb": "offline"}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def names_in(model: Any) -> set[str]:
    """Every text in a JSON value."""
    if isinstance(model, dict):
        return {name for each in model.values() for name in names_in(each)}
    if isinstance(model, list):
        return {name for each in model for name in names_in(each)}
    return {model} if isinstance(model, str) else set()


def test_every_panel_of_a_search_shows_what_its_offline_run_holds(tmp_path: Path) -> None:
    run = tmp_path / "run"
    nasbench.search(**TOY, strategy="ppo", trials=10, control=3, run=run)
    kept = json.loads((run / "dashboard.json").read_text(encoding="utf-8"))  # written as the run ended
    (dashboard,) = make_dashboards([run], "nasbench", "").dashboards
    assert dashboard == Dashboard.from_json(kept)
    assert missing_in(dashboard, run) == []
    headings = [section.name for section in dashboard.sections]
    expected = ["Does it beat chance?", "Score and cost", "Controller", "Operations over time", "Decisions and score"]
    assert headings == [*expected, "Children", "Trials"]
    assert {"random_expected_best", "search_against_random", "decisions", "child_curves"} <= dashboard.metrics
    (path,) = files_of(run)
    logged = series(path)
    assert len(logged["child/val_accuracy"]) == 2 * len([each for each in logged["trial"] if each]) - 2 * _cached(run)
    assert logged["child/reports"] == list(range(1, len(logged["child/reports"]) + 1))


def _cached(run: Path) -> int:
    lines = (run / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["status"] == "cached" for line in lines)


def test_a_training_shows_every_epoch_of_every_seed_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = {"dataset": "digits", "recipe": "quick", "epochs": 2, "trained_dir": str(tmp_path / "trained")}
    nasbench.train("zoo:lenet5", **asked, wandb="offline", wandb_artifacts=True, run=run)
    (dashboard,) = make_dashboards([run], "nasbench", "").dashboards
    assert missing_in(dashboard, run) == []
    (path,) = files_of(run)
    logged = series(path)
    assert logged["epoch"] == [1, 2]
    assert logged["zoo:lenet5/seed0/updates"] == logged["updates"]
    assert {"val_accuracy", "val_top5", "val_loss", "train_loss", "lr", "images_per_second"} <= {
        name.removeprefix("zoo:lenet5/seed0/") for name in logged
    }
    meaningless = ("best_so_far", "metrics/replicas", "metrics/corrupt_files", "share/")
    assert not [name for name in logged if name.startswith(meaningless)]


def test_panels_without_their_metrics_are_left_out() -> None:
    whole = dashboard_of("search", "title", {"space": "nasbench201"})
    there = whole.of({"trial", "score", "share/op/none", "score_and_cost"})
    assert [panel.title for panel in there.panels if panel.kind in ("line", "area")] == [
        "Score of each trial",
        "Options of op, among the last proposals",
    ]
    assert there.of({"share/op/none"}).sections == ()
    assert {panel.table for panel in there.panels if panel.table} == {"score_and_cost"}


def test_workspace_and_report_hold_the_sections_and_their_metrics() -> None:
    dashboard = dashboard_of("search", "title", {"space": "nasbench201"})
    workspace = workspace_of(dashboard, "me", "nasbench")
    assert [section.name for section in workspace.sections] == [section.name for section in dashboard.sections]
    held = names_in(json.loads(workspace._to_model().model_dump_json(by_alias=True)))
    assert {name for name in dashboard.metrics if "/" not in name} <= held
    report = report_of([dashboard], [RunText("abc", "10 trials.")], "me", "nasbench")
    grids = [block for block in report.blocks if hasattr(block, "panels")]
    assert [len(grid.panels) for grid in grids] == [len(section.panels) for section in dashboard.sections]
    assert grids[0].runsets[0].filters == "ID == 'abc'"
    with pytest.raises(RunFailed, match=r"W&B did not take the dashboard.*dashboard\.json"):
        saved(workspace)


class Server:
    """The views of a project, as W&B's package asks for them and sends them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from wandb_workspaces.workspaces import interface, internal

        self.views: dict[str, str] = {}
        self.sent: list[tuple[str, str]] = []
        for module in (internal, interface.internal):
            monkeypatch.setattr(module, "get_view_dict", self.view)
            monkeypatch.setattr(module, "upsert_view2", self.upsert)
        monkeypatch.setattr(interface, "get_app_url", lambda _: "https://wandb.example.org")
        monkeypatch.setattr(interface.wandb, "Api", object)

    def view(self, entity: str, project: str, name: str) -> dict[str, str]:
        if name not in self.views:
            raise ValueError(f"Workspace `{name}` not found in project `{project}`")
        return {"id": self.views[name]}

    def upsert(self, view: Any) -> dict[str, Any]:
        name = view.name.removeprefix("nw-").removesuffix("-v")
        self.sent.append((name, view.id))
        self.views.setdefault(name, f"id-{name}")
        return {"upsertView": {"view": {"id": self.views[name], "name": view.name}}}


def test_a_project_has_one_workspace_for_each_command(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch)
    made = [dashboard_of(command, "title", {}) for command in ("search", "train")]
    assert [made_once(workspace_of(each, "me", "nasbench")) for each in [*made, *made]] == [True, True, False, False]
    assert server.sent == [("nasbenchsearch", ""), ("nasbenchtrain", "")]
    assert saved(workspace_of(made[0], "me", "nasbench")).endswith("nw=nasbenchsearch")  # anew, in its place
    assert server.sent[-1] == ("nasbenchsearch", "id-nasbenchsearch")


def test_a_workspace_that_fails_costs_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_: object) -> None:
        raise ConnectionError("no route to host")

    made = Workspaces(dashboard_of("train", "title", {}), "me", "nasbench", refuse)
    made.wait()
    assert capsys.readouterr().err == (
        "nasbench: the project has no workspace of nasbench's: no route to host. The run is logged whole; "
        "`nasbench dashboard RUN` makes one later.\n"
    )


def test_without_a_key_the_command_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nasbench.search(**{**TOY, "wandb": "off"}, strategy="random", trials=3, control=0, run=tmp_path / "run")
    assert not (tmp_path / "run" / "dashboard.json").exists()
    assert main(["dashboard", str(tmp_path / "run")]) == 0
    assert "nothing was sent: with a key" in capsys.readouterr().out
    with pytest.raises(UsageError, match="needs a key"):
        make_dashboards([tmp_path / "run"], "nasbench", "", online=True)
    with pytest.raises(UsageError, match="holds no run"):
        make_dashboards([tmp_path], "nasbench", "")


def test_what_is_no_dashboard_is_refused() -> None:
    with pytest.raises(UsageError, match="it is no dashboard: KeyError 'sections'"):
        Dashboard.from_json({"title": "a", "command": "search"})

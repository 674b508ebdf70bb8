"""The dashboard of a run: its panels name what was logged, and W&B's own objects hold it."""

import json
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import RunFailed, UsageError
from nasbench.engine.dashboard.command import make_dashboards
from nasbench.trackers.wandb_dashboard import report_of, saved, workspace_of
from unit.test_trackers_wandb import files_of, series

TOY = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:MadeUp", "wandb": "offline"}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL", "WANDB_DIR", "WANDB_RUN_ID", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def logged(run: Path) -> set[str]:
    return {name.partition(".")[0] for path in files_of(run) for name in series(path)}


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
    (dashboard,) = make_dashboards([run], "nasbench", "").dashboards
    assert dashboard.metrics <= logged(run)
    headings = [section.name for section in dashboard.sections]
    assert headings == ["Does it beat chance?", "Score and cost", "Controller", "Operations over time", "Trials"]
    assert "random_expected_best" in dashboard.metrics
    kept = json.loads((run / "dashboard.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(dashboard.to_json()))


def test_every_panel_of_a_training_shows_what_its_offline_run_holds(tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = {"dataset": "digits", "recipe": "quick", "epochs": 1, "trained_dir": str(tmp_path / "trained")}
    nasbench.train("zoo:lenet5", **asked, wandb="offline", run=run)
    (dashboard,) = make_dashboards([run], "nasbench", "").dashboards
    assert dashboard.metrics <= logged(run)
    lines = [panel for section in dashboard.sections for panel in section.panels if panel.x == "epoch"]
    assert ("zoo:lenet5/seed0/val_accuracy",) in [panel.metrics for panel in lines]


def test_workspace_and_report_hold_the_sections_and_their_metrics(tmp_path: Path) -> None:
    run = tmp_path / "run"
    nasbench.search(**TOY, strategy="reinforce", trials=6, control=2, run=run)
    (dashboard,) = make_dashboards([run], "nasbench", "me").dashboards
    workspace = workspace_of(dashboard, "me", "nasbench")
    assert [section.name for section in workspace.sections] == [section.name for section in dashboard.sections]
    held = names_in(json.loads(workspace._to_model().model_dump_json(by_alias=True)))
    assert {name for name in dashboard.metrics if "/" not in name} <= held
    report = report_of([dashboard], ["10 trials."], ["abc"], "me", "nasbench")
    grids = [block for block in report.blocks if hasattr(block, "panels")]
    panels = [panel for section in dashboard.sections for panel in section.panels]
    assert [panel.title for grid in grids for panel in grid.panels if hasattr(panel, "title")] == [
        panel.title for panel in panels if panel.kind != "scatter"
    ]
    assert grids[0].runsets[0].filters == "ID == 'abc'"
    with pytest.raises(RunFailed, match=r"W&B did not take the dashboard.*dashboard\.json"):
        saved(workspace)


def test_without_a_key_the_command_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nasbench.search(**{**TOY, "wandb": "off"}, strategy="random", trials=3, control=0, run=tmp_path / "run")
    assert main(["dashboard", str(tmp_path / "run")]) == 0
    assert "nothing was sent: with a key" in capsys.readouterr().out
    with pytest.raises(UsageError, match="needs a key"):
        make_dashboards([tmp_path / "run"], "nasbench", "", online=True)
    with pytest.raises(UsageError, match="holds no run"):
        make_dashboards([tmp_path], "nasbench", "")

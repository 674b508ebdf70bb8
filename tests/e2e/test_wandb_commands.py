"""W&B offline, of every command: whatever its dashboard shows is in the files that its run leaves."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from unit.test_trackers_wandb import files_of, records, series
from unit.wandb_read import missing_in

import nasbench
from nasbench.core.store import RunStore
from nasbench.engine.run.dashboard.told import text_of_run
from nasbench.trackers.dashboard import Dashboard

pytestmark = pytest.mark.slow

DIGITS = {"dataset": "digits", "recipe": "quick", "wandb": "offline"}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def headings(run: Path) -> list[str]:
    """The sections of the dashboard that the run left beside it, once all that they name was found in W&B's files."""
    dashboard = Dashboard.from_json(json.loads((run / "dashboard.json").read_text(encoding="utf-8")))
    assert missing_in(dashboard, run) == []
    text = text_of_run(RunStore.read(run), "abc")
    assert text.checklist
    return [section.name for section in dashboard.sections]


def artifacts_of(run: Path) -> dict[str, tuple[set[str], dict[str, Any]]]:
    """Name -> (aliases, metadata) of the artifacts other than tables in W&B's files."""
    return {
        record.artifact.name: (set(record.artifact.aliases), json.loads(record.artifact.metadata))
        for path in files_of(run)
        for record in records(path)
        if record.HasField("artifact") and record.artifact.type != "run_table"
    }


def test_trainings_of_two_seeds_have_eight_rows_and_a_model(tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = {**DIGITS, "trained_dir": str(tmp_path / "trained"), "wandb_artifacts": True}
    nasbench.train("zoo:lenet5", **asked, epochs=4, seeds=2, run=run)
    assert headings(run)[:2] == ["Results", "Curves of the trainings"]
    (path,) = files_of(run)
    assert series(path)["epoch"] == [1, 2, 3, 4] * 2
    ((name, (aliases, metadata)),) = artifacts_of(run).items()
    assert name == f"model-{(run / 'wandb-id').read_text().strip()}"
    assert aliases == {"best", "latest"}
    assert metadata["dataset"]["name"] == "digits"
    assert metadata["recipe"]["name"] == "quick"
    assert metadata["counts"]["params"] == 61706
    nasbench.transfer("zoo:lenet5", **asked, epochs=1, run=tmp_path / "transfer")
    assert headings(tmp_path / "transfer")[0] == "Results"
    nasbench.compare(
        ["zoo:lenet5", "zoo:resnet20"], **{**asked, "wandb_artifacts": False}, epochs=1, seeds=2, run=tmp_path / "c"
    )
    assert headings(tmp_path / "c")[0] == "Means with intervals"


def test_every_epoch_of_every_child_on_two_workers_is_there(tmp_path: Path) -> None:
    run = tmp_path / "run"
    size = {"space": "nasbench201", "cells": 1, "filters": 4, "control": 0}
    nasbench.search(
        **DIGITS, **size, strategy="ppo", trials=4, epochs=2, retrain_top=1, retrain_epochs=3, workers=2,
        wandb_artifacts=True, wandb_trials=True, run=run,
    )  # fmt: skip
    assert "Children" in headings(run)
    found = {name: values for path in files_of(run) if not is_apart(path) for name, values in series(path).items()}
    trained = [trial for trial in RunStore.read(run).trials if trial.status != "cached"]
    told = sorted(zip(found["child/number"], found["child/epoch"], strict=True))
    assert told == sorted((trial.number, epoch) for trial in trained for epoch in range(1, trial.epochs + 1))
    ((aliases, _),) = artifacts_of(run).values()
    assert aliases == {"best", "latest", "retrained"}
    apart = [path for path in files_of(run) if is_apart(path)]
    assert len(apart) == len(RunStore.read(run).trials)
    curves = [series(path).get("epoch", []) for path in apart]
    assert sorted(map(len, curves)) == sorted(
        0 if trial.status == "cached" else trial.epochs for trial in RunStore.read(run).trials
    )


def is_apart(path: Path) -> bool:
    """Whether a file is that of a trial's own run."""
    return next(record.run for record in records(path) if record.HasField("run")).job_type == "trial"


def test_a_supernet_and_a_search_with_its_weights_are_checked(tmp_path: Path) -> None:
    supernet, run = tmp_path / "supernet", tmp_path / "run"
    size = {"space": "nasbench201", "cells": 1, "filters": 4}
    nasbench.supernet(**DIGITS, **size, epochs=1, check=4, check_sample=8, run=supernet)
    assert headings(supernet)[0] == "The training of the shared weights"
    assert "Ranking check" in headings(supernet)
    (path,) = files_of(supernet)
    assert not [name for name in series(path) if name == "best_so_far" or name.startswith("share/")]
    nasbench.search(
        space="nasbench201", evaluator=f"supernet:{supernet}", strategy="evolution", trials=8, wandb="offline", run=run
    )
    assert "Does it beat chance?" in headings(run)


def test_a_search_for_coefficients_shows_its_surface(tmp_path: Path) -> None:
    nasbench.scale(
        search=True, base="resnet18", **DIGITS, epochs=1, trials=4, front_runners=1, seeds=1, run=tmp_path / "run"
    )
    assert headings(tmp_path / "run")[:3] == [
        "The surface alpha * beta**2 * gamma**2 = 2",
        "Coefficients",
        "At equal multiply-adds",
    ]


def test_races_and_cheap_scores_show_theirs_where_wandb_is_asked_for(tmp_path: Path) -> None:
    nasbench.race(strategies=["random", "evolution"], seeds=2, trials=20, wandb="offline", run=tmp_path / "race")
    assert headings(tmp_path / "race") == ["Who wins", "Repetitions"]
    nasbench.fidelity(scores=["proxy:params", "proxy:macs"], sample=20, wandb="offline", run=tmp_path / "fidelity")
    assert headings(tmp_path / "fidelity") == ["How far the cheap scores can be trusted", "Scores"]
    nasbench.race(strategies=["random"], seeds=2, trials=5, run=tmp_path / "without")
    assert not (tmp_path / "without" / "wandb").exists()


def test_an_agent_of_a_sweep_finds_its_run_and_the_metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `wandb agent` sets is obeyed: the run has the sweep's id, and the metric that the sweep optimises."""
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    monkeypatch.setenv("WANDB_RUN_ID", "agent1")
    run = tmp_path / "run"
    toy = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:MadeUp", "strategy": "random"}
    found = nasbench.search(**toy, trials=5, wandb="offline", run=run)
    (path,) = files_of(run)
    record = next(record.run for record in records(path) if record.HasField("run"))
    assert (record.run_id, record.sweep_id) == ("agent1", "sweep1")
    assert series(path)["best_so_far"][-1] == pytest.approx(found.best.score)


def test_a_run_begun_without_wandb_is_caught_up_with_its_curves(tmp_path: Path) -> None:
    run = tmp_path / "run"
    toy = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:Reporting", "strategy": "random"}
    nasbench.search(**toy, trials=3, control=0, wandb="off", run=run)
    nasbench.search(run=run, resume=True, trials=5, wandb="offline")
    (path,) = files_of(run)
    logged = series(path)
    trained = [trial for trial in RunStore.read(run).trials if trial.status != "cached"]
    assert logged["child/number"] == [trial.number for trial in trained for _ in (1, 2)]
    assert logged["trial"] == sorted(logged["trial"])
    steps = [record.history.step.num for record in records(path) if record.HasField("history")]
    assert steps == sorted(steps)
    assert missing_in(Dashboard.from_json(json.loads((run / "dashboard.json").read_text(encoding="utf-8"))), run) == []

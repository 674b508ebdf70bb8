"""Sizes and time of a search before it starts, measured with a few real steps; nothing is written."""

import json
from pathlib import Path

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.engine.search.dry_run import MEASURES
from unit.made_up import SCORE

TOY = {"space": "examples.toy_space:ToySpace", "dataset": "digits", "recipe": "quick", "epochs": 2}


@pytest.fixture(autouse=True)
def few_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench.engine.search.dry_run.CHILDREN", 5)


def test_it_counts_and_times_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    flags = [word for name, value in TOY.items() for word in (f"--{name}", str(value))]
    assert main(["search", *flags, "--trials", "30", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []
    for name in MEASURES:
        assert 0 < found[name]["min"] <= found[name]["median"] <= found[name]["max"]
    assert (found["trainings"], found["epochs"], found["children"], found["not_built"]) == (30, 2, 5, 0)
    assert found["device"] == "cpu"
    assert found["seconds_a_child"] > 2 * found["steps_an_epoch"] * found["seconds_a_step"] * 0.99
    assert found["seconds"] == pytest.approx(30 * found["seconds_a_child"], rel=1e-3)
    assert main(["search", *flags, "--trials", "30", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "multiply-adds of one image" in said
    assert "30 trainings, 1 at a time: about" in said


def test_workers_share_the_time_and_every_phase_counts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    one = nasbench.dry_run(**TOY, trials=4, control=2, retrain_top=1, retrain_epochs=5)
    assert (one.trainings, one.epochs) == (7, 6 * 2 + 5)
    four = nasbench.dry_run(**TOY, trials=4, workers=4, max_params="10k")
    assert four.seconds == pytest.approx(sum(each.seconds(8) for each in four.timings) / len(four.timings) / 4)
    assert four.sizes["params"][2] <= 10_000, "children keep the limits of the search"
    assert list(tmp_path.iterdir()) == []


def test_of_a_resumed_search_it_says_what_is_left(tmp_path):
    run = str(tmp_path / "run")
    nasbench.search(space="nasbench.testing:ToySpace", evaluator=SCORE, trials=5, run=run, trackers=())
    before = {path: path.read_bytes() for path in Path(run).rglob("*") if path.is_file()}
    found = nasbench.dry_run(run=run, resume=True, trials=12)
    assert found.trainings == 7
    assert found.seconds is None, "this evaluator trains nothing"
    assert {path: path.read_bytes() for path in Path(run).rglob("*") if path.is_file()} == before
    with pytest.raises(UsageError, match="fewer than the 5"):
        nasbench.dry_run(run=run, resume=True, trials=3)


def test_a_table_has_sizes_and_no_time(capsys):
    assert main(["search", "--space", "nasbench201", "--evaluator", "table:nasbench201-cifar10", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "trains nothing" in said
    assert "trainable parameters" in said


@pytest.mark.parametrize("command", ["train", "transfer", "compare"])
def test_trainings_are_counted_and_timed(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    models = ["zoo:lenet5", "zoo:nin"] if command == "compare" else ["zoo:lenet5"]
    flags = ["--dataset", "digits", "--image-size", "32", "--recipe", "quick", "--epochs", "2", "--seeds", "3"]
    assert main([command, *models, *flags, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [model["model"] for model in found["models"]] == models
    assert all(model["seconds"] > 0 and model["activation_bytes"] > 0 for model in found["models"])
    assert found["trainings"] == 3 * len(models)
    assert found["seconds"] == pytest.approx(3 * sum(model["seconds"] for model in found["models"]), rel=1e-3)
    assert list(tmp_path.iterdir()) == []
    if command == "train":
        assert main([command, *models, *flags, "--dry-run"]) == 0
        assert "3 trainings, 1 at a time: about" in capsys.readouterr().out


def test_bad_input_is_answered_as_by_the_search(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'digits'"):
        nasbench.dry_run(**{**TOY, "dataset": "digit"})
    with pytest.raises(UsageError, match=r"nasbench\.dry_run"):
        nasbench.search(**TOY, dry_run=True, run=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()

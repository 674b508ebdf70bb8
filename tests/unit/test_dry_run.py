"""Sizes and time of a search before it starts, measured with a few real steps; nothing is written."""

import json
from pathlib import Path

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.engine.dry_run import MEASURES
from unit.made_up import SCORE

TOY = {"space": "examples.toy_space:ToySpace", "dataset": "digits", "recipe": "quick", "epochs": 2}


def test_it_counts_and_times_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    flags = [word for name, value in TOY.items() for word in (f"--{name}", str(value))]
    assert main(["search", *flags, "--trials", "30", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []
    for name in MEASURES:
        assert 0 < found[name]["min"] <= found[name]["median"] <= found[name]["max"]
    assert (found["trainings"], found["epochs"], found["children"], found["not_built"]) == (30, 2, 20, 0)
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


def test_bad_input_is_answered_as_by_the_search(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'digits'"):
        nasbench.dry_run(**{**TOY, "dataset": "digit"})
    with pytest.raises(UsageError, match=r"nasbench\.dry_run"):
        nasbench.search(**TOY, dry_run=True, run=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()

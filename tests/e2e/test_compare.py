"""Whole trainings: each is done once, found again, gone on with, and compared under one recipe."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nasbench.cli import main
from nasbench.core.reported import AGAIN, read_epochs
from nasbench.core.store import RunStore

ROOT = Path(__file__).parents[2]
SMALL = ["--dataset", "digits", "--image-size", "16", "--recipe", "little:LITTLE", "--epochs", "1", "--wandb", "off"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory to stand in, with a finished search of one child."""
    directory = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        search = [
            "--dataset",
            "digits",
            "--recipe",
            "little:LITTLE",
            "--epochs",
            "1",
            "--trials",
            "1",
            "--filters",
            "4",
            "--wandb",
            "off",
        ]
        assert main(["search", *search, "--run", "found"]) == 0
        yield directory


@pytest.fixture
def here(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workplace)
    return workplace


def _results(directory: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in directory.glob("*/result.json")}


def test_train_gives_mean_and_deviation_and_does_nothing_twice(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "zoo:lenet5", *SMALL, "--seeds", "2", "--trained-dir", "two", "--json"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert set(first) >= {
        "model",
        "dataset",
        "recipe",
        "seeds",
        "params",
        "macs",
        "val_accuracy",
        "test_accuracy",
        "std",
        "seconds",
    }
    accuracies = [
        json.loads(path.read_text())["metrics"]["test_accuracy"] for path in Path("two").glob("*/result.json")
    ]
    assert first["test_accuracy"] == pytest.approx(sum(accuracies) / 2)
    assert first["std"] == pytest.approx(abs(accuracies[0] - accuracies[1]) / 2**0.5)
    before = _results(Path("two"))
    assert main([*command, "--run", "another"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert {**first, "seconds": 0, "run": ""} == {**again, "seconds": 0, "run": ""}
    assert _results(Path("two")) == before


def test_a_bare_name_is_a_zoo_network_and_one_seed_has_no_deviation(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "lenet5", *SMALL, "--trained-dir", "one", "--run", "named", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["std"] is None


def test_compare_writes_table_chart_verdict_and_checklist(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = ["found", "zoo:lenet5", "--controls", "1", "--ensemble"]
    assert main(["compare", *models, *SMALL, "--seeds", "2", "--run", "first", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["source"], row["seeds"]) for row in record["rows"]] == [
        ("found", "found", 2),
        ("zoo:lenet5", "baseline", 2),
        ("random cell 1", "random", 2),
        ("ensemble of 2", "ensemble", 2),
    ]
    assert "ot enough seeds" in record["verdict"]
    page = Path("first/report.html").read_text()
    assert page.count("<svg") >= 2
    for text in ("random cell 1", "Lindauer", "ot enough seeds"):
        assert text in page
    before = _results(Path("runs/trained"))
    assert len(before) == 6
    assert main(["compare", *models, *SMALL, "--seeds", "2", "--run", "second", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["rows"] == record["rows"]
    assert _results(Path("runs/trained")) == before, "nothing was trained again"
    assert _epochs("second") == _epochs("first"), "the second run has the curves too"


def test_a_comparison_is_gone_on_with_without_its_arguments(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = ["zoo:lenet5", "zoo:nin"]
    assert main(["compare", *models, *SMALL, "--run", "resumed", "--trained-dir", "three", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["compare", "--resume", "--run", "resumed", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["rows"] == first["rows"]
    assert main(["compare", "zoo:lenet5", "zoo:resnet20", "--resume", "--run", "resumed"]) == 2
    assert "MODEL" in capsys.readouterr().err


def test_an_epoch_that_was_trained_and_not_written_down_is_told_again(here: Path) -> None:
    """A training may have gone on, or ended, after the process that writes down its epochs had died."""
    assert main(["compare", "zoo:lenet5", "zoo:nin", *SMALL, "--run", "cut", "--trained-dir", "four"]) == 0
    epochs = _epochs("cut")
    for name, lost in (("curves.jsonl", 1), ("trials.jsonl", 1)):
        lines = Path("cut", name).read_text().splitlines(keepends=True)
        Path("cut", name).write_text("".join(lines[:-lost]))
    assert _epochs("cut") == epochs[:-1]
    for _ in range(2):
        assert main(["compare", "--resume", "--run", "cut"]) == 0
        assert _epochs("cut") == epochs
    assert AGAIN not in Path("cut/curves.jsonl").read_text()


@pytest.mark.usefixtures("ray_session")
def test_workers_tell_the_curves_of_what_is_trained_already(here: Path) -> None:
    seeds = ["--seeds", "3", "--trained-dir", "six"]
    assert main(["train", "zoo:lenet5", *SMALL, *seeds, "--run", "alone"]) == 0
    before = _results(Path("six"))
    assert main(["train", "zoo:lenet5", *SMALL, *seeds, "--run", "by-workers", "--workers", "2"]) == 0
    assert _results(Path("six")) == before, "nothing was trained again"
    assert _epochs("by-workers") == _epochs("alone") == [(1, 1), (2, 1), (3, 1)]
    assert AGAIN not in Path("by-workers/curves.jsonl").read_text()


def test_an_odd_curve_of_a_finished_training_costs_curves_and_no_trial(here: Path) -> None:
    assert main(["compare", "zoo:lenet5", "zoo:nin", *SMALL, "--run", "whole", "--trained-dir", "five"]) == 0
    odd = [
        "",
        "oops",
        "5",
        '["epoch"]',
        '{"epoch": "1"}',
        '{"epoch": true}',
        '{"epoch": 0}',
        '{"epoch": 1, "number": 99}',
    ]
    for curve in Path("five").glob("*/curve.jsonl"):
        curve.write_text("\n".join(odd) + "\n" + '{"epoch": 2, "within_step": 1}\n{"epoch"')
    assert main(["compare", "zoo:lenet5", "zoo:nin", *SMALL, "--run", "odd", "--trained-dir", "five"]) == 0
    assert _epochs("odd") == [(1, 1), (2, 1)]


def test_an_ensemble_averages_probabilities(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from nasbench.evaluators.predictions import ensemble_accuracy

    first = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    second = torch.tensor([[0.4, 0.6], [0.3, 0.7], [0.1, 0.9]])
    for name, probabilities in (("a", first), ("b", second)):
        (tmp_path / name).mkdir()
        save_file({"probabilities": probabilities.half()}, tmp_path / name / "predictions.safetensors")
    assert ensemble_accuracy([tmp_path / "a", tmp_path / "b"], torch.tensor([0, 0, 1])) == pytest.approx(2 / 3)
    assert ensemble_accuracy([tmp_path / "a"], torch.tensor([0, 0, 1])) == 1.0


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "nasbench",
        "train",
        "zoo:lenet5",
        "--dataset",
        "digits",
        "--image-size",
        "16",
        "--recipe",
        "quick",
        "--wandb",
        "off",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}

    def train(where: str, kill_after: int | None) -> None:
        directory = tmp_path / where
        directory.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [*command, "--epochs", "12"],
            cwd=directory,
            env=environment,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        while kill_after is not None and process.poll() is None:
            curves = list(directory.glob("runs/trained/*/curve.jsonl"))
            if curves and curves[0].read_bytes().count(b"\n") >= kill_after:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.02)
        process.wait(timeout=120)

    train("whole", None)
    train("killed", 3)
    assert not list(tmp_path.glob("killed/runs/trained/*/result.json")), "it was killed on the way"
    time.sleep(1.1)
    train("killed", None)
    results = [
        json.loads(next(tmp_path.glob(f"{where}/runs/trained/*/result.json")).read_text())["metrics"]
        for where in ("whole", "killed")
    ]
    timeless = [
        {name: value for name, value in result.items() if name not in ("train_seconds", "images_per_second")}
        for result in results
    ]
    assert timeless[0] == timeless[1]
    lines = [
        json.loads(line) for line in next(tmp_path.glob("killed/runs/trained/*/curve.jsonl")).read_text().splitlines()
    ]
    curve = [line["epoch"] for line in lines if "epoch" in line]
    assert [line["cut_off_after"] for line in lines if "epoch" not in line] == [
        lines.index(line) for line in lines if "epoch" not in line
    ]
    assert sorted(set(curve)) == list(range(1, 13))
    assert len(curve) <= 13, "at most the epoch that was under way is run twice"


BAD = {
    "unknown model": (["train", "zoo:resnet21", *SMALL], ["'resnet21'", "Did you mean 'resnet"]),
    "no model": (["train", *SMALL], ["needs a model first"]),
    "unknown recipe": (
        ["train", "lenet5", "--dataset", "digits", "--recipe", "cifar_fst"],
        ["'cifar_fst'", "Did you mean 'cifar_fast'"],
    ),
    "unknown data set": (["train", "lenet5", "--dataset", "digit"], ["'digit'", "digits"]),
    "missing data": (["train", "resnet20", "--dataset", "cifar10", "--data-dir", "nowhere"], ["nowhere", "--download"]),
    "zero seeds": (["train", "lenet5", *SMALL, "--seeds", "0"], ["--seeds", "from 1 on"]),
    "zero epochs": (["train", "lenet5", "--dataset", "digits", "--epochs", "0"], ["--epochs", "from 1 on"]),
    "images too small": (["train", "squeezenet1_0", "--dataset", "digits"], ["squeezenet1_0"]),
    "cells for a network of none": (["train", "lenet5", *SMALL, "--aux-head"], ["--aux-head"]),
    "one model": (["compare", "zoo:lenet5", *SMALL], ["two models or more"]),
    "one model twice": (["compare", "zoo:lenet5", "zoo:lenet5", *SMALL], ["twice"]),
    "controls without a found model": (
        ["compare", "zoo:lenet5", "zoo:nin", "--controls", "2", *SMALL],
        ["--controls", "run directory"],
    ),
    "no such run": (["compare", "no_such_run", "zoo:lenet5", *SMALL], ["no_such_run"]),
    "no such network": (["zoo", "resnet21"], ["'resnet21'", "Did you mean"]),
    "unknown family": (["zoo", "--family", "resnets"], ["'resnets'", "resnet"]),
    "limit not a count": (["zoo", "--max-params", "few"], ["--max-params", "400M"]),
    "plot of another format": (["zoo", "--plot", "complexity", "--out", "chart.doc"], ["chart.doc", ".svg"]),
    "profile of a published network on too small images": (
        ["profile", "zoo:inception_v3", "--image-size", "16"],
        ["inception_v3", "16"],
    ),
    "run directory in use by another command": (["train", "lenet5", *SMALL, "--run", "found"], ["already holds a run"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_answered_clearly(case: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, fragments = BAD[case]
    log = RunStore.read(Path("found")).trials
    try:
        status = main(arguments)
    except SystemExit as stop:
        status = stop.code  # type: ignore[assignment]
    captured = capsys.readouterr()
    assert status == 2, captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    for fragment in fragments:
        assert fragment in captured.err, captured.err
    assert RunStore.read(Path("found")).trials == log


def _epochs(run: str) -> list[tuple[int, int]]:
    """Trial and epoch of each line of the curves."""
    return sorted((line["number"], line["epoch"]) for line in read_epochs(Path(run)))

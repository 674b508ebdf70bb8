"""All training images to train on: the last weights are kept, and tested once."""

import json
from pathlib import Path

import pytest

from nasbench.cli import main

DIGITS = ["--dataset", "digits", "--image-size", "12", "--recipe", "little:LITTLE", "--epochs", "1", "--wandb", "off"]


def test_the_last_weights_are_kept_and_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["--val-split", "0", "--batch-size", "64", "--json"]
    assert main(["train", "lenet5", *DIGITS, *asked, "--run", "run"]) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["val_accuracy"] is None
    assert 0 < record["test_accuracy"] < 1
    assert "batches of 64 images where recipe 'little' has 32; peak learning rate" in said.err
    (line,) = [json.loads(line) for line in Path("run/trials.jsonl").read_text().splitlines()]
    assert "best_epoch" not in line["metrics"]
    assert json.loads(Path("run/run.json").read_text())["plan"]["recipe"]["batch_size"] == 64
    assert Path("run/best/weights.safetensors").exists()
    assert main(["report", "run"]) == 0
    assert main(["train", "--run", "run", "--resume"]) == 0


def test_a_share_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "lenet5", *DIGITS, "--val-split", "1"]) == 2
    assert "--val-split takes a share from 0 to 0.9; got 1" in capsys.readouterr().err

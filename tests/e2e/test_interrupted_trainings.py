"""A command that trains, interrupted after its first training: it says so, and --resume goes on with what was asked."""

import json
from pathlib import Path

import pytest

from nasbench.cli import main

DIGITS = ["--dataset", "digits", "--image-size", "12", "--recipe", "little:LITTLE", "--epochs", "1", "--wandb", "off"]
COMMANDS = {
    "train": ["train", "lenet5", "--seeds", "2", "--seed", "3"],
    "compare": ["compare", "lenet5", "resnet20"],
    "scale": ["scale", "--base", "mobilenet_v1", "--width", "0.25", "--depth", "0.4", "--train"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_interrupted_and_resumes(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*COMMANDS[command], *DIGITS, "--run", "cut", "--track", "interrupting:Once"]) == 130
    said = capsys.readouterr().err
    assert "interrupted: 1 of 2 trials" in said
    assert "done:" not in said
    assert f"nasbench {command} --run cut --resume" in said
    record = json.loads(Path("cut/run.json").read_text())
    assert record["ended"] is None
    assert main([command, "--run", "cut", "--resume"]) == 0
    resumed = json.loads(Path("cut/run.json").read_text())
    assert [each["argv"] for each in resumed["resumed"]] == [["nasbench", command, "--run", "cut", "--resume"]]
    assert resumed["ended"]
    assert resumed["config"] == record["config"]

    assert main([*COMMANDS[command], *DIGITS, "--run", "whole", "--trained-dir", "elsewhere"]) == 0
    lines = [
        [json.loads(line) for line in Path(run, "trials.jsonl").read_text().splitlines()] for run in ("cut", "whole")
    ]
    told = [[(line["number"], line["name"], line["seed"], line["score"]) for line in log] for log in lines]
    assert told[0] == told[1]

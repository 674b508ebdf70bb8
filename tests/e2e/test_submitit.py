"""The example of an executor by submitit, with submitit's own processes of this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLAGS = (
    *("--executor", "examples.submitit_executor:SubmititExecutor", "--workers", "2", "--wandb", "off"),
    *("--space", "examples.toy_space:ToySpace", "--strategy", "random", "--device", "cpu"),
    *("--dataset", "digits", "--recipe", "quick", "--epochs", "1", "--trials", "4"),
)


def search(directory: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "nasbench", "search", *FLAGS, *flags]
    variables = {**os.environ, "SUBMITIT_CLUSTER": "local", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=directory, env=variables, capture_output=True, text=True, timeout=900)


@pytest.mark.slow
def test_trials_are_jobs_of_submitit(tmp_path):
    done = search(tmp_path, "--run", "run")
    assert done.returncode == 0, done.stderr
    assert "2 jobs at a time, by submitit on 'local'" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run/trials.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines] == ["ok"] * 4
    assert len({line["worker"] for line in lines}) == 4, "each trial is a job of its own"
    assert (tmp_path / "run/best/weights.safetensors").exists()
    refused = search(tmp_path, "--run", "other", "--gpus-per-worker", "0.5")
    assert refused.returncode == 2
    assert "whole numbers" in refused.stderr

"""A run that goes on, and a training, delete what a killed process left half-written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench.core.store import RunStore
from nasbench.evaluators.kept import Kept


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that runs no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("x")


def test_a_run_that_goes_on_sweeps(tmp_path: Path, ended: int) -> None:
    fill(tmp_path, f".run.json.{ended}.part", f".mine.{ended}.part")
    RunStore.create(tmp_path, {"command": "toy"}).close()
    assert [path.name for path in tmp_path.glob("*.part")] == [f".mine.{ended}.part"], "the folder may be a user's"
    (tmp_path / f".mine.{ended}.part").unlink()
    for folder in ("best", "checkpoints", "mine"):
        (tmp_path / folder).mkdir()
    for folder in (".", "best", "checkpoints", "mine"):
        fill(tmp_path / folder, f".x.{ended}.part")
    RunStore.read(tmp_path)
    assert len(list(tmp_path.rglob("*.part"))) == 4, "who reads changes nothing"
    RunStore.resume(tmp_path).close()
    assert list(tmp_path.rglob("*.part")) == [tmp_path / "mine" / f".x.{ended}.part"]


def test_a_training_sweeps_and_lets_its_state_go_once_it_is_finished(tmp_path: Path, ended: int) -> None:
    kept = Kept(tmp_path)
    fill(tmp_path, "checkpoint.pt", f".weights.safetensors.{ended}.part")
    with kept.alone():
        assert kept.checkpoint.exists(), "it goes on from there"
    assert not list(tmp_path.glob(".*.part"))
    (tmp_path / "result.json").write_text(json.dumps({"metrics": {}}))
    with kept.alone():
        assert not kept.checkpoint.exists()

"""Files that were being written when their process was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench.core.part_file import part_of, sweep_parts
from nasbench.core.store import RunStore, write_atomically


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def test_what_a_process_that_is_gone_was_writing_is_swept_and_nothing_else(tmp_path: Path, dead: int) -> None:
    (tmp_path / f".run.json.{dead}.part").touch()
    (tmp_path / f".part.{dead}.model.pt2").touch()
    (tmp_path / f".best.{dead}.part").mkdir()
    (tmp_path / f".best.{dead}.part" / "weights").touch()
    others = {f"run.json.{dead}.part", ".notes.part", ".part", f"{dead}.part", part_of(tmp_path / "mine").name}
    for name in others:
        (tmp_path / name).touch()
    sweep_parts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == others


def test_a_number_that_another_process_has_by_now_keeps_nothing(tmp_path: Path) -> None:
    part = part_of(tmp_path / "mine")
    part.touch()
    os.utime(part, (1e9, 1e9))  # long before this process began
    sweep_parts(tmp_path)
    assert not part.exists()


def test_a_file_of_another_user_stays(tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    part = tmp_path / f".run.json.{dead}.part"
    part.touch()
    monkeypatch.setattr(os, "getuid", lambda: part.stat().st_uid + 1)
    sweep_parts(tmp_path)
    assert part.exists()


def test_the_next_start_of_a_run_sweeps_its_directory(tmp_path: Path, dead: int) -> None:
    for folder in (tmp_path, tmp_path / "best", tmp_path / "checkpoints"):
        folder.mkdir(exist_ok=True)
        (folder / f".weights.safetensors.{dead}.part").touch()
        (folder / ".weights.safetensors.part").touch()  # of nasbench 0.1.0
    (tmp_path / f".run.json.{dead}.part").touch()
    RunStore.create(tmp_path, {"command": "search"}).close()
    assert len(list(tmp_path.rglob("*.part"))) == 6, "a new run sweeps what it writes alone: the folder may be a user's"
    RunStore.resume(tmp_path).close()
    assert not list(tmp_path.rglob("*.part"))


def test_a_write_that_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "run.json", "{}")
    assert not list(tmp_path.iterdir())

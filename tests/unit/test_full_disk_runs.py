"""A search on a disk that fills up: one error, a directory that is valid at every moment, and the same log once there
is room.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.core.errors import LogLost, NotWritten
from nasbench.core.reported import each_epoch_once
from nasbench.core.store import RunStore
from unit.failing_disk import FailingDisk, failing_disk

TRIALS = 3
BY_THE_CLOCK = ("seconds", "started")


def search(directory: Path, trackers: Sequence[Any] = (), **more: Any) -> None:
    toy = {"space": "examples.toy_space:ToySpace", "evaluator": "unit.made_up:Reporting", "strategy": "random"}
    nasbench.search(**toy, trials=TRIALS, control=0, run=str(directory), trackers=trackers, **more)


def log(directory: Path) -> list[dict[str, Any]]:
    lines = [trial.to_json() for trial in RunStore.read(directory).trials]
    return [{name: value for name, value in line.items() if name not in BY_THE_CLOCK} for line in lines]


def refused_once_then_resumed(disk: FailingDisk, directory: Path, at: int, lasting: bool) -> str:
    """Searches on a disk that refuses, looks at what is left, then searches with room. Returns what was said."""
    disk.refuse(at, lasting)
    said = ""
    try:
        search(directory)
    except NotWritten as error:
        said = str(error)
    disk.refuse(0)
    assert not list(directory.parent.rglob("*.part")), "what could not be written is deleted"
    if not said:  # the note of the trial in hand, or a file that was closed with nothing to lose
        return said
    assert said.startswith("cannot write ")
    assert "no space left on the device. Make room there." in said
    if not directory.exists():
        assert said.endswith("Then start the run again.")
        search(directory)
        return said
    assert f"Then go on with: nasbench search --run {directory} --resume" in said
    assert json.loads((directory / "run.json").read_text())["ended"] is None
    kept = len(log(directory))
    told = "1 finished trial is" if kept == 1 else f"{kept} finished trials are"
    assert f"{told} kept in {directory}" in said or lasting
    list(each_epoch_once(directory))
    if (directory / "best" / "metrics.json").exists():
        assert json.loads((directory / "best" / "architecture.json").read_text())["key"]
    search(directory, resume=True)
    return said


def compare_with(undisturbed: Path, directory: Path) -> None:
    assert log(directory) == log(undisturbed)
    assert list(each_epoch_once(directory)) == list(each_epoch_once(undisturbed))
    for name in ("best/architecture.json", "best/metrics.json", "search_curve.svg"):
        assert (directory / name).read_bytes() == (undisturbed / name).read_bytes()
    record = json.loads((directory / "run.json").read_text())
    assert record["ended"] is not None
    assert record["wall_seconds"] >= 0
    assert (directory / "report.html").exists()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("disk") / "run"
    search(directory)
    return directory


def test_a_disk_that_fills_up_stops_a_search_which_goes_on_when_there_is_room(undisturbed: Path, tmp_path: Path):
    said = []
    with failing_disk() as disk:
        disk.refuse(0)
        search(tmp_path / "counted")
        calls = len(disk.calls)
        for at in (calls // 3, calls - 6):  # a trial, and run.json at the end
            said.append(refused_once_then_resumed(disk, tmp_path / str(at), at, lasting=True))
            compare_with(undisturbed, tmp_path / str(at))
    assert ["jsonl" in said[0], "run.json" in said[1]] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("lasting", [False, True])
def test_whichever_write_is_refused_nothing_is_lost(undisturbed: Path, tmp_path: Path, lasting: bool):
    with failing_disk() as disk:
        disk.refuse(0)
        search(tmp_path / "counted")
        calls = len(disk.calls)
        assert calls > 50
        for at in range(1, calls + 1):
            directory = tmp_path / str(at)
            refused_once_then_resumed(disk, directory, at, lasting)
            compare_with(undisturbed, directory)
            shutil.rmtree(directory)


class AfterTwo:
    """A tracker that does something to the run directory after two trials."""

    def __init__(self, does: Callable[[], object]) -> None:
        self._does = does

    def start(self, run: Any) -> None:
        """Nothing."""

    def trial(self, trial: Any) -> None:
        if trial.number == 2:
            self._does()

    def finish(self, summary: Any, run_dir: Path) -> None:
        """Nothing."""


def test_a_run_that_is_deleted_meanwhile_is_told_and_not_made_again(tmp_path: Path):
    directory = tmp_path / "run"
    with pytest.raises(LogLost, match=rf"{directory} is gone: it was deleted or moved.*put it back"):
        search(directory, trackers=[AfterTwo(lambda: shutil.rmtree(directory))])
    assert not directory.exists()


@pytest.mark.parametrize("name", ["trials.jsonl", "curves.jsonl"])
def test_a_log_that_is_deleted_meanwhile_costs_no_trial(name: str, undisturbed: Path, tmp_path: Path):
    directory = tmp_path / "run"
    with pytest.raises(LogLost, match=rf"{name} is gone.*go on with --resume"):
        search(directory, trackers=[AfterTwo((directory / name).unlink)])
    if name == "trials.jsonl":
        (rescued,) = directory.glob("trials.rescued-*.jsonl")
        rescued.rename(directory / name)
        assert len(log(directory)) == TRIALS
    search(directory, resume=True)
    assert log(directory) == log(undisturbed)

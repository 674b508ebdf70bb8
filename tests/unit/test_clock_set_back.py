"""A clock that is set back makes no duration negative, and what is interrupted counts the seconds in which it ran."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import nasbench
from nasbench.core import loop, stopwatch
from nasbench.core.errors import NotWritten
from nasbench.core.recipe import Recipe
from nasbench.core.stopwatch import Stopwatch
from nasbench.engine.config import shared
from nasbench.engine.config.shared import Place
from nasbench.engine.run import provenance
from nasbench.report.common.numbers import duration
from nasbench.report.common.page import wall_time
from nasbench.train.data import ImageData, Split
from nasbench.train.trainer import fit
from unit.failing_disk import failing_disk

RUN = {"started": "2026-03-29T03:00:00+00:00", "ended": "2026-03-29T02:00:00+00:00"}


class SetBack(datetime):
    """Each look at the clock is an hour earlier than the one before."""

    looks = 0

    @classmethod
    def now(cls, tz: Any = None) -> "SetBack":
        cls.looks += 1
        return cls(2026, 3, 29, 12, tzinfo=tz or UTC) - timedelta(hours=cls.looks)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monotonic clock on which 10 seconds pass between two looks."""
    seconds = iter(range(0, 10_000, 10))
    monkeypatch.setattr(stopwatch, "monotonic", lambda: float(next(seconds)))


def test_the_time_of_a_run_is_not_the_difference_of_its_dates() -> None:
    assert wall_time({**RUN, "wall_seconds": 12.0}) == "12 s"
    assert wall_time(RUN) == "–"
    assert wall_time({**RUN, "ended": None, "wall_seconds": 12.0}) == "–"
    assert wall_time({**RUN, "ended": "2026-03-29T03:00:07+00:00"}) == "7.0 s"  # a run of 0.1.0


def test_a_run_counts_its_seconds_whatever_the_clock_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: None
) -> None:
    for module in (loop, provenance):
        monkeypatch.setattr(module, "datetime", SetBack)
    toy = {"space": "examples.toy_space:ToySpace", "evaluator": "unit.made_up:MadeUp", "strategy": "random"}
    told = {"trials": 2, "control": 0, "run": str(tmp_path / "run"), "trackers": ()}
    with failing_disk() as disk:
        disk.refuse(17)  # a trial: the run stops, and says how long it took
        with pytest.raises(NotWritten):
            nasbench.search(**toy, **told)
        disk.refuse(0)
    before = json.loads((tmp_path / "run" / "run.json").read_text())
    assert before["ended"] is None
    assert before["wall_seconds"] >= 10
    result = nasbench.search(**toy, **told, resume=True)
    after = json.loads((tmp_path / "run" / "run.json").read_text())
    assert after["ended"] < after["started"]
    assert after["wall_seconds"] >= result.seconds >= before["wall_seconds"] + 10
    assert all(trial.seconds >= 0 for trial in result.trials)
    assert duration(after["wall_seconds"]) in (tmp_path / "run" / "report.html").read_text()


def test_a_training_counts_the_seconds_of_all_its_parts(tmp_path: Path, ticks: None) -> None:
    images = Split(torch.zeros(32, 1, 4, 4, dtype=torch.uint8), torch.arange(32) % 2)
    data = ImageData("zeros", images, images, (0.5,), (0.5,), ("a", "b"), 4)
    recipe = Recipe("test", 1, epochs=2, batch_size=32, lr_peak=0.1)
    spent = []
    for last in (1, 2):
        watch = Stopwatch()  # another process
        network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
        how = {"seed": 0, "device": torch.device("cpu"), "stop_after": last, "checkpoint": tmp_path / "a.pt"}
        fit(network, data, recipe, **how, stopwatch=watch)
        spent.append(watch.seconds)
    assert spent == [20, 30]  # 10 until the first checkpoint was written; 20 until the second training was done


def test_two_runs_of_one_moment_lie_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shared, "datetime", type("Stopped", (), {"now": staticmethod(lambda: datetime(2026, 1, 1))}))
    for name in ("20260101-000000-race", "20260101-000000-race-2", "20260101-000000-race-3"):
        found = Place().directory("race")
        assert found == Path("runs") / name
        found.mkdir(parents=True)


def test_a_run_that_is_killed_has_written_down_most_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: None
) -> None:
    kept: list[float] = []

    class Looks:
        def start(self, run: Any) -> None:
            """Nothing."""

        def trial(self, trial: Any) -> None:
            kept.append(json.loads((tmp_path / "run" / "run.json").read_text()).get("wall_seconds", 0.0))

        def finish(self, summary: Any, run_dir: Path) -> None:
            """Nothing."""

    toy = {"space": "examples.toy_space:ToySpace", "evaluator": "unit.made_up:MadeUp", "strategy": "random"}
    nasbench.search(**toy, trials=20, control=0, run=str(tmp_path / "run"), trackers=[Looks()])
    assert kept[0] == 0
    assert kept[-1] >= 60
    assert kept == sorted(kept)

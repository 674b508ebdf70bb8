"""Which runs of a timed network count: those of rounds in which the yardstick was as fast as it has been."""

from collections.abc import Callable
from time import perf_counter

import pytest
import torch

from nasbench.core.spec import Task
from nasbench.evaluators import quiet_rounds
from nasbench.evaluators.latency import measured
from nasbench.evaluators.latency_by import LatencyBy
from nasbench.evaluators.quiet_rounds import Round, timed


class Yardstick:
    """One that reads what it is told, and at the end always the last."""

    def __init__(self, *readings: float) -> None:
        self._left, self._read = list(readings), list[float]()
        self.asked = 0

    @property
    def shortest(self) -> float:
        self.asked += 1
        return min(self._read)

    def begin(self) -> None:
        pass

    def read(self) -> float:
        self._read.append(self._left.pop(0) if len(self._left) > 1 else self._left[0])
        return self._read[-1]


@pytest.fixture(autouse=True)
def rounds_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of ten runs, thirty of which are enough."""
    monkeypatch.setattr(quiet_rounds, "MOST_RUNS", 10)
    monkeypatch.setattr(quiet_rounds, "ROUND", 60.0)
    monkeypatch.setattr(quiet_rounds, "LEAST_RUNS", 30)
    monkeypatch.setattr(quiet_rounds, "SECONDS", 0.0)


def read_as(monkeypatch: pytest.MonkeyPatch, *readings: float) -> Yardstick:
    yardstick = Yardstick(*readings)
    monkeypatch.setattr(quiet_rounds, "_yardstick", lambda *_: yardstick)
    return yardstick


@pytest.mark.parametrize(
    ("readings", "left_out"),
    [
        ((1.0,), 0),
        ((1.0, 1.1, 0.99, 1.0), 0),
        ((1.0, 1.0, 2.0, 1.0, 1.0, 1.0), 20),  # before the second round it was fast, and after the third
        ((2.0, 2.0, 1.0), 20),  # that the first rounds were slow is known after them
    ],
)
def test_rounds_of_a_slower_machine_are_left_out(
    readings: tuple[float, ...], left_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_as(monkeypatch, *readings)
    calls: list[int] = []
    found = timed(lambda: calls.append(1), "cpu", 1)
    assert (len(found.walls), len(found.owns), found.left_out, found.steady) == (30, 30, left_out, True)
    assert len(calls) == quiet_rounds.WARM_UPS + 30 + left_out


def test_a_machine_that_stays_slow_is_told_and_its_least_disturbed_rounds_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quiet_rounds, "PATIENCE", 0.0)
    read_as(monkeypatch, 1.0, 2.0, 3.0, 2.0)
    calls: list[int] = []
    found = timed(lambda: calls.append(1), "cpu", 1)
    assert (len(found.walls), found.left_out, found.steady) == (30, 0, False)
    rounds = [Round((time,) * 10, (time,) * 10, yardstick) for time, yardstick in ((5.0, 2.0), (9.0, 3.0), (4.0, 1.9))]
    monkeypatch.setattr(quiet_rounds, "LEAST_RUNS", 20)
    assert [each.walls[0] for each in quiet_rounds.least_disturbed(rounds)] == [4.0, 5.0]


def test_the_yardstick_reads_this_machine_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_rounds, "FIRST", 0.01)
    yardstick = quiet_rounds.Yardstick("cpu", quiet_rounds.thread_time)
    yardstick.begin()
    first = yardstick.shortest
    assert first > 0
    again = yardstick.read()
    assert yardstick.shortest <= max(first, again)
    monkeypatch.setattr(quiet_rounds, "REMEMBERED", -1.0)
    yardstick.begin()
    assert yardstick.shortest > 0


def test_a_single_reading_that_is_far_too_short_makes_no_other_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.01] * 5 + [1.0, 3.0] * 5 + [5.0, 7.1] * 5)
    yardstick = quiet_rounds.Yardstick("cpu", lambda: next(times))
    assert [round(yardstick.read()) for _ in range(3)] == [10, 2000, 2100]
    assert yardstick.shortest == 2000.0


def test_long_runs_are_waited_for_as_long_as_most_of_them_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network whose run takes ten seconds: one round in three does not count, which is longer than PATIENCE."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(quiet_rounds, "monotonic", lambda: 10.0 * next(seconds))
    monkeypatch.setattr(quiet_rounds, "MOST_RUNS", 1)
    monkeypatch.setattr(quiet_rounds, "LEAST_RUNS", 9)
    read_as(monkeypatch, *[1.0, 1.0, 1.0, 1.0, 1.0, 2.0] * 10)
    found = timed(lambda: None, "cpu", 1)
    assert (len(found.walls), found.left_out, found.steady) == (9, 4, True)
    read_as(monkeypatch, 1.0, 2.0)
    found = timed(lambda: None, "cpu", 1)
    assert (len(found.walls), found.left_out, found.steady) == (9, 0, False)


def test_patience_counts_what_the_yardstick_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """More threads than cores make a reading far longer than a round; the shortest is looked for once a round."""
    now = iter(range(10**6))
    monkeypatch.setattr(quiet_rounds, "monotonic", lambda: float(next(now)))
    yardstick = read_as(monkeypatch, 1.0, 2.0)
    calls: list[int] = []
    assert not timed(lambda: calls.append(1), "cpu", 16).steady
    rounds = yardstick.asked
    assert rounds == quiet_rounds.PATIENCE + 1
    assert len(calls) == quiet_rounds.WARM_UPS + 10 * rounds


@pytest.mark.parametrize("clock", [lambda: 0.0, lambda: perf_counter() // 0.01 / 100])
def test_a_coarse_clock_of_the_thread_is_not_read(clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_rounds, "thread_time", clock)
    monkeypatch.setattr(quiet_rounds, "FIRST", 0.01)
    monkeypatch.setattr(quiet_rounds, "SLOWER", float("inf"))
    found = measured(torch.nn.Linear(4, 4), Task(10, 4, 1), LatencyBy())
    assert (found.clock, found.median) == ("wall", found.wall)
    assert found.median > 0


def test_a_run_that_fails_is_not_swallowed() -> None:
    def run() -> torch.Tensor:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        timed(run, "cpu", 1)

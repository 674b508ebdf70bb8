"""When W&B is told that a run ended, stalls, or that many of its trials fail."""

import pytest

from nasbench.trackers.wandb_alerts import MANY, STALL_SECONDS, STALL_TIMES, Alerts
from unit.toys import trial


class Told:
    """An alert's receiver, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, str, str]] = []
        self.now = 0.0
        self.of = Alerts("nightly", lambda *told: self.alerts.append(told), lambda: self.now)

    def finishes(self, after: float, status: str = "ok", error: str | None = None) -> None:
        self.now += after
        self.of.trial(trial(1, status, None if status == "failed" else 0.5, error=error))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.mark.parametrize(("usual", "stalls_after"), [(1.0, STALL_SECONDS), (100.0, STALL_TIMES * 100.0)])
def test_a_stall_is_told_once_and_again_after_the_next_trial(told: Told, usual: float, stalls_after: float) -> None:
    for _ in range(4):
        told.finishes(usual)
    told.now += stalls_after
    told.of.check()
    assert told.alerts == []
    told.now += 1
    told.of.check()
    told.of.check()
    assert [(title, level) for title, _, level in told.alerts] == [("nightly no trial finishes", "WARN")]
    assert f"the median time between two is {usual:.1f} s" in told.alerts[0][1]
    told.finishes(usual)
    told.now += 2 * stalls_after
    told.of.check()
    assert len(told.alerts) == 2
    told.of.end(5, {})


def test_cached_trials_take_no_time_and_do_not_count(told: Told) -> None:
    for _ in range(9):
        told.finishes(0.0, "cached")
    told.now += 10 * STALL_SECONDS
    told.of.check()
    assert told.alerts == []


def test_many_failures_are_told_once(told: Told) -> None:
    for _ in range(3):
        told.finishes(1.0)
    for number in range(MANY + 2):
        told.finishes(1.0, "failed", "out of memory")
        assert len(told.alerts) == (number + 1 >= MANY)
    title, text, level = told.alerts[0]
    assert (title, level) == ("nightly many trials fail", "WARN")
    assert text == "5 trials of the last 8 failed; the last: out of memory"
    told.of.end(9, {})


@pytest.mark.parametrize(
    ("summary", "title", "text", "level"),
    [
        ({"best": {"score": 0.91234}}, "nightly has ended", "3 trials; the best score is 0.9123", "INFO"),
        ({"trials": 3}, "nightly has ended", "3 trials", "INFO"),
        ({"interrupted": True}, "nightly was interrupted", "after 3 trials; --resume goes on with it", "WARN"),
        ({"error": "no images"}, "nightly failed", "after 3 trials: no images", "ERROR"),
    ],
)
def test_the_end_is_told_as_it_was(told: Told, summary: dict[str, object], title: str, text: str, level: str) -> None:
    told.of.end(3, summary)
    assert told.alerts == [(title, text, level)]


def test_titles_are_as_short_as_wandb_takes_them() -> None:
    alerts: list[tuple[str, str, str]] = []
    Alerts("n" * 200, lambda *told: alerts.append(told)).end(1, {})
    assert len(alerts[0][0]) < 64

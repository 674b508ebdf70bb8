"""What a process makes of the signals that ask it to stop."""

import signal
import time

import pytest

from nasbench.core import stop_signals
from nasbench.core.errors import Interrupted
from nasbench.core.stop_signals import WISHES, Wishes
from nasbench.engine.run.interrupt import interrupts


class Ended(BaseException):
    """In place of the end of the process."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was said at an end, with its status; the clock stands still, so that signals come at once."""
    ends: list[tuple[str, int]] = []

    def leave(text: str, status: int) -> None:
        ends.append((text, status))
        raise Ended

    monkeypatch.setattr(stop_signals, "leave", leave)
    monkeypatch.setattr(stop_signals, "monotonic", lambda: 100.0)
    return ends


def test_the_inner_one_hears_the_first_signal_and_nobody_a_quick_repetition(told) -> None:
    heard: list[str] = []
    with WISHES.heard_by(lambda name: heard.append("outer " + name)):
        with WISHES.heard_by(heard.append):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        assert heard == ["SIGTERM"]
        assert WISHES.asked == "SIGTERM"
    assert not WISHES.asked, "what was asked of an earlier run is done"


def test_a_later_second_signal_ends_the_command_with_the_sentence_and_raises_from_python(told, monkeypatch) -> None:
    wishes, times = Wishes(), iter([0.0, 5.0, 10.0])
    monkeypatch.setattr(stop_signals, "monotonic", lambda: next(times))
    with wishes.heard_by(lambda _name: None), wishes.with_sentence(lambda: "go on with --resume"):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        wishes.owned = True
        with pytest.raises(Ended):
            signal.raise_signal(signal.SIGINT)
    assert told == [("go on with --resume", 130)]


def test_a_quick_second_ctrl_c_leaves_a_moment_to_tidy_up_and_then_ends_the_command(told, monkeypatch) -> None:
    wishes = Wishes()
    wishes.owned = True
    started: list[str] = []

    class Thread:
        def __init__(self, target, name, daemon) -> None:
            self._target = target

        def start(self) -> None:
            started.append("waits")
            with pytest.raises(Ended):
                self._target()

    with wishes.heard_by(lambda _name: None), wishes.with_sentence(lambda: 1 / 0):
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr(stop_signals, "HURRY_SECONDS", 0.0)
        monkeypatch.setattr(stop_signals.threading, "Thread", Thread)
        signal.raise_signal(signal.SIGINT)
    assert started == ["waits"]
    assert told == [("interrupted", 130)], "a sentence that cannot be made holds up nothing"


def test_a_signal_that_comes_while_an_object_is_finalized_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def run() -> None:
        last = Finalized()
        del last
        for _ in range(500):
            time.sleep(0.01)

    with pytest.raises(Interrupted), interrupts():
        run()
    assert capfd.readouterr().err == ""

"""Whether the head of a Ray cluster is there: a thread asks it."""

import threading
from collections.abc import Callable

import pytest

from nasbench.core.stop_signals import WISHES
from nasbench.executors import cluster_watch
from nasbench.executors.cluster_watch import MISSED_LIMIT, ClusterWatch


@pytest.fixture(autouse=True)
def left(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was said where the process would have ended, with its status."""
    ends: list[tuple[str, int]] = []
    monkeypatch.setattr(cluster_watch, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(cluster_watch, "leave", lambda text, status: ends.append((text, status)))
    return ends


def answering(answers: str, then: Callable[[], None] = lambda: None) -> tuple[Callable[[], bool], threading.Event]:
    """Answers yes (y) and no (n) in this order, the last of them for ever; the event is set after them."""
    done, left = threading.Event(), list(answers)

    def answer() -> bool:
        yes = left[0] == "y"
        if len(left) > 1:
            left.pop(0)
        else:
            done.set()
        return yes

    return answer, done


def test_a_head_that_misses_a_few_calls_is_not_lost_and_its_room_is_known(left) -> None:
    answer, done = answering("y" + "n" * (MISSED_LIMIT - 1) + "yy")
    with ClusterWatch(answer, lambda: 3, "gone") as watch:
        assert done.wait(10)
    assert watch.room() == 3
    assert not watch.lost
    assert left == []


def test_a_head_that_is_gone_is_told_to_the_main_thread_which_leaves(left, monkeypatch) -> None:
    answer, done = answering("y" + "n" * (MISSED_LIMIT + 2))
    with ClusterWatch(answer, lambda: 1, "gone") as watch:
        while not watch.lost:
            pass
    assert left == []
    assert not done.is_set(), "nobody asks any more"


@pytest.mark.parametrize(("asked", "end"), [("", ("gone", 1)), ("SIGTERM", ("interrupted", 130))])
def test_it_has_the_last_word_where_the_main_thread_is_stuck(asked, end, left, monkeypatch) -> None:
    monkeypatch.setattr(cluster_watch, "LEAVE_SECONDS", 0.001)
    monkeypatch.setattr(WISHES, "asked", asked)
    monkeypatch.setattr(WISHES, "end", lambda: left.append(("interrupted", 130)))
    ended = threading.Event()
    monkeypatch.setattr(cluster_watch, "leave", lambda *said: (left.append(said), ended.set()))
    answer, _ = answering("n")
    with ClusterWatch(answer, lambda: 1, "gone"):
        assert ended.wait(10)
    assert left[0] == end

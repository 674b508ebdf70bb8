"""Workers that hang where nothing of theirs runs, and machines that are gone: what the main process makes of them."""

import pytest
from toy import Different, loop

from nasbench.core.trial import Trial
from nasbench.executors import job_queue
from nasbench.executors.job_queue import JobQueue


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def watch(self, queue: JobQueue, until: float) -> list[str]:
        """Looks for frozen workers twice a second; those that were found the last time."""
        found: list[str] = []
        while self.now < until:
            self.now += 0.5
            found = queue.overdue()
        return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(job_queue, "monotonic", made)
    return made


def test_a_worker_that_does_not_end_when_its_time_is_up_is_frozen_and_its_trial_fails(clock):
    log: list[Trial] = []
    queue = JobQueue(loop(Different(), 4, log.append), 2, 10.0)
    queue.next_job("1")
    queue.next_job("2")
    queue.begin("1")
    assert clock.watch(queue, 15.0) == []
    assert clock.watch(queue, 15.5) == ["1"], "the second has not begun: it may still start"
    queue.kill("1")
    queue.lose("1", "killed")
    assert log[0].error == "stopped after 10 s (--trial-timeout): its worker was frozen, and was killed"
    assert clock.watch(queue, 70.0) == ["2"], "it was idle when it froze, and never began"


def test_the_time_in_which_nobody_read_answers_makes_no_worker_frozen(clock):
    queue = JobQueue(loop(Different(), 4, lambda _: None), 2, 10.0)
    queue.next_job("1")
    queue.begin("1")
    clock.now = 100.0  # the strategy thought about its next proposal
    assert queue.overdue() == []
    assert clock.watch(queue, 115.0) == []
    assert clock.watch(queue, 115.5) == ["1"]


def test_without_a_time_limit_no_worker_is_frozen(clock):
    queue = JobQueue(loop(Different(), 4, lambda _: None), 2, None)
    queue.next_job("1")
    queue.begin("1")
    assert clock.watch(queue, 1000.0) == []


@pytest.mark.parametrize(("room", "released"), [(None, False), (2, False), (1, True)])
def test_no_worker_is_kept_for_one_that_no_machine_is_left_for(room, released):
    queue = JobQueue(loop(Different(), 4, lambda _: None), 2, None, room=lambda: room)
    queue.next_job("1")
    queue.next_job("2")
    queue.begin("1")
    assert queue.can_release == released

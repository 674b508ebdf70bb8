"""What goes out to workers in other processes and what comes back, without any."""

import json

from toy import Climber, ToyEvaluator, ToySpace, plan, score

from nasbench.core.arch import Architecture
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import WAITING_LIMIT, SearchLoop
from nasbench.core.trial import Proposal, Trial
from nasbench.executors import desk as desk_module
from nasbench.executors.desk import Desk, respond


class Fixed:
    """Proposes the n-th of these letters as number n, and the last one ever after."""

    def __init__(self, letters):
        self._letters = letters

    def ask(self, number, rng, running):
        letter = self._letters[min(number, len(self._letters)) - 1]
        return Proposal(number, Architecture.of("toy", {"a": letter, "b": "t", "c": "u", "idle": "s"}))

    def tell(self, trial):
        """Nothing to learn."""


def new_desk(letters="suvwxyz", trials=7, workers=2, timeout=None):
    log: list[Trial] = []
    loop = SearchLoop(ToySpace(), Fixed(letters), plan(trials), log.append, score)
    return Desk(loop, workers, timeout), loop, log


def answer(desk, ticket, job, evaluator):
    desk.begin(ticket)
    desk.take_back(ticket, respond(evaluator, job, "worker", None))
    desk.close(ticket)


def test_no_more_tickets_are_open_than_there_are_workers(tmp_path):
    desk, _, log = new_desk()
    first, second = desk.hand_out("1"), desk.hand_out("2")
    assert first is not None
    assert second is not None
    assert desk.hand_out("3") is None
    answer(desk, "1", first, ToyEvaluator(str(tmp_path)))
    assert desk.hand_out("3") is not None
    assert [trial.number for trial in log] == [1]


def test_an_answered_worker_is_kept_while_another_starts_and_while_there_is_no_job_for_it(tmp_path, monkeypatch):
    desk, _, _ = new_desk("suu", trials=3)
    first, second = desk.hand_out("1"), desk.hand_out("2")
    desk.begin("1")
    desk.take_back("1", respond(ToyEvaluator(str(tmp_path)), first, "worker", None))
    assert not desk.can_release  # the second has not begun
    desk.begin("2")
    assert not desk.can_release  # the third waits for the second, an equal one
    desk.take_back("2", respond(ToyEvaluator(str(tmp_path)), second, "worker", None))
    assert desk.can_release
    assert desk.finished


def test_a_start_that_takes_too_long_holds_nobody_up(tmp_path, monkeypatch):
    desk, _, _ = new_desk()
    first, _ = desk.hand_out("1"), desk.hand_out("2")
    answer(desk, "1", first, ToyEvaluator(str(tmp_path)))
    assert not desk.can_release
    monkeypatch.setattr(desk_module, "PATIENCE_SECONDS", -1.0)
    assert desk.can_release


def test_a_worker_that_died_with_a_trial_in_hand_fails_it_and_one_that_had_not_begun_gives_it_to_another():
    desk, _, log = new_desk()
    desk.hand_out("1")
    desk.hand_out("2")
    desk.begin("1")
    desk.lose("1", "killed")
    desk.close("1")
    assert [(trial.number, trial.status, trial.error) for trial in log] == [(1, "failed", "killed")]
    desk.lose("2", "killed")
    desk.close("2")
    assert len(log) == 1
    assert desk.hand_out("again") is not None
    desk.lose("again", "killed")
    assert [(trial.number, trial.error) for trial in log] == [(1, "killed"), (2, "killed")]


def test_a_worker_that_died_after_the_time_was_up_was_stopped():
    desk, _, log = new_desk(timeout=1e-9)
    desk.hand_out("1")
    desk.begin("1")
    desk.lose("1", "killed")
    assert log[0].error == "stopped after 1e-09 s (--trial-timeout)"


def test_when_the_carrier_breaks_each_job_goes_out_once_more_and_then_fails():
    desk, _, log = new_desk(trials=3)
    desk.hand_out("1")
    desk.hand_out("2")
    desk.begin("1")
    assert desk.recall("no memory")
    assert log == []
    assert desk.hand_out("3") is not None
    assert desk.hand_out("4") is not None
    assert desk.hand_out("5") is None
    assert desk.recall("no memory")
    assert [(trial.number, trial.error) for trial in log] == [(1, "no memory"), (2, "no memory")]
    assert not desk.recall("no memory")
    assert desk.hand_out("6") is not None


def test_where_no_worker_ever_starts_the_run_ends():
    desk, _, log = new_desk()
    desk.hand_out("1")
    desk.lose("1", "no module named 'mine'")
    assert isinstance(desk.fault, RunFailed)
    assert "no module named 'mine'" in str(desk.fault)
    assert desk.finished
    assert log == []


def test_the_fault_of_every_trial_comes_back_as_what_it_was(tmp_path):
    for fault, kind in (("usage", UsageError), ("disk", RunFailed)):
        desk, _, log = new_desk()
        answer(desk, "1", desk.hand_out("1"), ToyEvaluator(str(tmp_path), {1: fault}))
        assert type(desk.fault) is kind
        assert desk.hand_out("2") is None
        assert log == []


def test_metrics_that_are_no_json_are_named():
    desk, _, _ = new_desk()
    answer(desk, "1", desk.hand_out("1"), lambda *_: {"val_accuracy": 0.5, "model": object()})
    assert isinstance(desk.fault, UsageError)
    assert "no JSON" in str(desk.fault)


def test_nan_comes_through_and_fails_its_trial():
    desk, _, log = new_desk()
    answer(desk, "1", desk.hand_out("1"), lambda *_: {"val_accuracy": float("nan")})
    assert (log[0].status, log[0].error) == ("failed", "score is nan, val_accuracy is nan")


def test_a_broken_device_is_told_to_the_carrier():
    def evaluator(*_):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    desk, _, _ = new_desk()
    job = desk.hand_out("1")
    desk.begin("1")
    text = respond(evaluator, job, "worker", None)
    assert json.loads(text)["poisoned"]
    assert desk.take_back("1", text)


def test_one_architecture_proposed_again_and_again_does_not_eat_up_the_numbers(tmp_path):
    desk, loop, log = new_desk("s", trials=100)
    job = desk.hand_out("1")
    assert desk.hand_out("2") is None
    assert len(loop.running) == 1 + WAITING_LIMIT
    answer(desk, "1", job, ToyEvaluator(str(tmp_path)))
    assert len(log) == 1 + WAITING_LIMIT
    assert desk.hand_out("2") is None
    assert len(log) == 100
    assert desk.finished


def test_a_whole_search_over_one_desk(tmp_path):
    log: list[Trial] = []
    desk = Desk(SearchLoop(ToySpace(), Climber(ToySpace()), plan(50), log.append, score), 3, None)
    evaluator, number, jobs = ToyEvaluator(str(tmp_path)), 0, {}
    while not desk.finished:
        while (job := desk.hand_out(str(number))) is not None:
            jobs[str(number)] = job
            number += 1
        ticket = next(iter(jobs))
        answer(desk, ticket, jobs.pop(ticket), evaluator)
    assert sorted(trial.number for trial in log) == list(range(1, 51))

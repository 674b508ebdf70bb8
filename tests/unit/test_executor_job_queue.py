"""What is sent to workers in other processes and what comes back, in one process."""

import json

import pytest
from toy import Climber, ToyEvaluator, ToySpace, loop

from nasbench.core.arch import Architecture
from nasbench.core.errors import RunFailed, TrialPruned, UsageError
from nasbench.core.loop import WAITING_LIMIT
from nasbench.core.trial import Proposal, Trial
from nasbench.executors import job_queue
from nasbench.executors.job_queue import JobQueue
from nasbench.executors.messages import job_from_text, report_from_text, report_to_text, respond
from nasbench.executors.worker_thread import WorkerThread
from nasbench.train.graphed import BROKEN_CAPTURE


class Fixed:
    """Proposes the n-th of these letters as number n, and the last one ever after."""

    def __init__(self, letters):
        self._letters = letters

    def ask(self, number, rng, running):
        letter = self._letters[min(number, len(self._letters)) - 1]
        return Proposal(number, Architecture.of("toy", {"a": letter, "b": "t", "c": "u", "idle": "s"}))

    def tell(self, trial):
        """Nothing to learn."""


def new_queue(letters="suvwxyz", trials=7, workers=2, timeout=None, epochs=()):
    log: list[Trial] = []
    jobs = loop(Fixed(letters), trials, log.append, epochs=epochs)
    return JobQueue(jobs, workers, timeout), jobs, log


def silent(job, epochs, metrics):
    return False


def response(evaluator, job_text):
    return respond(evaluator, job_from_text(job_text), silent, "worker")


def answer(queue, attempt, job_text, evaluator):
    queue.begin(attempt)
    queue.answer(attempt, response(evaluator, job_text))
    queue.release(attempt)


def test_no_more_jobs_are_sent_than_there_are_workers(tmp_path):
    queue, _, log = new_queue()
    first, second = queue.next_job("1"), queue.next_job("2")
    assert None not in (first, second)
    assert queue.next_job("3") is None
    answer(queue, "1", first, ToyEvaluator(str(tmp_path)))
    assert queue.next_job("3") is not None
    assert [trial.number for trial in log] == [1]


def test_an_answered_worker_is_kept_while_another_starts_and_while_there_is_no_job_for_it(tmp_path, monkeypatch):
    queue, _, _ = new_queue("suu", trials=3)
    first, second = queue.next_job("1"), queue.next_job("2")
    queue.begin("1")
    queue.answer("1", response(ToyEvaluator(str(tmp_path)), first))
    assert not queue.can_release  # the second has not begun
    queue.begin("2")
    assert not queue.can_release  # the third waits for the second, an equal one
    queue.answer("2", response(ToyEvaluator(str(tmp_path)), second))
    assert queue.can_release
    assert queue.finished


def test_a_worker_that_starts_too_slowly_does_not_hold_up_the_others(tmp_path, monkeypatch):
    queue, _, _ = new_queue()
    first, _ = queue.next_job("1"), queue.next_job("2")
    answer(queue, "1", first, ToyEvaluator(str(tmp_path)))
    assert not queue.can_release
    monkeypatch.setattr(job_queue, "START_LIMIT_SECONDS", -1.0)
    assert queue.can_release


def test_what_a_dead_worker_had_goes_to_another_once_and_fails_when_that_dies_too():
    queue, _, log = new_queue()
    queue.next_job("1")
    queue.next_job("2")
    queue.begin("1")
    for attempt in ("1", "2"):  # the second had not begun
        queue.lose(attempt, "killed")
        queue.release(attempt)
    assert log == []
    for attempt in ("3", "4"):
        assert queue.next_job(attempt) is not None
        queue.begin(attempt)
        queue.lose(attempt, "killed")
        queue.release(attempt)
    assert [(trial.number, trial.status, trial.error) for trial in log] == [
        (1, "failed", "killed"),
        (2, "failed", "killed"),
    ]


def test_a_worker_that_died_after_the_time_was_up_was_stopped():
    queue, _, log = new_queue(timeout=1e-9)
    queue.next_job("1")
    queue.begin("1")
    queue.lose("1", "killed")
    assert log[0].error == "stopped after 1e-09 s (--trial-timeout)"


def test_when_the_scheduler_breaks_each_job_is_sent_once_more_and_then_fails():
    queue, _, log = new_queue(trials=3)
    queue.next_job("1")
    queue.next_job("2")
    queue.begin("1")
    assert queue.retry_all("no memory")
    assert log == []
    assert queue.next_job("3") is not None
    assert queue.next_job("4") is not None
    assert queue.next_job("5") is None
    assert queue.retry_all("no memory")
    assert [(trial.number, trial.error) for trial in log] == [(1, "no memory"), (2, "no memory")]
    assert not queue.retry_all("no memory")
    assert queue.next_job("6") is not None


def test_where_no_worker_ever_starts_the_run_ends():
    queue, _, log = new_queue()
    queue.next_job("1")
    queue.lose("1", "no module named 'mine'")
    assert isinstance(queue.fault, RunFailed)
    assert "no module named 'mine'" in str(queue.fault)
    assert queue.finished
    assert log == []


def test_the_fault_of_every_trial_comes_back_as_what_it_was(tmp_path):
    for fault, kind in (("usage", UsageError), ("disk", RunFailed)):
        queue, _, log = new_queue()
        answer(queue, "1", queue.next_job("1"), ToyEvaluator(str(tmp_path), {1: fault}))
        assert type(queue.fault) is kind
        assert queue.next_job("2") is None
        assert log == []


def test_metrics_that_are_no_json_are_named():
    queue, _, _ = new_queue()
    answer(queue, "1", queue.next_job("1"), lambda *_: {"val_accuracy": 0.5, "model": object()})
    assert isinstance(queue.fault, UsageError)
    assert "no JSON" in str(queue.fault)


def test_nan_comes_through_and_fails_its_trial():
    queue, _, log = new_queue()
    answer(queue, "1", queue.next_job("1"), lambda *_: {"val_accuracy": float("nan")})
    assert (log[0].status, log[0].error) == ("failed", "score is nan, val_accuracy is nan")


@pytest.mark.parametrize("text", ["CUDA error: illegal memory access", f"{BROKEN_CAPTURE}: CUDA out of memory"])
def test_a_broken_device_is_told_to_the_scheduler(text):
    def evaluator(*_):
        raise RuntimeError(text)

    queue = new_queue()[0]
    told = response(evaluator, queue.next_job("1"))
    queue.begin("1")
    assert json.loads(told)["poisoned"]
    assert queue.answer("1", told)


def test_one_architecture_proposed_again_and_again_does_not_use_up_the_numbers(tmp_path):
    queue, jobs, log = new_queue("s", trials=100)
    job = queue.next_job("1")
    assert queue.next_job("2") is None
    assert len(jobs.running) == 1 + WAITING_LIMIT
    answer(queue, "1", job, ToyEvaluator(str(tmp_path)))
    assert len(log) == 1 + WAITING_LIMIT
    assert queue.next_job("2") is None
    assert len(log) == 100
    assert queue.finished


def test_a_whole_search_through_one_queue(tmp_path):
    log: list[Trial] = []
    queue = JobQueue(loop(Climber(ToySpace()), 50, log.append), 3, None)
    evaluator, number, jobs = ToyEvaluator(str(tmp_path)), 0, {}
    while not queue.finished:
        while (job := queue.next_job(str(number))) is not None:
            jobs[str(number)] = job
            number += 1
        attempt = next(iter(jobs))
        answer(queue, attempt, jobs.pop(attempt), evaluator)
    assert sorted(trial.number for trial in log) == list(range(1, 51))


def test_reports_reach_the_loop_until_it_says_stop_and_the_trial_is_pruned():
    heard = []

    def hear(job, epochs, metrics):
        heard.append((job.number, epochs, metrics))
        return epochs == 2

    queue, _, log = new_queue(epochs=[hear])
    text = queue.next_job("1")
    queue.begin("1")
    job = job_from_text(text)

    def report(_job, epochs, metrics):
        return queue.report("1", report_to_text(epochs, metrics))

    def evaluator(job, report):
        for epoch in range(1, 10):
            report(epoch, {"val_accuracy": epoch / 10})

    queue.answer("1", respond(evaluator, job, report, "worker"))
    assert heard == [(1, epoch, {"val_accuracy": epoch / 10}) for epoch in (1, 2)]
    assert [(each.status, each.epochs, each.score, each.worker) for each in log] == [("pruned", 2, 0.2, "worker")]


def test_a_fault_of_those_who_hear_reports_ends_the_run():
    def hear(job, epochs, metrics):
        raise OSError("the disk is full")

    queue, _, log = new_queue(epochs=[hear])
    queue.next_job("1")
    queue.begin("1")
    assert queue.report("1", report_to_text(1, {})), "there is nothing to go on for"
    assert isinstance(queue.fault, OSError)
    assert queue.finished
    assert log == []


class Reports:
    """Reports three times, and notes what report raised."""

    def __init__(self) -> None:
        self.stops: list[str] = []

    def __call__(self, job, report):
        for epoch in (1, 2, 3):
            try:
                report(epoch, {"val_accuracy": epoch / 10})
            except TrialPruned as stop:
                self.stops.append(str(stop))
        return {"val_accuracy": 0.9}


def test_a_worker_thread_waits_at_each_report_and_answers_one_job_after_another():
    queue, _, _ = new_queue(workers=3)
    thread = WorkerThread(Reports(), "worker", None)
    for attempt in ("1", "2"):
        thread.start(queue.next_job(attempt))
        for epoch in (1, 2, 3):
            message = thread.wait()
            assert not message.is_answer
            assert report_from_text(message.text) == (epoch, {"val_accuracy": epoch / 10})
            thread.go_on(stop=False)
        message = thread.wait()
        assert message.is_answer
        assert json.loads(message.text)["metrics"] == {"val_accuracy": 0.9}


def test_a_training_that_was_told_to_stop_and_goes_on_is_pruned_and_reports_nothing_more():
    queue, _, _ = new_queue()
    evaluator = Reports()
    thread = WorkerThread(evaluator, "worker", None)
    thread.start(queue.next_job("1"))
    assert not thread.wait().is_answer
    thread.go_on(stop=True)
    message = thread.wait()
    assert message.is_answer
    assert json.loads(message.text)["pruned_after"] == 1
    assert json.loads(message.text)["metrics"] == {"val_accuracy": 0.1}
    assert evaluator.stops == ["stopped after 1 epoch"] * 3


@pytest.mark.parametrize("fault", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_only_ends_programs_makes_a_failed_trial_in_a_worker(fault):
    def evaluator(job, report):
        raise fault

    queue, _, log = new_queue()
    thread = WorkerThread(evaluator, "worker", None)
    thread.start(queue.next_job("1"))
    queue.begin("1")
    queue.answer("1", thread.wait().text)
    assert queue.fault is None
    assert log[0].status == "failed"
    assert log[0].error.startswith(type(fault).__name__)


def test_a_job_that_cannot_be_read_by_the_worker_ends_the_run():
    thread = WorkerThread(Reports(), "worker", None)
    thread.start("bm8=")
    assert "could not evaluate its job" in json.loads(thread.wait().text)["reason"]


def test_as_many_jobs_are_out_as_workers_fit_at_the_moment():
    fitting, log = [1], []
    queue = JobQueue(loop(Climber(ToySpace()), 20, log.append), lambda: fitting[0], None)
    assert [queue.next_job(name) is not None for name in "ab"] == [True, False]
    fitting[0] = 3  # two machines joined
    assert [queue.next_job(name) is not None for name in "bcd"] == [True, True, False]
    for name in "abc":
        queue.begin(name)
    fitting[0] = 1  # and are gone again, with what they had
    for name in "bc":
        queue.lose(name, "its machine is gone")
        queue.release(name)
    assert queue.next_job("d") is None
    queue.release("a")
    assert queue.next_job("d") is not None


def out_of_memory(*_):
    raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")


def test_a_job_that_runs_out_of_memory_beside_others_is_tried_once_more_alone(tmp_path):
    queue, _, log = new_queue(trials=3)
    evaluator = ToyEvaluator(str(tmp_path))
    queue.begin_phase(None, shared=True)
    first, second = queue.next_job("1"), queue.next_job("2")
    answer(queue, "1", first, out_of_memory)
    assert queue.next_job("3") is None, "what is under way ends first"
    assert not queue.rests
    answer(queue, "2", second, evaluator)
    assert queue.rests
    assert queue.waits_alone == 1
    queue.begin_phase(1, alone=True)
    answer(queue, "4", queue.next_job("4"), out_of_memory)
    assert queue.rests
    queue.begin_phase(None, shared=True)
    answer(queue, "5", queue.next_job("5"), evaluator)
    assert [(trial.number, trial.status) for trial in log] == [(2, "ok"), (1, "failed"), (3, "ok")]
    assert queue.finished


def test_a_phase_sends_so_many_jobs_and_rests():
    queue, _, _ = new_queue()
    queue.begin_phase(1)
    job = queue.next_job("1")
    assert queue.next_job("2") is None
    assert not queue.rests
    answer(queue, "1", job, lambda *_: {"val_accuracy": 0.5})
    assert queue.rests
    queue.begin_phase(None)
    assert [queue.next_job(name) is not None for name in "23"] == [True, True]

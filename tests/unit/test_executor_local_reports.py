"""Reports and early stops in the executor of this process."""

import time

import pytest

from nasbench.core.errors import TrialPruned, UsageError
from nasbench.executors import local
from unit.test_executor_local import OK, search


def test_an_evaluator_can_stop_a_training_by_itself():
    def evaluator(job, report):
        report(1, {"val_accuracy": 0.1})
        raise TrialPruned("no hope")

    assert [(trial.status, trial.epochs) for trial in search(evaluator, trials=1)] == [("pruned", 1)]


def test_a_pruned_trial_whose_last_metrics_are_not_finite_is_a_failed_one():
    log = search(lambda job, report: report(1, {"val_accuracy": float("nan")}), trials=1, epochs=[lambda *_: True])
    assert (log[0].status, log[0].error) == ("failed", "score is nan, val_accuracy is nan")


def test_reported_metrics_that_are_no_json_end_the_run_even_if_the_evaluator_catches_that():
    def evaluator(job, report):
        try:
            report(1, {"val_accuracy": object()})
        except Exception:
            return OK

    with pytest.raises(UsageError, match="reported metrics that are no JSON"):
        search(evaluator)


def test_a_fault_of_those_who_hear_reports_is_not_the_trials():
    def hear(job, epochs, metrics):
        raise OSError("the disk is full")

    def evaluator(job, report):
        try:
            report(1, OK)
        except OSError as error:
            raise ValueError("something broke") from error

    with pytest.raises(OSError, match="the disk is full") as caught:
        search(evaluator, epochs=[hear])
    assert caught.value.__notes__ == ["0 lines"]


def test_the_time_limit_waits_until_those_who_hear_a_report_are_done(monkeypatch):
    monkeypatch.setattr(local, "RING_AGAIN_SECONDS", 0.1)
    whole = []

    def hear(job, epochs, metrics):
        time.sleep(0.15)
        whole.append(job.number)
        return False

    def evaluator(job, report):
        report(1, OK)
        while True:
            time.sleep(0.01)

    log = search(evaluator, trials=1, timeout=0.1, epochs=[hear])
    assert whole == [1]
    assert log[0].error == "stopped after 0.1 s (--trial-timeout)"

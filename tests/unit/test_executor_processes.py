"""The executor in processes without Ray."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import active_children
from typing import Any

import pytest
from toy import TASK, Different, ToyEvaluator, loop

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.trial import Trial
from nasbench.executors import processes
from nasbench.executors.processes import ProcessExecutor
from nasbench.testing import check_executor


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    assert active_children() == []


def search(evaluator: Any, trials: int = 20, workers: int = 2, timeout: float | None = None) -> list[Trial]:
    log: list[Trial] = []
    ProcessExecutor(workers, timeout).run(loop(Different(), trials, log.append), evaluator)
    return log


def test_the_contract_suite() -> None:
    check_executor(lambda: ProcessExecutor(2))


def test_every_number_is_answered_once_and_reports_are_not_heard(tmp_path):
    log = search(ToyEvaluator(str(tmp_path), {3: "memory", 4: "exit"}, epochs=2), trials=40)
    assert sorted(trial.number for trial in log) == list(range(1, 41))
    errors = {trial.number: trial.error for trial in log if trial.number in (3, 4)}
    assert errors == {3: "MemoryError: cannot allocate 7 GiB", 4: "SystemExit: this network cannot be built"}
    assert all(trial.worker.startswith("process ") for trial in log)


def test_no_more_jobs_are_asked_for_than_there_are_workers(tmp_path):
    running = []

    class Watched(Different):
        def ask(self, number, rng, others):
            running.append(len(others))
            return super().ask(number, rng, others)

    ProcessExecutor(2).run(loop(Watched(), 12, lambda _: None), ToyEvaluator(str(tmp_path), epochs=0))
    assert max(running) <= 2


def test_a_trial_whose_process_dies_twice_has_failed_and_the_others_go_on(tmp_path):
    log = search(ToyEvaluator(str(tmp_path), {3: "kill once", 5: "kill"}), trials=8)
    assert sorted(trial.number for trial in log) == list(range(1, 9))
    assert [(trial.number, trial.error) for trial in log if trial.status == "failed"] == [
        (5, "the worker process died twice in this trial: it crashed, ran out of memory, or was killed")
    ]


def test_what_takes_too_long_has_failed_and_is_not_tried_again(tmp_path):
    log = search(ToyEvaluator(str(tmp_path), {2: "hang"}), trials=6, timeout=0.3)
    errors = {trial.number: trial.error for trial in log if trial.status == "failed"}
    assert errors == {2: "stopped after 0.3 s (--trial-timeout)"}
    assert sorted(trial.number for trial in log) == list(range(1, 7))


@pytest.mark.slow
def test_a_worker_that_is_stopped_is_killed_and_another_takes_over(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "FROZEN_SECONDS", 0.5)
    log = search(ToyEvaluator(str(tmp_path), {2: "freeze"}), trials=6, timeout=1.0)
    errors = {trial.number: trial.error for trial in log if trial.status == "failed"}
    assert errors == {2: "stopped after 1 s (--trial-timeout): its worker was frozen, and was killed"}
    assert sorted(trial.number for trial in log) == list(range(1, 7))


class LeavesAChild:
    """Dies in trial 2, and leaves a process that holds everything open that it had."""

    def __call__(self, job, report):
        if job.number == 2:
            if os.fork() == 0:
                time.sleep(5)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
        return {"val_accuracy": 0.5}


@pytest.mark.slow
def test_a_worker_that_dies_and_leaves_a_child_is_not_waited_for():
    assert {trial.number: trial.status for trial in search(LeavesAChild(), trials=3)} == {1: "ok", 2: "failed", 3: "ok"}


class Unloadable:
    """Can be pickled here and not unpickled elsewhere."""

    def __reduce__(self):
        return _unpickle_in, (os.getpid(),)


def _unpickle_in(process: int) -> Unloadable:
    if os.getpid() != process:
        raise ImportError("no module named 'my_evaluator' here")
    return Unloadable()


def test_an_evaluator_that_cannot_be_sent_or_loaded_is_named():
    with pytest.raises(UsageError, match="cannot be sent to other processes"):
        search(threading.Lock())
    with pytest.raises(RunFailed, match=r"no worker could start: ImportError: no module named 'my_evaluator'"):
        search(Unloadable())


class Threads:
    """How many threads torch and the BLAS libraries would compute with."""

    def __call__(self, job, report):
        import numpy as np
        import torch
        from threadpoolctl import threadpool_info

        np.ones((8, 8)) @ np.ones((8, 8))
        pools = [pool["num_threads"] for pool in threadpool_info()]
        return {"val_accuracy": 0.5, "threads": max([torch.get_num_threads(), *pools])}

    def check(self):
        """There is nothing to check."""

    def task(self):
        return TASK


def test_workers_compute_with_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert [trial.metrics["threads"] for trial in search(Threads(), trials=1, workers=1)] == [1]


def test_a_number_of_workers_below_one_is_named():
    with pytest.raises(UsageError, match="from 1 on for processes; got 0"):
        ProcessExecutor(0)

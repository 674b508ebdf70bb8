"""The executor in processes without Ray."""

import os
import threading
from collections.abc import Iterator
from multiprocessing import active_children
from typing import Any

import pytest
from toy import TASK, Different, ToyEvaluator, loop

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.trial import Trial
from nasbench.executors.processes import ProcessExecutor
from nasbench.testing import check_executor


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    assert active_children() == []


def search(evaluator: Any, trials: int = 20, workers: int = 2) -> list[Trial]:
    log: list[Trial] = []
    ProcessExecutor(workers).run(loop(Different(), trials, log.append), evaluator)
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

"""Ray workers: who runs where, what goes wrong in a trial, and what ends the run. Real processes, real signals."""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from toy import TASK, Climber, Different, ToyEvaluator, ToySpace, loop

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.trial import Trial
from nasbench.testing import check_executor

pytestmark = pytest.mark.usefixtures("ray_session")


def search(
    evaluator: Any, trials: int, strategy: Any = None, workers: int = 2, epochs: Any = (), **options: Any
) -> list[Trial]:
    from nasbench.executors.ray_tune import RayExecutor

    log: list[Trial] = []
    executor = RayExecutor(workers, **options)
    executor.run(loop(strategy or Different(), trials, log.append, epochs=epochs), evaluator)
    assert sorted(trial.number for trial in log) == list(range(1, trials + 1))
    return log


def test_two_workers_answer_every_number_once_and_nobody_waits_for_the_slowest(tmp_path, capfd, monkeypatch):
    """Their reports reach the loop live meanwhile, and trainings are stopped where it says so."""
    monkeypatch.chdir(tmp_path)
    heard: dict[int, list[tuple[int, Any]]] = {}

    def hear(job, epochs, metrics):
        heard.setdefault(job.number, []).append((epochs, metrics["number"]))
        assert not (tmp_path / f"ended-{job.number}").exists(), "the training waits while its report is heard"
        return job.number % 3 == 0 and epochs == 2

    evaluator = ToyEvaluator(str(tmp_path), {2: "wait for all"}, others=11, epochs=4)
    log = search(evaluator, trials=12, epochs=[hear])
    assert 2 in {trial.number for trial in log[-2:]}, (
        "it has seen the others end; the last one's answer may be under way"
    )
    for trial in log:
        pruned = trial.number % 3 == 0
        assert heard.pop(trial.number) == [(epoch, trial.number) for epoch in range(1, 3 if pruned else 5)]
        assert trial.status == ("pruned" if pruned else "ok")
        assert not pruned or (trial.epochs, trial.score) == (2, 0.002)
    assert not heard
    assert len({trial.worker for trial in log}) == 2, "a worker goes on after a training was stopped"
    assert all(trial.worker.rpartition("/")[2].isdigit() for trial in log)
    assert capfd.readouterr() == ("", "")
    left = Counter(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert left == {"begun": 12, "ended": 12}


@pytest.mark.slow
def test_equal_networks_are_evaluated_once_among_workers_too(tmp_path):
    log = search(ToyEvaluator(str(tmp_path)), trials=40, strategy=Climber(ToySpace()))
    scored = [trial.key for trial in log if trial.status == "ok"]
    assert len(scored) == len(set(scored))
    assert any(trial.status == "cached" for trial in log)


def test_what_goes_wrong_in_a_trial_is_its_answer_and_the_search_goes_on(tmp_path):
    faults = {2: "memory", 3: "build", 4: "kill", 5: "exit", 6: "nan", 7: "hang in C"}
    log = search(ToyEvaluator(str(tmp_path), faults), trials=11, trial_timeout=3.0)
    errors = {trial.number: trial.error for trial in log if trial.status == "failed"}
    assert errors == {
        2: "MemoryError: cannot allocate 7 GiB",
        3: "ValueError: channels must be divisible by 3",
        4: "the worker died: killed, crashed, or its machine is gone",
        5: "SystemExit: this network cannot be built",
        6: "FloatingPointError: the loss is NaN",
        7: "stopped after 3 s (--trial-timeout)",
    }
    assert sum(trial.status == "ok" for trial in log) == 5


@pytest.mark.slow
def test_a_worker_that_is_stopped_is_killed_and_another_takes_over(tmp_path):
    log = search(ToyEvaluator(str(tmp_path), {2: "freeze"}), trials=8, trial_timeout=2.0)
    errors = {trial.number: trial.error for trial in log if trial.status == "failed"}
    assert errors == {2: "stopped after 2 s (--trial-timeout): its worker was frozen, and was killed"}


def test_the_contract_suite(tmp_path):
    from nasbench.executors.ray_tune import RayExecutor

    check_executor(lambda: RayExecutor(2))


class Stubborn:
    """Catches what tells it to stop, in trial 1, and goes on for half a second. Says whether an earlier trial still
    ran.
    """

    running: ClassVar[list[int]] = []

    def __call__(self, job, report):
        with_me = list(self.running)
        self.running.append(job.number)
        try:
            report(1, {"val_accuracy": 0.1, "with_me": with_me})
        except BaseException:
            time.sleep(0.5)
        finally:
            self.running.remove(job.number)
        return {"val_accuracy": 0.5, "with_me": with_me}

    def check(self):
        """There is nothing to check."""

    def task(self):
        return TASK


def test_a_training_that_was_told_to_stop_has_ended_before_its_worker_takes_the_next_job():
    log = search(Stubborn(), trials=3, workers=1, epochs=[lambda job, epochs, metrics: job.number == 1])
    assert [(trial.number, trial.status, trial.metrics["with_me"]) for trial in log] == [
        (1, "pruned", []),
        (2, "ok", []),
        (3, "ok", []),
    ]
    assert log[0].seconds > 0.4


@pytest.mark.slow
def test_a_fault_of_those_who_hear_reports_ends_the_run(tmp_path):
    def hear(job, epochs, metrics):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        search(ToyEvaluator(str(tmp_path), epochs=3), trials=20, epochs=[hear])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["hang", "kill"])
def test_a_training_that_hangs_or_dies_when_it_was_told_to_stop_is_a_failed_trial(fault, tmp_path):
    evaluator = StopsBadly(str(tmp_path), fault)
    log = search(evaluator, trials=4, epochs=[lambda job, epochs, metrics: job.number == 2], trial_timeout=2.0)
    assert {trial.number: trial.status for trial in log} == {1: "ok", 2: "failed", 3: "ok", 4: "ok"}


@dataclass(frozen=True)
class StopsBadly(ToyEvaluator):
    """Meets `faults` when it is told to stop."""

    fault: str = ""

    def __init__(self, marks: str, fault: str) -> None:
        super().__init__(marks, faults_of_genes=False)
        object.__setattr__(self, "fault", fault)

    def __call__(self, job, report):
        try:
            report(1, {"val_accuracy": 0.1})
        except BaseException:
            self._fail(self.fault, True)
        return super().__call__(job, report)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "error"), [("usage", UsageError), ("disk", RunFailed)])
def test_what_every_trial_would_meet_ends_the_run(fault, error, tmp_path):
    with pytest.raises(error, match=r"the data are gone|the disk is full"):
        search(ToyEvaluator(str(tmp_path), {3: fault}), trials=500)
    assert len(list(tmp_path.iterdir())) < 100


@pytest.mark.slow
def test_a_fault_in_the_main_process_ends_the_run_at_once(tmp_path):
    class Broken(Different):
        def tell(self, trial):
            raise UsageError("this strategy cannot learn")

    with pytest.raises(UsageError, match="this strategy cannot learn"):
        search(ToyEvaluator(str(tmp_path), {1: "hang", 2: "hang"}), trials=20, strategy=Broken(), workers=3)


class Here:
    """Tells where it runs, once all workers hold a trial."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.marks, self.workers = folder / "marks", workers
        self.marks.mkdir()

    def __call__(self, job, report):
        import ray

        (self.marks / str(os.getpid())).touch()
        end = time.monotonic() + 60
        while len(list(self.marks.iterdir())) < self.workers and time.monotonic() < end:
            time.sleep(0.02)
        gpus = [int(index) for index in ray.get_gpu_ids()]
        return {
            "val_accuracy": 0.5,
            "gpus": gpus,
            "visible": os.environ.get("CUDA_VISIBLE_DEVICES", "none"),
            "cwd": os.getcwd(),
        }

    def check(self):
        """There is nothing to check."""

    def task(self):
        return TASK


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_a_fraction_of_a_gpu_is_what_a_worker_holds_and_sees(workers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = search(Here(tmp_path, workers), trials=4 * workers, workers=workers, gpus_per_worker=0.5)
    by_worker = {trial.worker: tuple(trial.metrics["gpus"]) for trial in log}
    assert len(by_worker) == workers
    assert all(len(gpus) == 1 for gpus in by_worker.values())
    assert max(Counter(by_worker.values()).values()) <= 2
    assert all(trial.metrics["visible"] == str(trial.metrics["gpus"][0]) for trial in log)
    assert {trial.metrics["cwd"] for trial in log} == {str(tmp_path)}


@pytest.mark.slow
def test_two_gpus_for_each_worker(tmp_path):
    log = search(Here(tmp_path, 2), trials=4, workers=2, gpus_per_worker=2)
    by_worker = {trial.worker: frozenset(trial.metrics["gpus"]) for trial in log}
    assert sorted(map(len, by_worker.values())) == [2] * len(by_worker)
    assert len(frozenset().union(*by_worker.values())) == 2 * len(by_worker)


@pytest.mark.slow
def test_a_worker_without_a_gpu_sees_none(tmp_path):
    log = search(Here(tmp_path, 1), trials=2, workers=1)
    assert {trial.metrics["visible"] for trial in log} <= {"", "none"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 5}, "enough for 4 such workers"),
        ({"workers": 2, "gpus_per_worker": 3}, "enough for 1 such"),
        ({"workers": 2, "gpus_per_worker": 8}, "4 GPUs, enough for 0 such"),
        ({"workers": 1, "gpus_per_worker": 1.5}, "must be whole"),
        ({"workers": 1, "device": "cuda"}, "needs --gpus-per-worker"),
        ({"workers": 0}, "from 1 on"),
        ({"workers": 1, "ray_address": "127.0.0.1:1"}, "no Ray cluster answers at --ray-address 127.0.0.1:1"),
        ({"workers": 1, "ray_address": "here"}, "no Ray cluster answers at --ray-address here"),
        ({"workers": 1, "ray_address": "ray://127.0.0.1:10001"}, "client protocol is not supported"),
    ],
)
def test_what_cannot_be_had_is_answered_before_any_work_starts(options, message):
    from nasbench.executors.ray_tune import RayExecutor

    with pytest.raises(UsageError, match=message):
        RayExecutor(**options).describe()


def test_the_preflight_line_says_what_each_worker_has():
    from nasbench.executors.ray_tune import RayExecutor

    assert (
        RayExecutor(2)
        .describe()[0]
        .endswith("2 workers, each on the CPU (the GPUs stay idle without --gpus-per-worker)")
    )
    assert "each on 0.5 GPU" in RayExecutor(2, 0.5).describe()[0]


def test_an_evaluator_that_cannot_be_sent_is_named(tmp_path):
    evaluator = Here(tmp_path, 2)
    evaluator.lock = threading.Lock()
    with pytest.raises(UsageError, match="cannot be sent to Ray workers"):
        search(evaluator, trials=2)


class Unloadable:
    """Can be pickled here and not unpickled elsewhere."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self):
        return _unpickle_in, (os.getpid(), self._error)


def _unpickle_in(process: int, error: BaseException) -> Unloadable:
    if os.getpid() != process:
        raise error
    return Unloadable(error)


@pytest.mark.slow
@pytest.mark.parametrize("error", [ImportError("no module named 'my_evaluator' on this machine"), SystemExit(0)])
def test_a_worker_that_cannot_start_ends_the_run_and_says_why(error):
    with pytest.raises(RunFailed, match=rf"no worker could start.*{type(error).__name__}: {error}"):
        search(Unloadable(error), trials=20)

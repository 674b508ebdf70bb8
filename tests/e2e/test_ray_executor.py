"""Ray workers: who runs where, what goes wrong in a trial, and what ends the run. Real processes, real signals."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from toy import TASK, Climber, ToyEvaluator, ToySpace, plan, score

from nasbench.core.arch import Architecture
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import SearchLoop
from nasbench.core.trial import Proposal, Trial
from nasbench.executors.cluster import capacity, check_reachable

pytestmark = pytest.mark.usefixtures("ray_session")


class Different:
    """Proposes another architecture every time, none of which fails by its genes."""

    def ask(self, number, rng, running):
        letters = "stuvwxyz"
        genes = {"a": letters[number % 8], "b": letters[(number + 1) % 8], "c": letters[number // 8], "idle": "s"}
        return Proposal(number, Architecture.of("toy", genes))

    def tell(self, trial):
        """Nothing to learn."""


def search(evaluator: Any, trials: int, strategy: Any = None, workers: int = 2, **options: Any) -> list[Trial]:
    from nasbench.executors.ray_tune import RayExecutor

    log: list[Trial] = []
    loop = SearchLoop(ToySpace(), strategy or Different(), plan(trials), log.append, score)
    executor = RayExecutor(workers, **options)
    executor.run(loop, evaluator)
    assert sorted(trial.number for trial in log) == list(range(1, trials + 1))
    return log


def test_two_workers_answer_every_number_once_and_nobody_waits_for_the_slowest(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluator = ToyEvaluator(str(tmp_path), {2: "wait for all"}, others=11)
    log = search(evaluator, trials=12)
    assert {trial.status for trial in log} == {"ok"}
    assert log[-1].number == 2
    assert len({trial.worker for trial in log}) == 2
    assert all(trial.worker.rpartition("/")[2].isdigit() for trial in log)
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name.partition("-")[0] for path in tmp_path.iterdir()) == ["begun"] * 12


@pytest.mark.slow
def test_equal_networks_are_evaluated_once_among_workers_too(tmp_path):
    log = search(ToyEvaluator(str(tmp_path)), trials=40, strategy=Climber(ToySpace()))
    scored = [trial.key for trial in log if trial.status == "ok"]
    assert len(scored) == len(set(scored))
    assert any(trial.status == "cached" for trial in log)


def test_what_goes_wrong_in_a_trial_is_its_answer_and_the_search_goes_on(tmp_path):
    faults = {2: "memory", 3: "build", 4: "kill", 6: "nan", 7: "hang in C"}
    log = search(ToyEvaluator(str(tmp_path), faults), trials=10, trial_timeout=2.0)
    errors = {trial.number: trial.error for trial in log if trial.status == "failed"}
    assert errors == {
        2: "MemoryError: cannot allocate 7 GiB",
        3: "ValueError: channels must be divisible by 3",
        4: "the worker died: killed, crashed, or its machine is gone",
        6: "FloatingPointError: the loss is NaN",
        7: "stopped after 2 s (--trial-timeout)",
    }
    assert sum(trial.status == "ok" for trial in log) == 5


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
    """Tells where it runs."""

    def __call__(self, proposal, spec, seed, report):
        import ray

        time.sleep(0.5)  # long enough for all workers to hold a trial
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
    log = search(Here(), trials=4 * workers, workers=workers, gpus_per_worker=0.5)
    by_worker = {trial.worker: tuple(trial.metrics["gpus"]) for trial in log}
    assert len(by_worker) == workers
    assert all(len(gpus) == 1 for gpus in by_worker.values())
    assert max(Counter(by_worker.values()).values()) <= 2
    assert all(trial.metrics["visible"] == str(trial.metrics["gpus"][0]) for trial in log)
    assert {trial.metrics["cwd"] for trial in log} == {str(tmp_path)}


@pytest.mark.slow
def test_two_gpus_for_each_worker(tmp_path):
    log = search(Here(), trials=4, workers=2, gpus_per_worker=2)
    by_worker = {trial.worker: frozenset(trial.metrics["gpus"]) for trial in log}
    assert sorted(map(len, by_worker.values())) == [2] * len(by_worker)
    assert len(frozenset().union(*by_worker.values())) == 2 * len(by_worker)


@pytest.mark.slow
def test_a_worker_without_a_gpu_sees_none(tmp_path):
    assert {trial.metrics["visible"] for trial in search(Here(), trials=2, workers=1)} <= {"", "none"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 5}, "enough for 4 such workers"),
        ({"workers": 2, "gpus_per_worker": 3}, "enough for 1 such"),
        ({"workers": 2, "gpus_per_worker": 8}, "4 GPUs, enough for 0 such"),
        ({"workers": 1, "gpus_per_worker": 1.5}, "must be whole"),
        ({"workers": 1, "device": "cuda"}, "needs --gpus-per-worker"),
        ({"workers": 0}, "from 1 on"),
        ({"workers": 1, "address": "127.0.0.1:1"}, "no Ray cluster answers at --ray-address 127.0.0.1:1"),
        ({"workers": 1, "address": "here"}, "no Ray cluster answers at --ray-address here"),
        ({"workers": 1, "address": "ray://127.0.0.1:10001"}, "client protocol is not supported"),
    ],
)
def test_what_cannot_be_had_is_answered_before_any_work_starts(options, message):
    from nasbench.executors.ray_tune import RayExecutor

    with pytest.raises(UsageError, match=message):
        RayExecutor(**options).describe()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_address_where_something_else_listens_is_answered_within_seconds(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(ConnectionError):
                connection.sendall(answer)
                connection.recv(1000)
                connection.recv(1000)

        threading.Thread(target=serve, daemon=True).start()
        start = time.monotonic()
        with pytest.raises(UsageError, match="no Ray cluster answers at"):
            check_reachable(f"127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - start < 10


def test_a_ray_cluster_is_reachable(ray_session):
    check_reachable(ray_session)


def test_the_preflight_line_says_what_each_worker_has():
    from nasbench.executors.ray_tune import RayExecutor

    assert (
        RayExecutor(2)
        .describe()[0]
        .endswith("2 workers, each on the CPU (the GPUs stay idle without --gpus-per-worker)")
    )
    assert "each on 0.5 GPU" in RayExecutor(2, 0.5).describe()[0]


def test_an_evaluator_that_cannot_be_sent_is_named(tmp_path):
    evaluator = Here()
    evaluator.lock = threading.Lock()
    with pytest.raises(UsageError, match="cannot be sent to Ray workers"):
        search(evaluator, trials=2)


class Unloadable:
    """Can be pickled here and not unpickled elsewhere."""

    def __reduce__(self):
        return _unpickle_in, (os.getpid(),)


def _unpickle_in(process: int) -> Unloadable:
    if os.getpid() != process:
        raise ImportError("no module named 'my_evaluator' on this machine")
    return Unloadable()


@pytest.mark.slow
def test_a_worker_that_cannot_start_ends_the_run_and_says_why():
    with pytest.raises(RunFailed, match=r"no worker could start.*my_evaluator"):
        search(Unloadable(), trials=20)


@pytest.mark.parametrize(
    ("nodes", "gpus", "fit"),
    [
        ([{"CPU": 4.0, "GPU": 4.0}], 0, 4),
        ([{"CPU": 8.0, "GPU": 2.0}], 0.3, 6),
        ([{"CPU": 8.0, "GPU": 2.0}], 0.6, 2),
        ([{"CPU": 8.0, "GPU": 3.0}, {"CPU": 8.0, "GPU": 3.0}], 2, 2),
        ([{"CPU": 1.0, "GPU": 8.0}, {"CPU": 2.0}], 0.5, 1),
    ],
)
def test_how_many_workers_fit(nodes, gpus, fit):
    assert capacity(nodes, gpus) == fit


def test_only_ray_tune_imports_ray():
    code = (
        "import sys, nasbench.executors.local, nasbench.executors.desk; assert 'ray' not in sys.modules "
        "and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

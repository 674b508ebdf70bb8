"""What can be said of a Ray cluster before any work starts."""

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import ray

from nasbench.core.errors import Interrupted, UsageError
from nasbench.engine.doctor.cluster import cluster
from nasbench.engine.run.interrupt import interrupts
from nasbench.executors import ray_greeting
from nasbench.executors.ray_cluster import capacity, check_reachable, why_it_died
from nasbench.executors.ray_tune import RayExecutor
from nasbench.executors.unfit_tls import own_address


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_address_where_something_else_listens_is_answered_within_seconds(answer, monkeypatch):
    monkeypatch.setattr(ray_greeting, "REACH_LIMIT_SECONDS", 0.5)
    with socket.create_server((own_address(), 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(ConnectionError):
                connection.sendall(answer)
                connection.recv(1000)
                connection.recv(1000)

        threading.Thread(target=serve, daemon=True).start()
        start = time.monotonic()
        with pytest.raises(UsageError, match="no Ray cluster answers at"):
            check_reachable(f"127.0.0.1:{server.getsockname()[1]}")  # Ray takes the own address for it
        assert time.monotonic() - start < 10


def test_sigterm_while_ray_is_waited_for_is_an_interrupt_like_any_other(monkeypatch):
    def init(*_given: object, **_named: object) -> None:
        def ends_the_process(number: int, _frame: object) -> None:
            sys.exit(number)

        ray._private.utils.set_sigterm_handler(ends_the_process)  # as Ray does it first of all
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)  # other tests may have left theirs
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.delenv("RAY_USE_TLS", raising=False)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted, match="SIGTERM"), interrupts():
        RayExecutor(1).describe()
    assert signal.getsignal(signal.SIGTERM) is before


def test_auto_is_looked_at_before_ray_waits_for_it(monkeypatch):
    with socket.create_server((own_address(), 0)) as free:
        nobody = f"{own_address()}:{free.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    began = time.monotonic()
    with pytest.raises(UsageError, match="no Ray cluster answers at --ray-address auto"):
        check_reachable("auto")
    assert time.monotonic() - began < 10


def test_a_ray_cluster_is_reachable(ray_session):
    check_reachable(ray_session)


def test_the_doctor_names_an_address_where_nobody_answers_and_how_to_mend_it(tmp_path):
    (found,) = cluster("127.0.0.1:1", 1, 0.0, tmp_path, None)
    assert found.state == "broken"
    assert "no Ray cluster answers at --ray-address 127.0.0.1:1" in found.told
    assert "ray status" in found.remedy


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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("task was killed because the node was low on memory", "the machine ran low on memory: Ray ended the worker"),
        ("Traceback (most recent call last):\n  ...\nImportError: no module", "ImportError: no module"),
        ("", "the worker died: killed, crashed, or its machine is gone"),
    ],
)
def test_why_a_worker_died(text, reason):
    assert why_it_died(text) == reason


def test_executors_without_ray_import_neither_ray_nor_torch():
    names = ("local", "job_queue", "worker_thread", "processes")
    imports = ", ".join(f"nasbench.executors.{name}" for name in names)
    code = f"import sys, {imports}; assert not {{'ray', 'torch'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

"""What several tests share."""

import atexit
import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: threads of one would wait for those of another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

RAY_FILES = ("e2e/test_kill_resume_ray.py", "e2e/test_ray_executor.py", "unit/test_executor_ray_cluster.py")
"""In which the fixture `ray_session` is asked for."""

DRIVERS = Path(__file__).parent / "e2e" / "drivers"
sys.path.append(str(DRIVERS))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Imports leave nothing behind: the garbage collector rests while tests are collected."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _key_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs are sealed with a key of the tests, not with that of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def pytest_collection_finish() -> None:
    """What was imported stays: the garbage collector need not look at it again with every test, nor so often."""
    gc.freeze()
    atexit.register(gc.unfreeze)  # after pytest has collected garbage five times; libraries look for leaks after that
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, the files that share a Ray go to one worker, so that one Ray is started."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class WithOneRay(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "Ray" if file.endswith(RAY_FILES) else file

    return WithOneRay(config, log)


@pytest.fixture
def any_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Latencies are of few runs, which count whatever else the machine does."""
    from nasbench.evaluators import quiet_rounds

    monkeypatch.setattr(quiet_rounds, "SECONDS", 0.01)
    monkeypatch.setattr(quiet_rounds, "FIRST", 0.01)
    monkeypatch.setattr(quiet_rounds, "SLOWER", float("inf"))


@pytest.fixture(scope="session")
def ray_session() -> Iterator[str]:
    """The address of a Ray in this process, started once for all tests: 4 CPU slots, and 4 GPUs that are declared and
    not there.
    """
    from nasbench.executors.ray_cluster import NO_SPARE_WORKERS

    import ray  # isort: skip - after ray_cluster, which sets what ray reads when it is imported

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)  # empty, it would contradict the declared GPUs
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")
        for name, value in NO_SPARE_WORKERS.items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(DRIVERS), *filter(None, [os.environ.get("PYTHONPATH")])]))
        context = ray.init(
            address="local",
            num_cpus=4,
            num_gpus=4,
            include_dashboard=False,
            _node_ip_address="127.0.0.1",
            object_store_memory=100 * 2**20,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
        )
    yield context.address_info["gcs_address"]
    ray.shutdown()

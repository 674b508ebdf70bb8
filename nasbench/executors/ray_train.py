"""Runs one function in several processes that form a torch.distributed group: data-parallel training through Ray Train.

A group in which a process died is started again, and goes on from what the function itself keeps on disk. Ray is
imported when this module is; import it when it is used.
"""

import logging
import os
import pickle
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nasbench.core.errors import TrialFailed
from nasbench.executors.process import environment, own_import_paths
from nasbench.executors.ray_tune import WORKER_ENVIRONMENT, RayExecutor

RESTARTS = 2
"""Of a group in which a process died."""

TRAIN_ENVIRONMENT = {"RAY_TRAIN_V2_ENABLED": "1", "RAY_TRAIN_ENABLE_STATE_TRACKING": "0"}


class RayTrain:
    """Calls what it is given in every process of a group of `executor`'s workers, with the device each one holds."""

    def __init__(self, executor: RayExecutor, workers: int, gpus_per_worker: float) -> None:
        self._executor, self._workers, self._gpus_per_worker = executor, workers, gpus_per_worker

    def __call__(self, work: Callable[[], None]) -> None:
        """Returns when every process is done. TrialFailed with the reason where the group failed more than RESTARTS
        times.
        """
        self._executor.describe()  # connects to Ray
        with environment(TRAIN_ENVIRONMENT):  # ray.train reads it when it is imported
            from ray.train import FailureConfig, LoggingConfig, RunConfig, ScalingConfig
            from ray.train.torch import TorchConfig, TorchTrainer

        resources = {"CPU": 1.0, "GPU": self._gpus_per_worker} if self._gpus_per_worker else {"CPU": 1.0}
        with environment(TRAIN_ENVIRONMENT), tempfile.TemporaryDirectory(prefix="nasbench-train-") as storage:
            settings: dict[str, Any] = {
                "name": "training",
                "storage_path": storage,
                "failure_config": FailureConfig(max_failures=RESTARTS),
                "worker_runtime_env": {
                    "env_vars": {**WORKER_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(own_import_paths())}
                },
                "logging_config": LoggingConfig(log_level="ERROR"),
            }
            trainer = TorchTrainer(
                _in_worker,
                train_loop_config={"work": pickled(work), "directory": os.getcwd()},
                torch_config=TorchConfig(backend="nccl" if self._gpus_per_worker else "gloo"),
                scaling_config=ScalingConfig(
                    num_workers=self._workers, use_gpu=bool(self._gpus_per_worker), resources_per_worker=resources
                ),
                run_config=RunConfig(**settings),
            )
            logging.getLogger("ray.train").setLevel(logging.CRITICAL)
            try:
                trainer.fit()
            except Exception as error:  # Ray Train wraps what its workers raised
                raise TrialFailed(f"data-parallel training failed: {_reason(error)}") from error


def pickled(work: Callable[[], None]) -> bytes:
    """With what no import path leads to written out in full."""
    from ray import cloudpickle

    return bytes(cloudpickle.dumps(work))


def _in_worker(config: dict[str, Any]) -> None:
    with suppress(OSError):  # on another machine it need not be there
        os.chdir(config["directory"])  # from which relative paths count
    work: Callable[[], None] = pickle.loads(config["work"])
    work()


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:500] if lines else type(error).__name__

"""Runs one function in several processes that form a torch.distributed group: data-parallel training with Ray Train.

If a process of the group dies, the group is started again, and the function goes on from what it keeps on disk.
Importing this module imports ray; import it when it is used.
"""

import logging
import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, final

from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.executors.private_folder import TRAIN, private_folder
from nasbench.executors.process import environment, own_import_paths
from nasbench.executors.ray_cluster import WORKER_ENVIRONMENT, RayCluster

if TYPE_CHECKING:
    from nasbench.executors.ray_tune import RayExecutor

RESTARTS = 2
"""How often a group in which a process died is started again."""

TRAIN_ENVIRONMENT = {"RAY_TRAIN_V2_ENABLED": "1", "RAY_TRAIN_ENABLE_STATE_TRACKING": "0"}


@final
class RayTrain:
    """Calls a function in every process of a group of Ray workers, each with the GPUs that it holds."""

    def __init__(self, cluster: "RayCluster | RayExecutor", workers: int, gpus_per_worker: float) -> None:
        self._cluster, self._workers, self._gpus_per_worker = cluster, workers, gpus_per_worker

    def __call__(self, work: Callable[[], None]) -> None:
        """Returns when every process is done. TrialFailed with the reason if the group failed more than RESTARTS
        times; UsageError and RunFailed, such as for a full disk, as a process raised them.
        """
        self._cluster.describe()  # connects to Ray
        with environment(TRAIN_ENVIRONMENT):  # ray.train reads it when it is imported
            from ray.train import FailureConfig, LoggingConfig, RunConfig, ScalingConfig
            from ray.train.torch import TorchConfig, TorchTrainer

        resources = {"CPU": 1.0, "GPU": self._gpus_per_worker} if self._gpus_per_worker else {"CPU": 1.0}
        with environment(TRAIN_ENVIRONMENT), private_folder(TRAIN) as storage:
            settings: dict[str, Any] = {
                "name": "training",
                "storage_path": str(storage),
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
                with self._cluster.watched():  # where the head is lost, this has the last word
                    trainer.fit()
            except Exception as error:  # Ray Train wraps what its workers raised
                if (fault := fault_of(error)) is not None:
                    raise fault from error
                raise TrialFailed(f"data-parallel training failed: {_reason(error)}") from error


def pickled(work: Callable[[], None]) -> bytes:
    """Pickled by value where it cannot be imported, such as a lambda."""
    from ray import cloudpickle

    return bytes(cloudpickle.dumps(work))


def _in_worker(config: dict[str, Any]) -> None:
    with suppress(OSError):  # another machine may not have it
        os.chdir(config["directory"])  # relative paths start here
    work: Callable[[], None] = pickle.loads(config["work"])
    work()


def fault_of(error: Exception) -> UsageError | RunFailed | None:
    """What ends the run, among what the processes of a group raised."""
    failures = getattr(error, "worker_failures", {})
    raised = [getattr(each, "_base_exc", each) for each in failures.values()]
    return next((each for each in raised if isinstance(each, UsageError | RunFailed)), None)


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:500] if lines else type(error).__name__

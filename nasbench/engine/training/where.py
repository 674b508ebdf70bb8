"""Where trainings of a run take place: one after another in this process, or each on all of Ray's workers together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench.core.loop import Executor
from nasbench.core.registry import executors
from nasbench.engine.config import Workers

if TYPE_CHECKING:
    from nasbench.executors.ray_train import RayTrain


@dataclass(frozen=True)
class Where:
    """Where trainings take place.

    Attributes:
        executor: carries the trainings.
        others: carries other trials of the same run, each by one worker.
        together: calls a function in all workers, as the processes of one training; None without Ray.
    """

    executor: Executor
    others: Executor
    together: "RayTrain | None" = None


@contextmanager
def where_to_train(workers: Workers) -> Iterator[Where]:
    """Where `workers` say; Ray is left at the end."""
    executor = executors.make(workers.executor_name, offered=workers.flat())
    if workers.executor_name != "ray":
        yield Where(executor, executor)
        return
    from nasbench.executors.local import LocalExecutor
    from nasbench.executors.ray_train import RayTrain
    from nasbench.executors.ray_tune import RayExecutor

    assert isinstance(executor, RayExecutor), executor
    try:
        together = RayTrain(executor, workers.replicas, workers.gpus_per_replica)
        yield Where(LocalExecutor(device="cpu", trial_timeout=workers.trial_timeout), executor, together)
    finally:
        executor.close()

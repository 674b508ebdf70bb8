"""One worker of Ray Tune: a process that evaluates one job after another.

Importing this module imports ray; import it when it is used.
"""

import os
import pickle
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from nasbench.core.protocols import Evaluator
from nasbench.core.stop_signals import from_outside
from nasbench.executors.messages import evaluator_from_bytes, not_sent
from nasbench.executors.packing import Measure
from nasbench.executors.process import own_import_paths
from nasbench.executors.worker_thread import WorkerThread

import ray  # isort: skip - after ray_cluster, which sets what ray reads when it is imported
from ray import cloudpickle, tune  # isort: skip
from ray._private import state as ray_state  # isort: skip
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # isort: skip


class Worker(tune.Trainable):
    """One process that evaluates one job after another."""

    worker_state: ClassVar[Any]
    """A reference to (pickled evaluator, paths to import from, working directory, seconds a trial may take or None,
    pickled: what measures the memory of a child, or None).
    """

    _started: bool
    _answered: bool
    _stop: bool
    _idle_steps: int

    def setup(self, config: dict[str, Any]) -> None:  # noqa: ARG002 - Tune's
        pickled, paths, self._directory, trial_timeout, measure = ray.get(self.worker_state)
        sys.path[:0] = [path for path in paths if path not in sys.path]
        evaluator = evaluator_from_bytes(pickled)
        self._measure: Measure | None = pickle.loads(measure)
        self._thread = WorkerThread(evaluator, f"{ray.util.get_node_ip_address()}/{os.getpid()}", trial_timeout)
        self._new_job()

    def reset_config(self, new_config: dict[str, Any]) -> bool:  # noqa: ARG002 - Tune has put it in self.config
        while self._started and not self._answered:  # in the middle of a training: it ends first
            self._stop = True
            self.step()
        self._new_job()
        return True

    def stop_training(self) -> None:
        """Makes the training stop at the report that the last step returned."""
        self._stop = True

    def step(self) -> dict[str, Any]:
        """The next report, or the answer. After the answer, while Tune keeps the trial open: nothing, ever more
        slowly.
        """
        if self._answered:
            self._idle_steps += 1
            time.sleep(min(1.0, 0.01 * 1.2**self._idle_steps))
            return {}
        if self._started:
            self._thread.go_on(self._stop)
        else:
            self._start()
        message = self._thread.wait()
        self._answered = message.is_answer
        if message.is_answer and self._measure is not None:
            return {"answer": message.text, "peak": self._measure()}
        return {"answer" if message.is_answer else "report": message.text}

    def _new_job(self) -> None:
        self._started = self._answered = self._stop = False
        self._idle_steps = 0

    def _start(self) -> None:
        with suppress(OSError):  # another machine may not have it
            os.chdir(self._directory)
        with suppress(OSError):  # Tune makes a directory for each trial; it stays if the evaluator uses it
            os.rmdir(self.logdir)
        self._started = True
        self._thread.start(self.config["job"])


def worker_class(
    evaluator: Evaluator, trial_timeout: float | None, measure: Measure | None = None
) -> type[tune.Trainable]:
    """The worker that has this evaluator. UsageError where it cannot be pickled."""
    try:
        pickled = cloudpickle.dumps(evaluator)
    except BaseException as error:
        if from_outside(error):
            raise
        raise not_sent(evaluator, "Ray workers", error) from error
    worker_state = ray.put((pickled, own_import_paths(), os.getcwd(), trial_timeout, cloudpickle.dumps(measure)))
    return type("Worker", (Worker,), {"worker_state": worker_state})


def kill(actor: Any) -> None:
    """Ends a worker in the middle of what it does."""
    if actor is not None:
        with suppress(Exception):  # it may be dead already
            ray.kill(actor)


def kill_frozen(actor: Any) -> None:
    """Ends a worker that is stopped or hangs where no Python runs: Ray asks a worker to end itself, which such a one
    does not hear. So the operating system does it; on another machine, asked by a task there.
    """
    with suppress(Exception):  # it may be dead already, or its machine gone
        known = ray_state.actors(actor._ray_actor_id.hex())
        node, process = known["Address"]["NodeID"], known["Pid"]
        if node == ray.get_runtime_context().get_node_id():
            kill_process(process)
        else:
            there: Any = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
            in_a_task = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)
            in_a_task(kill_process).remote(process)
    kill(actor)


def kill_process(process: int) -> None:
    """SIGKILL for a process of this machine, if it is a worker of Ray (its number may be another's by now)."""
    with suppress(OSError):
        if Path(f"/proc/{process}/cmdline").read_bytes().startswith(b"ray::"):
            os.kill(process, signal.SIGKILL)

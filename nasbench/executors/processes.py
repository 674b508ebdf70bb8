"""Evaluates trials in several processes of this machine, without Ray: for cheap evaluations, such as table look-ups.

Each worker gets the evaluator once, and then one job after another as it becomes free.
"""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing import active_children, get_context, parent_process
from typing import ClassVar, final

from nasbench.core.blame import in_one_line
from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.core.registry import executors
from nasbench.executors.boundary import DIED_TWICE, Answer, record
from nasbench.executors.messages import answer_from_text, fault_to_text, respond
from nasbench.executors.process import one_thread, stop_signals

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SIGNAL_CHECK_SECONDS = 0.3


@final
@executors.register("processes")
class ProcessExecutor:
    """`workers` trials at a time, each in a spawned process that computes with one thread, so that results do not
    depend on the number of workers.

    Reports do not travel: the loop does not hear them, and no training is stopped early. A trial whose process dies is
    evaluated once more, and has failed when it dies again.
    """

    reports_travel: ClassVar[bool] = False

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise UsageError(f"--workers takes a whole number from 1 on for processes; got {workers}")
        self._workers = workers

    def describe(self) -> Sequence[str]:
        """The line printed before the start."""
        return [f"{self._workers} processes on this machine, one thread each"]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        """Evaluates what the loop hands out until there is no more. Ctrl-C and SIGTERM raise Interrupted; no worker is
        left then.
        """
        earlier = set(active_children())
        left = _Left(loop)
        pickled = _pickled(evaluator)
        with stop_signals() as signals:
            ended = False
            while not ended:
                pool = ProcessPoolExecutor(self._workers, get_context("spawn"), _start_worker, (pickled,))
                try:
                    self._run(left, pool, signals)
                    ended = True
                except BrokenProcessPool:
                    left.pool_broke()
                    for child in set(active_children()) - earlier:
                        child.kill()  # one that was still starting would be waited for for ever
                except BaseException:
                    for child in set(active_children()) - earlier:
                        child.terminate()
                    raise
                finally:
                    pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Nothing is left after `run`."""

    def _run(self, left: "_Left", pool: ProcessPoolExecutor, signals: Sequence[str]) -> None:
        while True:
            while left.has_room(self._workers) and (job := left.next()) is not None:
                try:
                    left.running[pool.submit(_evaluate, job)] = job
                except BrokenProcessPool:
                    left.give_back(job)
                    raise
            if not left.running:
                return
            done, _ = wait(left.running, timeout=SIGNAL_CHECK_SECONDS, return_when=FIRST_COMPLETED)
            if signals:
                raise Interrupted(signals[0])
            for future in done:
                answer, worker = answer_from_text(future.result())
                record(left.loop, left.running.pop(future), answer, worker)


class _Left:
    """What is left to do, also after a worker has died, which breaks its whole pool.

    Nobody says in which of the running trials it died. So each of them is evaluated once more, alone; the one in which
    the process dies again has failed.
    """

    def __init__(self, loop: JobLoop) -> None:
        self.loop = loop
        self.running: dict[Future[str], Job] = {}
        self._again: list[Job] = []
        self._alone = False

    def has_room(self, workers: int) -> bool:
        """Whether one more trial may run now."""
        return len(self.running) < (1 if self._alone else workers)

    def next(self) -> Job | None:
        """The next job: what a dead worker had comes first, and alone."""
        if self._again:
            self._alone = True
            return None if self.running else self._again.pop(0)
        self._alone = False
        return self.loop.next()

    def give_back(self, job: Job) -> None:
        """A job that no worker got."""
        self._again.append(job)

    def pool_broke(self) -> None:
        """A worker died."""
        for future, job in list(self.running.items()):
            if future.done() and not future.cancelled() and future.exception() is None:
                answer, worker = answer_from_text(future.result())
                record(self.loop, job, answer, worker)
            elif self._alone:
                record(self.loop, job, Answer(0.0, error=DIED_TWICE), "lost")
            else:
                self._again.append(job)
        self.running.clear()


def _pickled(evaluator: Evaluator) -> bytes:
    try:
        return pickle.dumps(evaluator)
    except Exception as error:
        raise UsageError(
            f"the evaluator cannot be sent to other processes ({in_one_line(error)}): make it picklable, or use "
            "--workers 0"
        ) from error


class _WorkerState:
    """What a worker process keeps from job to job."""

    def __init__(self, pickled: bytes) -> None:
        self._pickled = pickled
        self._evaluator: Evaluator | None = None
        self._threads = ExitStack()

    def evaluator(self) -> Evaluator:
        """Unpickled for the first job."""
        if self._evaluator is None:
            loaded: Evaluator = pickle.loads(self._pickled)
            self._evaluator = loaded
            if "torch" in sys.modules:  # imported before ONE_THREAD was set, perhaps
                self._threads.enter_context(one_thread())
        return self._evaluator


_state: list[_WorkerState] = []
"""One in a worker process, none elsewhere."""


def _start_worker(pickled: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)  # before anything that reads them is imported
    _state.append(_WorkerState(pickled))


def _end_with_parent() -> None:
    """If its parent was killed, a worker would wait for jobs for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _evaluate(job: Job) -> str:
    try:
        evaluator = _state[0].evaluator()
    except BaseException as error:
        return fault_to_text(RunFailed(f"no worker could start: {in_one_line(error)}"))
    return respond(evaluator, job, _not_heard, f"process {os.getpid()}")


def _not_heard(job: Job, epochs: int, metrics: Metrics) -> bool:  # noqa: ARG001 - reports do not travel from here
    return False

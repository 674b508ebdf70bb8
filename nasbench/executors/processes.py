"""Evaluates trials in several processes of this machine, without Ray: for cheap evaluations, such as table look-ups.

Each worker gets the evaluator once, and then one job after another as it becomes free. It says when it begins a job,
so that the time limit counts the evaluation alone.
"""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, ClassVar, final

from nasbench.core.errors import Interrupted, PartFailed, RunFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.core.registry import executors
from nasbench.core.shown import sentence
from nasbench.core.stop_signals import from_outside
from nasbench.executors.boundary import DIED_TWICE, WAS_FROZEN, Answer, record, timeout_reason
from nasbench.executors.job_queue import FROZEN_SECONDS, START_LIMIT_SECONDS
from nasbench.executors.messages import answer_from_text, evaluator_from_bytes, fault_to_text, not_sent, respond
from nasbench.executors.process import one_thread, stop_signals

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SIGNAL_CHECK_SECONDS = 0.3
END_SECONDS = 5.0
"""How long a worker that has nothing to do may take to end."""
BEGUN = ""
"""What a worker says when it begins a job; then comes the answer."""
LOST = "lost"
"""The worker of a trial whose worker is gone."""


@final
@executors.register("processes")
class ProcessExecutor:
    """`workers` trials at a time, each in a spawned process that computes with one thread, so that results do not
    depend on the number of workers.

    Reports do not travel: the loop does not hear them, and no training is stopped early. A trial whose process dies is
    evaluated once more, and has failed when it dies again. A trial that takes longer than `trial_timeout` seconds has
    failed: its process ends itself, or is killed where it is stopped or hangs; another one takes over.
    """

    reports_travel: ClassVar[bool] = False

    def __init__(self, workers: int, trial_timeout: float | None = None) -> None:
        if workers < 1:
            raise UsageError(f"--workers takes a whole number from 1 on for processes; got {workers}")
        self._workers, self._trial_timeout = workers, trial_timeout

    def describe(self) -> Sequence[str]:
        """The line printed before the start."""
        return [f"{self._workers} processes on this machine, one thread each"]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        """Evaluates what the loop hands out until there is no more. Ctrl-C and SIGTERM raise Interrupted; no worker is
        left then.
        """
        crew = _Crew(self._workers, _pickled(evaluator), self._trial_timeout)
        with stop_signals() as signals:
            try:
                self._run(loop, crew, signals)
            except BaseException:
                crew.kill()
                raise
            crew.dismiss()

    def close(self) -> None:
        """Nothing is left after `run`."""

    def _run(self, loop: JobLoop, crew: "_Crew", signals: Sequence[str]) -> None:
        again: list[Job] = []  # jobs whose worker died
        died: set[int] = set()
        while True:
            while crew.has_room and (job := again.pop(0) if again else loop.next()) is not None:
                crew.give(job)
            if not crew.busy:
                return
            said = crew.wait(SIGNAL_CHECK_SECONDS)
            if signals:
                raise Interrupted(signals[0])
            for job, answer, worker in crew.answers(said):
                if answer is not None:
                    record(loop, job, answer, worker)
                elif job.number in died:
                    record(loop, job, Answer(0.0, error=DIED_TWICE), worker)
                else:
                    died.add(job.number)
                    again.append(job)


@final
class _Crew:
    """The workers: those that have a job, and those that wait for one."""

    def __init__(self, size: int, pickled: bytes, trial_timeout: float | None) -> None:
        self._size, self._pickled, self._trial_timeout = size, pickled, trial_timeout
        self.busy: list[_Worker] = []
        self._idle: list[_Worker] = []

    @property
    def has_room(self) -> bool:
        return len(self.busy) < self._size

    def give(self, job: Job) -> None:
        """A job for an idle worker, or a new one."""
        worker = self._idle.pop() if self._idle else _Worker(self._pickled, self._trial_timeout)
        self.busy.append(worker)
        worker.give(job)

    def wait(self, seconds: float) -> list[Any]:
        """Until somebody says something, for so many seconds at most: who has."""
        return list(wait([worker.connection for worker in self.busy], timeout=seconds))

    def answers(self, said: Sequence[Any]) -> Iterator[tuple[Job, Answer | None, str]]:
        """(job, answer, worker) of those that are done; None for the answer of one that died."""
        for worker in list(self.busy):
            if worker.connection in said:
                heard = worker.hear()
            elif worker.has_died():
                heard = worker.lost()
            elif worker.is_frozen():
                worker.end()
                heard = worker.job, Answer(worker.seconds, error=worker.out_of_time() + WAS_FROZEN), LOST
            else:
                continue
            if heard is None:
                continue
            self.busy.remove(worker)
            answer = heard[1]
            if worker.is_alive and not (answer is not None and answer.poisoned):
                self._idle.append(worker)
            else:
                worker.end()
            yield heard

    def dismiss(self) -> None:
        """Lets all end by themselves."""
        for worker in self._idle:
            worker.connection.close()
        for worker in self._idle:
            worker.process.join(END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Ends all in the middle of what they do."""
        for worker in (*self.busy, *self._idle):
            worker.end()


@final
class _Worker:
    """One process, as its parent sees it."""

    def __init__(self, pickled: bytes, trial_timeout: float | None) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, pickled, trial_timeout), name="nasbench worker")
        self.process.start()
        theirs.close()  # so that its end is heard here
        self.is_alive = True
        self._trial_timeout = trial_timeout

    def give(self, job: Job) -> None:
        self.job = job
        self._sent, self._begun = monotonic(), False
        with suppress(OSError):  # it died while it was idle: `hear` finds that
            self.connection.send(job)

    @property
    def seconds(self) -> float:
        """Since the job began."""
        return monotonic() - self._sent

    def hear(self) -> tuple[Job, Answer | None, str] | None:
        """(job, answer, worker), without an answer where the process has died; None where the job has only begun.

        Raises the fault of an answer that must end the run.
        """
        try:
            text: str = self.connection.recv()
        except (EOFError, OSError):
            return self.lost()
        if text == BEGUN:
            self._sent, self._begun = monotonic(), True
            return None
        answer, worker = answer_from_text(text)
        return self.job, answer, worker

    def has_died(self) -> bool:
        """Whether it is gone without a word: processes of its own may hold its end of the pipe open."""
        return not self.process.is_alive() and not self.connection.poll()

    def lost(self) -> tuple[Job, Answer | None, str]:
        """(job, answer, worker) where it has died: it ends itself where a trial takes too long."""
        self.is_alive = False
        late = self._begun and self._trial_timeout is not None and self.seconds >= self._trial_timeout
        return self.job, Answer(self.seconds, error=self.out_of_time()) if late else None, LOST

    def is_frozen(self) -> bool:
        """Whether it should have ended itself by now."""
        if self._trial_timeout is None:
            return False
        limit = self._trial_timeout if self._begun else max(self._trial_timeout, START_LIMIT_SECONDS)
        return self.seconds > limit + FROZEN_SECONDS

    def out_of_time(self) -> str:
        assert self._trial_timeout is not None
        return timeout_reason(self._trial_timeout)

    def end(self) -> None:
        """Ends it, stopped or not. Calling it again does no harm."""
        self.is_alive = False
        self.connection.close()
        self.process.kill()
        self.process.join(END_SECONDS)  # what hangs in the kernel does not even die of SIGKILL


def _pickled(evaluator: Evaluator) -> bytes:
    try:
        return pickle.dumps(evaluator)
    except BaseException as error:
        if from_outside(error):
            raise
        raise not_sent(evaluator, "other processes", error) from error


def _work(connection: Connection, pickled: bytes, trial_timeout: float | None) -> None:
    """The worker: answers one job after another until its parent has no more for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)  # before anything that reads them is imported
    evaluator: Evaluator | None = None
    with ExitStack() as threads:
        while True:
            try:
                job: Job = connection.recv()
            except (EOFError, OSError):
                return
            if evaluator is None:
                try:
                    evaluator = evaluator_from_bytes(pickled)
                except RunFailed as error:
                    connection.send(fault_to_text(PartFailed(f"no worker could start: {sentence(error)}")))
                    return
                if "torch" in sys.modules:  # imported before ONE_THREAD was set, perhaps
                    threads.enter_context(one_thread())
            connection.send(BEGUN)
            connection.send(respond(evaluator, job, _not_heard, f"process {os.getpid()}", trial_timeout))


def _end_with_parent() -> None:
    """If its parent was killed, a worker would wait for jobs for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _not_heard(job: Job, epochs: int, metrics: Metrics) -> bool:  # noqa: ARG001 - reports do not travel from here
    return False

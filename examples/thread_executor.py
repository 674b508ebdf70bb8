"""An executor of one's own: several trials at a time in threads of this process.

Fits evaluations that wait more than they compute, such as a request to a service that trains the networks.
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import final

from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.executors.boundary import Answer, evaluate, record


@final
class ThreadExecutor:
    """Asks the loop for at most `workers` jobs at a time. The loop is not thread-safe, so a lock guards it."""

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers

    def describe(self) -> Sequence[str]:
        return [f"{self._workers} threads of this process"]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        lock = Lock()

        def report(job: Job, epochs: int, metrics: Metrics) -> bool:
            with lock:
                return loop.report(job, epochs, metrics)

        running: dict[Future[Answer], Job] = {}
        with ThreadPoolExecutor(self._workers) as pool:
            while True:
                with lock:
                    while len(running) < self._workers and (job := loop.next()) is not None:
                        running[pool.submit(evaluate, evaluator, job, report)] = job
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    answer = future.result()  # raises what must end the run, such as a UsageError
                    with lock:
                        record(loop, running.pop(future), answer, "thread")

    def close(self) -> None:
        """The threads end with `run`."""

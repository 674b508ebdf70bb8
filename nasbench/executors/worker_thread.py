"""The worker's side of a live training: evaluations run in a thread, so that reports come out while they go on.

`start` gives the thread a job; `wait` returns the next report or the answer. A training that has reported waits until
`go_on` says whether it should stop. An evaluator that reports nothing costs no message besides its answer.
"""

import threading
from dataclasses import dataclass
from queue import SimpleQueue

from nasbench.core.blame import in_one_line
from nasbench.core.errors import RunFailed
from nasbench.core.job import Job
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.executors.messages import fault_to_text, job_from_text, report_to_text, respond


@dataclass(frozen=True)
class Message:
    """What the thread says: a report, or else the answer to its job."""

    text: str
    is_answer: bool


class WorkerThread:
    """One thread for all jobs of a worker: what libraries keep for each thread (handles, thread pools) is made once."""

    def __init__(self, evaluator: Evaluator, worker: str, trial_timeout: float | None) -> None:
        self._evaluator, self._worker, self._trial_timeout = evaluator, worker, trial_timeout
        self._jobs: SimpleQueue[str] = SimpleQueue()
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._verdicts: SimpleQueue[bool] = SimpleQueue()
        threading.Thread(target=self._work, name="evaluations", daemon=True).start()

    def start(self, job_text: str) -> None:
        """Gives the thread a job. The one before must be answered."""
        self._jobs.put(job_text)

    def wait(self) -> Message:
        """The next report, or the answer."""
        return self._messages.get()

    def go_on(self, stop: bool) -> None:
        """Answers a report: the training goes on, or stops there."""
        self._verdicts.put(stop)

    def _work(self) -> None:
        while True:
            job_text = self._jobs.get()
            try:
                job = job_from_text(job_text)
                text = respond(self._evaluator, job, self._report, self._worker, self._trial_timeout)
            except BaseException as error:  # or the other side would wait for ever
                text = fault_to_text(RunFailed(f"a worker could not evaluate its job ({in_one_line(error)})"))
            self._messages.put(Message(text, is_answer=True))

    def _report(self, _job: Job, epochs: int, metrics: Metrics) -> bool:
        self._messages.put(Message(report_to_text(epochs, metrics), is_answer=False))
        return self._verdicts.get()

"""Between the search loop and workers in other processes: jobs go out as strings, answers come back as strings.

Knows nothing of what carries them. Never more tickets are open than there are workers, so that no proposal is asked for
early.
"""

import base64
import json
import pickle
from collections import deque
from time import monotonic

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import Job, SearchLoop
from nasbench.core.protocols import Evaluator
from nasbench.executors.boundary import evaluate, timeout_reason
from nasbench.executors.process import watchdog

PATIENCE_SECONDS = 60.0
"""How long the others are held up, at most, by a worker that starts."""


class Desk:
    """The main process's side. A fault that must end the run is kept in `fault`, for the carrier swallows what its
    callbacks raise.

    A ticket is the carrier's name for one attempt at a job: open from `hand_out` until `close`, so long it holds a
    worker.
    """

    def __init__(self, loop: SearchLoop, workers: int, trial_timeout: float | None) -> None:
        self.fault: Exception | None = None
        self._loop, self._workers, self._trial_timeout = loop, workers, trial_timeout
        self._open: set[str] = set()
        self._out: dict[str, tuple[Job, float]] = {}
        self._begun: dict[str, float] = {}
        self._next: deque[Job] = deque()
        self._tried_again: set[int] = set()
        self._a_worker_began = False
        self._patient = True

    @property
    def finished(self) -> bool:
        """True where no job will be handed out any more."""
        return self.fault is not None or self._loop.finished

    @property
    def can_release(self) -> bool:
        """True where a worker that is free finds a job at once, or none ever. Else its carrier had better keep it where
        it is.

        A worker that starts holds up the others, which finish meanwhile (up to a limit): the carrier would give one of
        them to the job that the new one is for.
        """
        starting = [out for ticket, (_, out) in self._out.items() if ticket not in self._begun]
        if starting:
            self._patient = self._patient and monotonic() - min(starting) < PATIENCE_SECONDS
            return not self._patient
        self._fetch()
        return bool(self._next) or self.finished

    def hand_out(self, ticket: str) -> str | None:
        """A job as text, or None where there is none now."""
        if self.fault is not None or len(self._open) >= self._workers:
            return None
        self._fetch()
        if not self._next:
            return None
        job = self._next.popleft()
        self._open.add(ticket)
        self._out[ticket] = job, monotonic()
        return base64.b64encode(pickle.dumps(job)).decode()

    def begin(self, ticket: str) -> None:
        """A worker takes the job up."""
        self._a_worker_began = True
        self._begun[ticket] = monotonic()

    def close(self, ticket: str) -> None:
        """The ticket holds no worker any more."""
        self._open.discard(ticket)

    def take_back(self, ticket: str, text: str) -> bool:
        """Takes what `respond` made of a job. True where the worker that made it can do no other."""
        (job, _), answer = self._out.pop(ticket), json.loads(text)
        self._begun.pop(ticket)
        try:
            if answer["fault"] is not None:
                kind, reason = answer["fault"]
                raise UsageError(reason) if kind == "UsageError" else RunFailed(reason)
            if answer["error"] is None:
                self._loop.finish(job, answer["metrics"], answer["seconds"], answer["worker"])
            else:
                self._loop.fail(job, answer["error"], answer["seconds"], answer["worker"])
        except Exception as fault:
            self.fault = fault
        return bool(answer.get("poisoned"))

    def lose(self, ticket: str, reason: str) -> None:
        """A worker died. If it had begun the job, the trial failed. If not (it was killed while idle, say), another has
        the job, once.
        """
        if ticket not in self._out:
            return
        (job, _), start = self._out.pop(ticket), self._begun.pop(ticket, None)
        seconds = 0.0 if start is None else monotonic() - start
        if self._trial_timeout is not None and seconds >= self._trial_timeout:
            reason = timeout_reason(self._trial_timeout)
        try:
            if not self._a_worker_began:
                raise RunFailed(f"no worker could start: {reason}")
            if start is None and job.proposal.number not in self._tried_again:
                self._tried_again.add(job.proposal.number)
                self._next.append(job)
            else:
                self._loop.fail(job, reason, seconds, "lost")
        except Exception as fault:
            self.fault = fault

    def recall(self, reason: str) -> bool:
        """The carrier broke with all that it carried: each job goes out once more, and fails if that happens to it
        again.

        False where there was nothing in hand: then going on would change nothing.
        """
        lost = [job for job, _ in self._out.values()]
        for register in (self._open, self._out, self._begun):
            register.clear()
        for job in lost:
            try:
                if job.proposal.number in self._tried_again:
                    self._loop.fail(job, reason, 0.0, "lost")
                else:
                    self._tried_again.add(job.proposal.number)
                    self._next.append(job)
            except Exception as fault:
                self.fault = fault
        return bool(lost)

    def _fetch(self) -> None:
        if self.fault is None and not self._next:
            try:
                job = self._loop.next()
            except Exception as fault:
                self.fault = fault
            else:
                self._next.extend([] if job is None else [job])


def respond(evaluator: Evaluator, job_text: str, worker: str, trial_timeout: float | None) -> str:
    """The worker's side: evaluates a job that `hand_out` made, and says what came of it as JSON."""
    job: Job = pickle.loads(base64.b64decode(job_text))
    try:
        with watchdog(trial_timeout):
            answer = evaluate(evaluator, job)
    except (UsageError, RunFailed) as fault:
        return json.dumps({"fault": (type(fault).__name__, str(fault))})
    try:
        return json.dumps({"fault": None, "worker": worker, **vars(answer)})
    except (TypeError, ValueError) as error:
        return json.dumps(
            {"fault": ("UsageError", f"the evaluator's metrics are no JSON ({error}): {str(answer.metrics)[:300]}")}
        )

"""Evaluates trials one after another in this process."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import FrameType
from typing import ClassVar, final

from nasbench.core.errors import RunFailed, TimeUp, UsageError
from nasbench.core.in_hand import DEATHS_LIMIT, died_reason
from nasbench.core.job import Job
from nasbench.core.loop import Epoch, JobLoop
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.core.registry import executors
from nasbench.executors.boundary import Answer, evaluate, record, timeout_reason

WORKER = "local"
RING_AGAIN_SECONDS = 1.0
"""The alarm of the time limit rings again after so long, in case the evaluator caught the first."""


@final
@executors.register("local")
class LocalExecutor:
    """One trial at a time, in this process. Each proposal knows every earlier answer, so an interrupted search that is
    resumed proposes exactly what it would have proposed.

    `trial_timeout` (seconds) stops a trial by an alarm signal, which Python handles between two of its own
    instructions: a call into C that never returns is not stopped. Ray workers (`--workers 1`) stop that too.

    A trial in the middle of which the process died twice is not evaluated again: it becomes a failed trial.
    """

    reports_travel: ClassVar[bool] = True

    def __init__(self, device: str = "auto", trial_timeout: float | None = None) -> None:
        self._device, self._trial_timeout = device, trial_timeout

    def describe(self) -> Sequence[str]:
        """The line printed before the start: which device this process uses. UsageError where it is missing."""
        from nasbench.train.device import describe_device, resolve_device

        return [f"one trial at a time in this process, on {describe_device(resolve_device(self._device))}"]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        """Evaluates what the loop hands out until there is no more. Ctrl-C, UsageError and RunFailed pass through."""
        if self._trial_timeout is not None and threading.current_thread() is not threading.main_thread():
            raise UsageError(
                "--trial-timeout without --workers works in the main thread only. Use --workers 1, or leave the "
                "timeout out."
            )
        while (job := loop.next()) is not None:
            with loop.holding(job) as deaths:
                if deaths >= DEATHS_LIMIT:
                    answer = Answer(0.0, error=died_reason(deaths))
                else:
                    answer = self._evaluate(evaluator, job, loop.report)
            record(loop, job, answer, WORKER)
            if answer.poisoned:
                raise RunFailed(
                    f"trial {job.number} left this process without a working device ({answer.error}). "
                    "The finished trials are kept: go on with --resume. With --workers 1, a fresh worker takes over "
                    "by itself."
                )
        assert loop.finished, "one trial at a time leaves nothing to wait for"

    def close(self) -> None:
        """Nothing was started."""

    def _evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        if self._trial_timeout is None:
            return evaluate(evaluator, job, report)
        start = perf_counter()
        try:
            with _Alarm(self._trial_timeout).running() as alarm:

                def report_undisturbed(job: Job, epochs: int, metrics: Metrics) -> bool:
                    with alarm.held_off():
                        return report(job, epochs, metrics)

                return evaluate(evaluator, job, report_undisturbed)
        except TimeUp:
            return Answer(perf_counter() - start, error=timeout_reason(self._trial_timeout))


class _Alarm:
    """Raises TimeUp in the main thread after `seconds`, but never inside the loop's own code, which would be left half
    done.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    @contextmanager
    def running(self) -> Iterator["_Alarm"]:
        previous = signal.signal(signal.SIGALRM, self._ring)
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, self._seconds, RING_AGAIN_SECONDS)
        try:
            yield self
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    @contextmanager
    def held_off(self) -> Iterator[None]:
        self._armed = False
        try:
            yield
        finally:
            self._armed = True

    def _ring(self, _signum: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise TimeUp

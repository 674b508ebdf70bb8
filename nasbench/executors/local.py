"""Evaluates trials one after another in this process."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import FrameType

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import Job, SearchLoop
from nasbench.core.protocols import Evaluator
from nasbench.executors.boundary import Answer, evaluate, timeout_reason

WORKER = "local"


class LocalExecutor:
    """One trial at a time, here. A proposal always knows every earlier answer, so an interrupted search goes on bit for
    bit.

    `trial_timeout` (seconds) stops a trial by an alarm signal, which Python sees between two of its own instructions: a
    call into C that never comes back is not stopped. Ray workers (`--workers 1`) stop that too.
    """

    def __init__(self, device: str = "auto", trial_timeout: float | None = None) -> None:
        self._device, self._trial_timeout = device, trial_timeout

    def run(self, loop: SearchLoop, evaluator: Evaluator) -> None:
        """Evaluates what the loop hands out until there is no more. Ctrl-C, UsageError and RunFailed pass through."""
        if self._trial_timeout is not None and threading.current_thread() is not threading.main_thread():
            raise UsageError(
                "--trial-timeout without --workers works in the main thread only. Use --workers 1, or leave the "
                "timeout out."
            )
        while (job := loop.next()) is not None:
            answer = self._answer(evaluator, job)
            if answer.error is None:
                loop.finish(job, answer.metrics, answer.seconds, WORKER)
                continue
            loop.fail(job, answer.error, answer.seconds, WORKER)
            if answer.poisoned:
                raise RunFailed(
                    f"trial {job.proposal.number} left this process without a working device ({answer.error}). "
                    "The finished trials are kept: go on with --resume. With --workers 1, a fresh worker takes over "
                    "by itself."
                )
        assert loop.finished, "one trial at a time leaves nothing to wait for"

    def describe(self) -> Sequence[str]:
        """The pre-flight lines: which device this process has. UsageError where it has not the one asked for."""
        from nasbench.train.device import describe_device, resolve_device

        return [f"one trial at a time in this process, on {describe_device(resolve_device(self._device))}"]

    def close(self) -> None:
        """Nothing was started."""

    def _answer(self, evaluator: Evaluator, job: Job) -> Answer:
        start = perf_counter()
        try:
            with _deadline(self._trial_timeout):
                return evaluate(evaluator, job)
        except _TimeUp:
            return Answer(seconds=perf_counter() - start, error=timeout_reason(self._trial_timeout or 0.0))


class _TimeUp(BaseException):
    """No Exception, so that no evaluator takes it for one of its own."""


@contextmanager
def _deadline(seconds: float | None) -> Iterator[None]:
    """Raises _TimeUp in the main thread if what is inside takes longer."""
    if seconds is None:
        yield
        return
    armed = True

    def ring(_signum: int, _frame: FrameType | None) -> None:
        if armed:
            raise _TimeUp

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # and again, should the evaluator swallow the first
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)

"""Jobs between the loop and workers in other processes that a scheduler such as Ray Tune starts and carries.

The scheduler names each attempt at a job. An attempt occupies a worker from `next_job` until `release`. There are never
more such attempts than workers may be at that moment, so that no job is asked for before a worker can take it.
"""

from collections import deque
from collections.abc import Callable
from time import monotonic

from nasbench.core.errors import RunFailed
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.executors.boundary import WAS_FROZEN, record, timeout_reason
from nasbench.executors.messages import answer_from_text, job_to_text, report_from_text

START_LIMIT_SECONDS = 60.0
"""The longest time that idle workers are kept where they are because another worker starts."""
FROZEN_SECONDS = 5.0
"""A worker ends itself when the time of its trial is up. One that is still there so long after that is frozen."""
OUT_OF_MEMORY = "out of memory"
"""In the reason of a trial whose device had no memory left."""
GLANCE_SECONDS = 1.0
"""Who looks for frozen workers less often than this has not read all their answers."""


class JobQueue:
    """The main process's side. A scheduler swallows what its callbacks raise, so a fault that must end the run is kept
    in `fault`.
    """

    def __init__(
        self,
        loop: JobLoop,
        workers: int | Callable[[], int],
        trial_timeout: float | None,
        room: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`workers`: how many there may be, or what says how many there may be at this moment. `room` says how many fit
        into the machines that are there now; None if that is not known.
        """
        self.fault: Exception | None = None
        self._loop, self._workers, self._trial_timeout, self._room = loop, workers, trial_timeout, room
        self._occupied: set[str] = set()
        self._sent: dict[str, tuple[Job, float]] = {}  # attempt -> its job that is not answered yet, when it was sent
        self._begun: dict[str, float] = {}  # attempt -> when a worker began it
        self._ready: deque[Job] = deque()
        self._retried: set[int] = set()
        self._alone: deque[Job] = deque()  # ran out of memory beside others
        self._tried_alone: set[int] = set()
        self._left: int | None = None  # jobs that this phase may still send
        self._is_shared = self._is_alone = False
        self._any_begun = False
        self._starts_in_time = True
        self._looked = monotonic()
        self._unseen: dict[str, float] = {}  # attempt -> seconds in which nobody looked for frozen workers
        self._frozen: set[str] = set()

    @property
    def finished(self) -> bool:
        """True if no job will be sent any more."""
        return self.fault is not None or self._loop.finished

    @property
    def _most(self) -> int:
        return self._workers if isinstance(self._workers, int) else self._workers()

    @property
    def waits_alone(self) -> int:
        """Jobs that ran out of memory on a GPU that others shared, and are to be tried once more without them."""
        return len(self._alone)

    @property
    def rests(self) -> bool:
        """True if this phase is over, with nothing under way: the next may give workers another share of a GPU."""
        return not self._sent and self.fault is None and (self._left == 0 or (self._is_shared and bool(self._alone)))

    def begin_phase(self, jobs: int | None, alone: bool = False, shared: bool = False) -> None:
        """`jobs`: how many are sent in it (None: any number). `alone`: only those that wait for that. `shared`: workers
        share a GPU, so a job that runs out of memory is tried again alone. No worker is left of the phase before.
        """
        self._left, self._is_alone, self._is_shared = jobs, alone, shared
        self._occupied.clear()

    @property
    def can_release(self) -> bool:
        """True if an idle worker can be released: either a job is ready for it, or no job will ever come.

        Otherwise Tune must keep the worker. While another worker starts, Tune would give an idle one to the job for
        which the new one is started; so nothing is released then, for START_LIMIT_SECONDS at most, and not at all
        where no machine is left on which it could start.
        """
        starting = [sent for attempt, (_, sent) in self._sent.items() if attempt not in self._begun]
        if starting and not self._is_full(len(self._occupied) - len(starting)):
            self._starts_in_time = self._starts_in_time and monotonic() - min(starting) < START_LIMIT_SECONDS
            return not self._starts_in_time
        self._fetch()
        return bool(self._ready or starting) or self.finished

    def next_job(self, attempt: str) -> str | None:
        """A job as text, or None if there is none now."""
        if self.fault is not None or len(self._occupied) >= self._most or self._left == 0:
            return None
        if self._is_shared and self._alone:  # those under way end first
            return None
        if not self._is_alone:
            self._fetch()
        jobs = self._alone if self._is_alone else self._ready
        if not jobs:
            return None
        job = jobs.popleft()
        if self._left is not None:
            self._left -= 1
        self._occupied.add(attempt)
        self._sent[attempt] = job, monotonic()
        return job_to_text(job)

    def begin(self, attempt: str) -> None:
        """A worker has the job now."""
        self._any_begun = True
        self._begun[attempt] = monotonic()

    def report(self, attempt: str, text: str) -> bool:
        """Passes on what a training says after an epoch. True if it should stop."""
        if self.fault is None:
            try:
                return self._loop.report(self._sent[attempt][0], *report_from_text(text))
            except Exception as fault:
                self.fault = fault
        return True

    def answer(self, attempt: str, text: str) -> bool:
        """Records the answer to a job. True if the worker that made it can evaluate no other."""
        job, _ = self._sent.pop(attempt)
        self._begun.pop(attempt)
        self._unseen.pop(attempt, None)
        try:
            answer, worker = answer_from_text(text)
            if self._is_shared and OUT_OF_MEMORY in (answer.error or "") and job.number not in self._tried_alone:
                self._tried_alone.add(job.number)
                self._alone.append(job)
                return answer.poisoned
            record(self._loop, job, answer, worker)
        except Exception as fault:
            self.fault = fault
            return False
        return answer.poisoned

    def release(self, attempt: str) -> None:
        """The attempt does not occupy a worker any more."""
        self._occupied.discard(attempt)

    def overdue(self) -> list[str]:
        """The attempts whose worker should have ended itself by now, as their time is up: it is frozen.

        Call it at every step. While nobody calls it, answers are not read either, so that time does not count.
        """
        now = monotonic()
        unseen, self._looked = now - self._looked, now
        if self._trial_timeout is None:
            return []
        if unseen > GLANCE_SECONDS:
            for attempt in self._sent:
                self._unseen[attempt] = self._unseen.get(attempt, 0.0) + unseen
        found = []
        for attempt, (_, sent) in self._sent.items():
            begun = self._begun.get(attempt)
            limit = self._trial_timeout if begun is not None else max(self._trial_timeout, START_LIMIT_SECONDS)
            passed = now - (sent if begun is None else begun) - self._unseen.get(attempt, 0.0)
            if passed > limit + FROZEN_SECONDS:
                found.append(attempt)
        return found

    def kill(self, attempt: str) -> None:
        """The worker of an attempt is killed because it is frozen; `lose` follows."""
        self._frozen.add(attempt)

    def lose(self, attempt: str, reason: str) -> None:
        """A worker died: of the job that it had begun, or of something else (it was killed while idle, or its machine
        is gone). The job is sent to another worker, once; then its trial has failed. What took too long is not sent
        again.
        """
        if attempt not in self._sent:
            return
        (job, _), begun = self._sent.pop(attempt), self._begun.pop(attempt, None)
        self._unseen.pop(attempt, None)
        seconds = 0.0 if begun is None else monotonic() - begun
        if self._trial_timeout is not None and seconds >= self._trial_timeout:
            reason = timeout_reason(self._trial_timeout) + (WAS_FROZEN if attempt in self._frozen else "")
            self._retried.add(job.number)  # it would take as long again
        try:
            if not self._any_begun:
                raise RunFailed(f"no worker could start: {reason}")
            self._retry(job, reason, seconds)
        except Exception as fault:
            self.fault = fault

    def retry_all(self, reason: str) -> bool:
        """The scheduler broke, and every worker is gone. Each job is sent once more, and fails the second time.

        False if no job was lost: then trying again would change nothing.
        """
        lost = [job for job, _ in self._sent.values()]
        self._occupied.clear()
        self._sent.clear()
        self._begun.clear()
        self._unseen.clear()
        for job in lost:
            try:
                self._retry(job, reason, 0.0)
            except Exception as fault:
                self.fault = fault
        return bool(lost)

    def _is_full(self, working: int) -> bool:
        """Whether no further worker fits beside those that work."""
        room = self._room()
        return room is not None and working >= room

    def _retry(self, job: Job, reason: str, seconds: float) -> None:
        if job.number in self._retried:
            self._loop.fail(job, reason, seconds, "lost")
        else:
            self._retried.add(job.number)
            self._ready.append(job)

    def _fetch(self) -> None:
        if self.fault is None and not self._ready:
            try:
                job = self._loop.next()
            except Exception as fault:
                self.fault = fault
            else:
                self._ready.extend([] if job is None else [job])

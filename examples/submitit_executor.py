"""An executor of one's own: each trial a job of Slurm, by submitit.

    nasbench search --executor examples.submitit_executor:SubmititExecutor --workers 8 --run runs/a --storage s3://BUCKET/PREFIX

For trials that are long beside a job's wait in the queue; for short ones, examples/cluster/search.sbatch starts Ray in one job. A job says
nothing before it ends, so its epochs are in no curve and no pruner hears them. A job that is cancelled or runs out of time is a failed trial.
`$SUBMITIT_CLUSTER` names another of submitit's executors than the one that it finds: local, for processes of this machine, or debug.
"""  # noqa: E501

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import submitit

from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.protocols import Evaluator
from nasbench.executors.boundary import Answer, evaluate, record

LOOK_SECONDS = 0.5
MINUTES = 24 * 60


@final
class SubmititExecutor:
    """At most `workers` jobs at a time, each with `gpus_per_worker` GPUs. Their logs lie in `submitit/`."""

    def __init__(self, workers: int = 2, gpus_per_worker: float = 0.0, trial_timeout: float | None = None) -> None:
        if not isinstance(workers, int) or gpus_per_worker != int(gpus_per_worker):
            raise UsageError("a job of Slurm has whole GPUs, and there is a fixed number of jobs: give whole numbers")
        self._workers = max(1, workers)
        self._jobs: dict[Any, Job] = {}
        self._submitit = submitit.AutoExecutor(Path("submitit"), cluster=os.environ.get("SUBMITIT_CLUSTER"))
        minutes = MINUTES if trial_timeout is None else max(1, round(trial_timeout / 60))
        self._submitit.update_parameters(timeout_min=minutes, gpus_per_node=int(gpus_per_worker))

    def describe(self) -> Sequence[str]:
        return [f"{self._workers} jobs at a time, by submitit on {self._submitit.cluster!r}"]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        while True:
            while len(self._jobs) < self._workers and (job := loop.next()) is not None:
                self._jobs[self._submitit.submit(evaluate, evaluator, job, silent)] = job
            if not self._jobs:
                return
            for ended in [each for each in self._jobs if each.done()]:
                job = self._jobs.pop(ended)
                record(loop, job, answer_of(ended), f"job {ended.job_id}")
            time.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """Cancels what still runs."""
        for job in self._jobs:
            job.cancel()
        self._jobs.clear()


def answer_of(job: Any) -> Answer:
    """What a job returned; a failed trial where it did not end, or raised what every trial would meet: the loop stops
    where the first trials all fail in the same way.
    """
    try:
        answer: Answer = job.result()
    except (submitit.core.utils.UncompletedJobError, submitit.core.utils.FailedJobError) as error:
        return Answer(0.0, error=f"job {job.job_id} did not end well: {' '.join(str(error).split())[:300]}")
    return answer


def silent(job: Job, epochs: int, metrics: Mapping[str, Any]) -> bool:  # noqa: ARG001 - an executor's report
    """The report of a job that runs elsewhere: it is never stopped early."""
    return False

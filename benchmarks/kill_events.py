"""An evaluator that says when it begins and when it ends, for `benchmarks/node_kills.py`: a score made of the genes,
after `$KILLS_SECONDS` seconds. Each evaluation adds a line to `$KILLS_EVENTS`.
"""

import json
import os
import sys
import time
from hashlib import sha256

from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report
from nasbench.core.spec import Task

EVENTS, SECONDS = "KILLS_EVENTS", "KILLS_SECONDS"


class Evented:
    """Its settings are those of the process that made it: they travel to the workers with it."""

    def __init__(self) -> None:
        self._events, self._seconds = os.environ[EVENTS], float(os.environ.get(SECONDS, "0.5"))

    def check(self) -> None:
        """There is nothing to check."""

    def task(self) -> Task:
        return Task(10, 32, 3)

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - it reports nothing
        self._say("begin", job.number)
        time.sleep(self._seconds)
        text = json.dumps(dict(job.architecture.genes) if job.architecture else {}, sort_keys=True)
        score = int(sha256(text.encode()).hexdigest()[:8], 16) / 16**8
        self._say("end", job.number)
        return {"val_accuracy": score}

    def _say(self, what: str, number: int) -> None:
        """One write, which the operating system does not mix with those of other processes."""
        event = {"what": what, "number": number, "pid": os.getpid(), "node": _node(), "time": time.time()}
        line = json.dumps(event) + "\n"
        descriptor = os.open(self._events, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def _node() -> str:
    """Ray's identity of the node; '' in a process that is no worker of Ray."""
    ray = sys.modules.get("ray")
    return str(ray.get_runtime_context().get_node_id()) if ray is not None and ray.is_initialized() else ""

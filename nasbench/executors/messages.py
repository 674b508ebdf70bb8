"""What the main process and its workers send each other, as text: jobs go out, reports and answers come back."""

import base64
import json
import pickle

from nasbench.core.blame import in_one_line, part_name, where_raised
from nasbench.core.errors import LogLost, NotWritten, PartFailed, RunFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.loop import Epoch
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.core.shown import shortened, text_of
from nasbench.executors.boundary import Answer, evaluate
from nasbench.executors.process import watchdog

FAULTS = (UsageError, PartFailed, NotWritten, LogLost, RunFailed)
"""What ends the run, the narrower kinds first."""


def evaluator_from_bytes(pickled: bytes) -> Evaluator:
    """The evaluator, in a worker process. RunFailed, with the line, for whatever its code raises at that."""
    try:
        evaluator: Evaluator = pickle.loads(pickled)
    except BaseException as error:  # SystemExit would end the worker without a word
        raise RunFailed(f"{in_one_line(error)}{where_raised(error)}") from error
    return evaluator


def not_sent(evaluator: Evaluator, where: str, error: BaseException) -> UsageError:
    """The error for an evaluator that cannot be pickled."""
    return UsageError(
        f"the evaluator {part_name(evaluator)} cannot be sent to {where} ({in_one_line(error)}{where_raised(error)}): "
        "make it picklable, or use --workers 0"
    )


def job_to_text(job: Job) -> str:
    return base64.b64encode(pickle.dumps(job)).decode()


def job_from_text(text: str) -> Job:
    job: Job = pickle.loads(base64.b64decode(text))
    return job


def report_to_text(epochs: int, metrics: Metrics) -> str:
    return json.dumps([epochs, metrics])


def report_from_text(text: str) -> tuple[int, Metrics]:
    """(epochs done, metrics)."""
    epochs, metrics = json.loads(text)
    return epochs, metrics


def respond(evaluator: Evaluator, job: Job, report: Epoch, worker: str, trial_timeout: float | None = None) -> str:
    """Evaluates a job in a worker process, and says what became of it.

    A trial that takes longer than `trial_timeout` seconds ends the process. A KeyboardInterrupt does not come from the
    user here, so it makes a failed trial.
    """
    try:
        with watchdog(trial_timeout):
            answer = evaluate(evaluator, job, report)
    except (UsageError, RunFailed) as fault:
        return fault_to_text(fault)
    except KeyboardInterrupt as error:
        answer = Answer(0.0, error=in_one_line(error))
    try:
        return json.dumps({"worker": worker, **vars(answer)})
    except (TypeError, ValueError, RecursionError) as error:
        told = shortened(answer.metrics, 300)
        return fault_to_text(UsageError(f"the evaluator's metrics are no JSON ({error}): {told}"))


def fault_to_text(fault: UsageError | RunFailed) -> str:
    """A fault that must end the run, as an answer."""
    kind = next(each for each in FAULTS if isinstance(fault, each))
    return json.dumps({"fault": kind.__name__, "reason": text_of(fault)})


def answer_from_text(text: str) -> tuple[Answer, str]:
    """(answer, worker) from what `respond` made of a job. Raises the fault where the run must end."""
    fields = json.loads(text)
    if "fault" in fields:
        raise next(each for each in FAULTS if each.__name__ == fields["fault"])(fields["reason"])
    worker = fields.pop("worker")
    return Answer(**fields), worker

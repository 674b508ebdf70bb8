"""The trial boundary: what an evaluator raises becomes the answer to its job, unless every other job would meet it too.

Every executor calls `evaluate` where the evaluation runs, and `record` where the loop is.
"""

import gc
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from nasbench.core.blame import in_one_line, part_name, plain_values
from nasbench.core.count_text import quantity
from nasbench.core.errors import Interrupted, RunFailed, TimeUp, TrialPruned, UsageError
from nasbench.core.job import Job
from nasbench.core.json_text import as_text, is_infinite, parsed
from nasbench.core.loop import Epoch, JobLoop
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.core.shown import shortened, text_of
from nasbench.core.stop_signals import WISHES, from_outside
from nasbench.core.typed import fits
from nasbench.core.within_epoch import is_within

DIED_TWICE = "the worker process died twice in this trial: it crashed, ran out of memory, or was killed"
"""Why a trial failed whose worker died, and the next one too."""
WAS_FROZEN = ": its worker was frozen, and was killed"
"""What is added to `timeout_reason` where the worker did not end by itself when the time was up."""


@dataclass(frozen=True)
class Answer:
    """What became of a job: metrics, an error, or a training that was stopped early.

    Attributes:
        error: why the trial failed, in one line; None where it did not fail.
        pruned_after: the epochs that were done when the training was stopped early; `metrics` are those reported then.
        poisoned: the process cannot use its device any more.
        misread: the evaluator returned what are no metrics; `error` says what. Every trial may meet the same.
    """

    seconds: float
    metrics: Metrics = field(default_factory=dict)
    error: str | None = None
    pruned_after: int | None = None
    poisoned: bool = False
    misread: bool = False


def evaluate(evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
    """Runs the evaluator on a job. `report` hears what it reports, and returns True where the training should stop.

    Whatever the evaluator raises makes a failed trial, SystemExit too, and a KeyboardInterrupt that is not the user's.
    These pass through: UsageError, RunFailed, TimeUp, and what `report` itself raised. An evaluator that catches the
    user's own interrupt does not keep it: it is raised here again, as what it returned may be half done.
    """
    start = perf_counter()
    reporter = _Reporter(job, report)
    try:
        metrics: object = evaluator(job, reporter)
        answer = _with_metrics(evaluator, metrics, perf_counter() - start)
    except (UsageError, RunFailed, TimeUp):
        raise
    except BaseException as error:
        if from_outside(error):
            raise
        answer = Answer(perf_counter() - start, error=in_one_line(error), poisoned=_poisons_process(error))
        out_of_memory = isinstance(error, MemoryError) or "out of memory" in text_of(error)
        reporter.stopped = reporter.stopped or (isinstance(error, TrialPruned) and reporter.epochs > 0)
    else:
        out_of_memory = False
    if WISHES.asked:
        raise Interrupted(WISHES.asked)
    if reporter.fault is not None:  # the evaluator may have caught it, or raised another error because of it
        raise reporter.fault
    if out_of_memory:  # here, not above: the error's traceback holds the tensors of the training
        _free_memory()
    if reporter.stopped and not answer.poisoned:
        return Answer(answer.seconds, reporter.metrics, pruned_after=reporter.epochs)
    return answer


def record(loop: JobLoop, job: Job, answer: Answer, worker: str) -> None:
    """Gives the loop the answer to a job. `worker` says which process it comes from."""
    if answer.misread and answer.error is not None:
        loop.misread(job, answer.error, answer.seconds, worker)
    elif answer.error is not None:
        loop.fail(job, answer.error, answer.seconds, worker)
    elif answer.pruned_after is not None:
        loop.prune(job, answer.pruned_after, answer.metrics, answer.seconds, worker)
    else:
        loop.finish(job, answer.metrics, answer.seconds, worker)


def timeout_reason(trial_timeout: float) -> str:
    """What the log says of a trial that took too long."""
    return f"stopped after {trial_timeout:g} s (--trial-timeout)"


class _Reporter:
    """The `report` that an evaluator gets. Once the training should stop, every call raises TrialPruned."""

    def __init__(self, job: Job, report: Epoch) -> None:
        self._job, self._report = job, report
        self.epochs = 0
        self.metrics: Metrics = {}
        self.stopped = False
        self.fault: BaseException | None = None

    def __call__(self, epochs: int, metrics: Metrics) -> None:
        if self.fault is not None:
            raise self.fault
        if not self.stopped:
            try:
                done, told = _epochs(epochs), _as_json(plain_values(metrics))
                if not is_within(told):  # the metrics of a training that is stopped are those after its last epoch
                    self.epochs, self.metrics = done, told
                self.stopped = self._report(self._job, done, told)
            except BaseException as fault:
                self.fault = fault
                raise
        if self.stopped:
            raise TrialPruned(f"stopped after {quantity(self.epochs, 'epoch')}")


def _epochs(epochs: object) -> int:
    """The epochs that a report names. UsageError where they are no number of epochs."""
    number = plain_values(epochs)
    if not fits(number, float) or number < 0:
        raise UsageError(f"report(epochs, metrics) takes the number of epochs that are done; got {_told(epochs)}")
    return int(number)


def _as_json(metrics: object) -> Mapping[str, Any]:
    """The metrics as the log would give them back. UsageError where they are no JSON object."""
    try:
        if not isinstance(metrics, Mapping):
            raise TypeError("a report takes a dict of metrics")
        text = as_text(metrics, finite=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the evaluator reported metrics that are no JSON ({error}): {_told(metrics)}") from error
    read: dict[str, Any] = json.loads(text)
    return read


def _with_metrics(evaluator: Evaluator, returned: object, seconds: float) -> Answer:
    """The answer with what an evaluator returned, if that is JSON."""
    if not isinstance(returned, Mapping):
        text = f"returned {_told(returned)}; it must return a dict of metrics, such as {{'val_accuracy': 0.91}}"
        return Answer(seconds, error=f"the evaluator {part_name(evaluator)} {text}", misread=True)
    metrics = plain_values(returned)
    for name, value in metrics.items():
        if not isinstance(name, str) or (why := _no_json(value)):
            name, why = (name, why) if isinstance(name, str) else (text_of(name), "its name is no text")
            text = (
                f"the evaluator {part_name(evaluator)} returned the metric {shortened(repr(name), 200)} as "
                f"{_told(value)}, which is no JSON ({why}): metrics have names, and are numbers, texts, or lists and "
                "dicts of them"
            )
            return Answer(seconds, error=text, misread=True)
    if why := _no_json(metrics):
        text = f"the evaluator {part_name(evaluator)} returned metrics that do not fit into a line of the log: {why}"
        return Answer(seconds, error=text, misread=True)
    return Answer(seconds, metrics)


def _no_json(value: object) -> str:
    """Why a value cannot be written and read again; '' where it can. NaN and infinite numbers are told later."""
    try:
        text = as_text(value, finite=False)
        if "NaN" not in text and "Infinity" not in text and not is_infinite(value):
            parsed(text)
    except (TypeError, ValueError, RecursionError) as error:
        return shortened(error, 300)
    return ""


def _told(value: object) -> str:
    """A value as a message shows it: 'None', or 'a Tensor of shape (2,)'."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        sizes = tuple(shape) if isinstance(shape, tuple) else shape
        return f"a {type(value).__name__} of shape {shortened(sizes)}"
    return f"{type(value).__name__} {shortened(repr(text_of(value)[:100]), 110)}" if value is not None else "None"


def _poisons_process(error: BaseException) -> bool:
    """True for a CUDA error after which the process's CUDA context answers every call with the same error, and for any
    error while a step was captured (`train/graphed`).
    """
    text = text_of(error)
    return "CUDA error" in text and ("out of memory" not in text or "captured as a graph" in text)


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()

"""The trial boundary: what an evaluator raises becomes an answer, unless every other trial would meet it too."""

import gc
import sys
from dataclasses import dataclass, field, replace
from time import perf_counter

from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.loop import Job
from nasbench.core.protocols import Evaluator, Metrics

REASON_LENGTH = 500
"""Characters of an error that go into the log."""


@dataclass(frozen=True)
class Answer:
    """What came of a job: metrics, or the error in one line. `poisoned`: the process cannot use its device any more."""

    seconds: float
    metrics: Metrics = field(default_factory=dict)
    error: str | None = None
    poisoned: bool = False


def evaluate(evaluator: Evaluator, job: Job) -> Answer:
    """Runs the evaluator on a job. UsageError and RunFailed pass through, and so does what is no Exception (Ctrl-C)."""
    start = perf_counter()
    try:
        proposal = replace(job.proposal, epochs=job.epochs)
        return Answer(metrics=evaluator(proposal, job.spec, job.seed, _no_report), seconds=perf_counter() - start)
    except (UsageError, RunFailed):
        raise
    except Exception as error:
        answer = Answer(seconds=perf_counter() - start, error=in_one_line(error), poisoned=_poisons_process(error))
        out_of_memory = isinstance(error, MemoryError) or "out of memory" in str(error)
    if out_of_memory:  # here, not above: the error's traceback holds the child's tensors
        _free_memory()
    return answer


def in_one_line(error: BaseException) -> str:
    """An error as 'Type: text', without line breaks; a TrialFailed speaks for itself."""
    text = str(error) if isinstance(error, TrialFailed) and str(error) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:REASON_LENGTH]


def timeout_reason(trial_timeout: float) -> str:
    """What the log says of a trial that took too long."""
    return f"stopped after {trial_timeout:g} s (--trial-timeout)"


def _no_report(epochs: int, metrics: Metrics) -> None:
    """Nobody follows a single training from here."""


def _poisons_process(error: Exception) -> bool:
    """True for a CUDA error after which the process's CUDA context answers every call with the same error."""
    text = str(error)
    return "CUDA error" in text and "out of memory" not in text


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()

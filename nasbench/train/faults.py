"""The trial boundary: what goes wrong in one network's building or training is an answer, with a reason that people can
read.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nasbench.core.errors import RunFailed, TrialFailed, UsageError

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


@contextmanager
def trial_boundary(doing: str) -> Iterator[None]:
    """Turns an exception into TrialFailed, but for those that every trial would meet (UsageError, RunFailed). `doing`:
    'the training'.
    """
    try:
        yield
    except (UsageError, RunFailed, TrialFailed):
        raise
    except Exception as error:  # a network may come from a plug-in: whatever it raises is its own trial's fault
        raise TrialFailed(f"{doing} failed: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = str(error).strip()
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in text.lower() for words in OUT_OF_MEMORY):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # for the next trial in this process
        return f"out of memory ({text.splitlines()[0] if text else 'MemoryError'})"
    return f"{type(error).__name__}: {text}"

"""The trial boundary: an error while a network is built or trained makes that trial fail, with a readable reason.

The search goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nasbench.core.blame import where_raised
from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.shown import text_of

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


@contextmanager
def trial_boundary(doing: str) -> Iterator[None]:
    """Turns an exception into TrialFailed. `doing` says what failed, such as 'the training'.

    UsageError and RunFailed pass through: every other trial would raise them too.
    """
    try:
        yield
    except (UsageError, RunFailed, TrialFailed):
        raise
    except Exception as error:  # a network may come from a plug-in, which may raise anything
        raise TrialFailed(f"{doing} failed: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = text_of(error).strip()
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in text.lower() for words in OUT_OF_MEMORY):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # for the next trial in this process
        return f"out of memory ({text.splitlines()[0] if text else 'MemoryError'})"
    return f"{type(error).__name__}: {text}{where_raised(error)}"

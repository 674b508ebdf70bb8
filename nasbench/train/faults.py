"""The trial boundary: an error while a network is built or trained makes that trial fail, with a readable reason.

The search goes on.
"""

from types import TracebackType
from typing import final

import torch

from nasbench.core.blame import where_raised
from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.shown import text_of
from nasbench.core.stop_signals import from_outside

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


@final
class trial_boundary:
    """Turns what is raised inside into TrialFailed. `doing` says what failed, such as 'the training'.

    UsageError and RunFailed pass through: every other trial would raise them too. So do the user's
    interrupt and the time limit. A class: a generator would let
    StopIteration pass.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing is prepared."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None or isinstance(error, UsageError | RunFailed | TrialFailed) or from_outside(error):
            return
        # a network may come from a plug-in, which may raise anything
        raise TrialFailed(f"{self._doing} failed: {_reason(error)}") from error


@final
class memory_boundary:
    """Turns lack of memory inside into TrialFailed, and nothing else: it is nobody's fault. `doing` as above."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing is prepared."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None and lacks_memory(error):
            raise TrialFailed(f"{self._doing} failed: {_reason(error)}") from error


def lacks_memory(error: BaseException) -> bool:
    """Whether the machine or the device had no memory left."""
    told = isinstance(error, RuntimeError) and any(words in text_of(error).lower() for words in OUT_OF_MEMORY)
    return told or isinstance(error, MemoryError | torch.OutOfMemoryError)


def _reason(error: BaseException) -> str:
    text = text_of(error).strip()
    if lacks_memory(error):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # for the next trial in this process
        return f"out of memory ({text.splitlines()[0] if text else 'MemoryError'})"
    return f"{type(error).__name__}: {text}{where_raised(error)}"

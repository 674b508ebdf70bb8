"""How many children share a GPU where `--gpus-per-worker auto` asks for as many as fit.

The first children have a GPU each, and are measured. Then each gets the share that the largest of them needs, with some
room above it, as children differ. On CUDA the measure is the peak of what PyTorch's allocator has reserved.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

MEASURED = 3
"""So many children are measured."""
ROOM = 1.25
"""What a child is given, as a multiple of what the largest of those needed."""
MOST_ON_A_GPU = 16
"""More processes than that wait for each other, whatever their memory."""
CONTEXT_BYTES = 600 * 2**20
"""What a process takes on the device besides what its allocator says: CUDA's context, kernels, libraries."""


@dataclass(frozen=True)
class Peak:
    """What one child took of its device at most, and what the device has, in bytes."""

    used: int
    total: int


Measure = Callable[[], Peak | None]
"""Called in a worker after each child: its peak; None where there is none to measure."""


def cuda_peak() -> Peak | None:
    """Of this process since the last call, on the current CUDA device; None where it uses none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    used, total = torch.cuda.max_memory_reserved(), torch.cuda.get_device_properties(None).total_memory
    torch.cuda.reset_peak_memory_stats()
    return Peak(used + CONTEXT_BYTES, total)


@final
class Packing:
    """The share of a GPU that a worker holds: whole until enough children were measured."""

    def __init__(self) -> None:
        self._answers = 0
        self._peaks: list[Peak] = []

    def learn(self, peak: Peak | None) -> None:
        """A child with a GPU of its own has ended."""
        self._answers += 1
        if peak is not None:
            self._peaks.append(peak)

    @property
    def to_measure(self) -> int:
        """How many children are still to be measured."""
        return max(0, MEASURED - self._answers)

    @property
    def on_a_gpu(self) -> int:
        """How many children fit on a GPU; one until that is known, and where nothing could be measured."""
        if self.to_measure or not self._peaks:
            return 1
        largest = max(peak.used for peak in self._peaks)
        smallest_device = min(peak.total for peak in self._peaks)
        return max(1, min(MOST_ON_A_GPU, int(smallest_device / (ROOM * max(1, largest)))))

    @property
    def share(self) -> float:
        """GPUs for each worker."""
        return 1 / self.on_a_gpu

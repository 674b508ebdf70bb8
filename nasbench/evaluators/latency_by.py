"""How a latency is taken, read without torch."""

from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError


@dataclass(frozen=True)
class LatencyBy:
    """How a latency is taken: images of a batch, where, and threads of a CPU."""

    batch: int = 1
    on: Literal["cpu", "cuda"] = "cpu"
    threads: int = 1

    def check(self) -> None:
        """UsageError where that device is not there."""
        if self.on == "cpu":
            return
        import torch  # a configuration is read without it

        if not torch.cuda.is_available():
            raise UsageError("--latency-on cuda: this machine has no CUDA GPU. Take --latency-on cpu.")

"""How memory and latency are taken, where they are a budget, a limit or an objective."""

from dataclasses import dataclass
from typing import Any, Literal

from nasbench.engine.config.record import Record, number


@dataclass(frozen=True)
class Costs(Record):
    """At which batch, of what, and on what machine."""

    memory_batch: int = number(32, low=1)
    """Images of a batch whose memory counts."""
    memory_of: Literal["training", "inference"] = "training"
    """Memory: the peak of a training step, or of an inference."""
    latency_batch: int = number(1, low=1)
    """Images of a batch whose latency is measured."""
    latency_on: Literal["cpu", "cuda"] = "cpu"
    """Where latency is measured: on this machine's CPU or GPU."""
    latency_threads: int = number(1, low=1)
    """Threads of the CPU that a latency is measured with."""

    def latency_settings(self) -> dict[str, Any]:
        """How a latency is taken, by the names of `LatencyBy`."""
        return {"batch": self.latency_batch, "on": self.latency_on, "threads": self.latency_threads}

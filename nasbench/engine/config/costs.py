"""How memory and latency are taken, where they are a budget, a limit or an objective."""

from dataclasses import dataclass
from typing import Any, Literal

from nasbench.core.errors import UsageError
from nasbench.engine.config.record import Record, flag, free, number


@dataclass(frozen=True)
class Costs(Record):
    """At which batch, of what, and on what machine."""

    memory_batch: int = number(32, low=1)
    """Images of a batch whose memory counts."""
    memory_of: Literal["training", "inference"] = "training"
    """Memory: the peak of a training step, or of an inference."""
    latency_batch: int = number(1, low=1)
    """Images of a batch whose latency is measured."""
    latency_on: Literal["cpu", "cuda", "onnx"] = "cpu"
    """Where latency is measured: on this machine's CPU or GPU by PyTorch, or on its CPU by ONNX Runtime."""
    latency_threads: int = number(1, low=1)
    """Threads of the CPU that a latency is measured with."""
    latency_table: str | None = free(None, kept=True)
    """Instead of measuring: a CSV with the ms of each block, such as a phone's (nasbench profile --latency-rows).
    """
    latency_model: bool = False
    """Of a search: measure some networks first, and predict the latency of all others by a model fitted to those."""
    latency_samples: int = number(60, low=10)
    """--latency-model: so many networks are measured."""

    def check(self) -> None:
        """UsageError besides where flags of a latency contradict each other."""
        super().check()
        plain = Costs()
        measures = ("latency_batch", "latency_on", "latency_threads", "latency_model")
        given = [flag(name) for name in measures if getattr(self, name) != getattr(plain, name)]
        if self.latency_table is not None and given:
            raise UsageError(
                f"{' and '.join(given)} cannot go with --latency-table, by which nothing is measured. Leave one of "
                "them out."
            )
        if self.latency_samples != plain.latency_samples and not self.latency_model:
            raise UsageError("--latency-samples is for --latency-model: add it, or leave --latency-samples out")

    def latency_settings(self) -> dict[str, Any]:
        """How a latency is taken, by the names of `LatencyBy`."""
        return {"batch": self.latency_batch, "on": self.latency_on, "threads": self.latency_threads}

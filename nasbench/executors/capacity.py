"""What fits into a cluster, and why a worker of it died."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

Workers = int | Literal["auto"]
"""How many workers: a number, or as many as fit, now and whenever the cluster grows or shrinks."""
Share = float | Literal["auto"]
"""GPUs for each worker: a number, or what the memory of the first children says."""


def capacity(nodes: Sequence[Mapping[str, float]], gpus_per_worker: float) -> int:
    """How many workers of one CPU slot and `gpus_per_worker` GPUs the nodes (resource -> amount) hold at once."""
    slots = 0
    for node in nodes:
        cpus, gpus = int(node.get("CPU", 0)), node.get("GPU", 0)
        if gpus_per_worker > 1:
            cpus = min(cpus, int(gpus // gpus_per_worker))
        elif gpus_per_worker > 0:
            cpus = min(cpus, int(gpus) * int(1 / gpus_per_worker + 1e-9))  # a share lies within one GPU
        slots += cpus
    return slots


def kinds_of(resources: Iterable[str]) -> list[str]:
    """The kinds of accelerators among the names of resources, as Ray knows them."""
    return sorted(name.partition(":")[2] for name in resources if name.startswith("accelerator_type:"))


def why_it_died(text: str) -> str:
    """The reason for the log, from what Ray says of a worker that died."""
    if "low on memory" in text:
        return "the machine ran low on memory: Ray ended the worker"
    if "creation task" in text or "Traceback" in text:
        return text.splitlines()[-1].strip()[:500]
    return "the worker died: killed, crashed, or its machine is gone"

"""What a network computes when it classifies one batch, operation by operation: what its latency is predicted from.

The network runs on the meta device, so nothing is computed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from nasbench.blank import ShapesAlone, blank
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_network
from nasbench.train.faults import trial_boundary

MEMORY_ALONE = (
    "view",
    "_unsafe_view",
    "t",
    "transpose",
    "permute",
    "expand",
    "unsqueeze",
    "squeeze",
    "select",
    "slice",
)
"""Operations that give another view of their input, and take no time worth counting."""


class Operations(ShapesAlone):
    """A context that sums up operations by their kind.

    sums    (kind, what) -> sum; what is `calls`, `macs` (multiply-adds) or `values` (numbers that are read and written)
    """

    def __init__(self) -> None:
        super().__init__()
        self.sums: dict[tuple[str, str], float] = defaultdict(float)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        before = self.flops
        out = super().__torch_dispatch__(func, types, args, kwargs)
        name = func.overloadpacket.__name__
        if name not in MEMORY_ALONE:
            kind = _kind(name, args)
            self.sums[kind, "calls"] += 1
            self.sums[kind, "macs"] += (self.flops - before) / 2
            self.sums[kind, "values"] += sum(_values((args, out)))
        return out


def operations_of(spec: ModelSpec, batch: int) -> dict[tuple[str, str], float]:
    """The sums of `Operations` for a batch of images. TrialFailed where the network cannot be built or run."""
    task = spec.seen_task
    counter = Operations()
    with trial_boundary("counting the operations of the network"):
        with blank():
            network: nn.Module = build_network(spec).eval()
        with torch.no_grad(), counter:
            network(torch.empty(batch, task.channels, task.image_size, task.image_size, device="meta"))
    return dict(counter.sums)


def _kind(name: str, args: tuple[Any, ...]) -> str:
    """Convolutions and poolings by their window, other operations by their name, whether they work in place or not."""
    if name.endswith(("pool2d", "pool2d_with_indices")) and "adaptive" not in name:
        return f"{name.partition('_pool')[0]} pooling {_times(args[1])}"
    if name != "convolution":
        return name.rstrip("_")
    weight, dilation, groups = args[1], args[5], args[8]
    kind = "conv" if groups == 1 else "depthwise" if weight.shape[1] == 1 else "grouped"
    return f"{kind} {_times(weight.shape[2:])}" + (f" dilated {_times(dilation)}" if max(dilation) > 1 else "")


def _times(numbers: Sequence[int]) -> str:
    return "x".join(map(str, numbers))


def _values(tensors: Any) -> Iterator[int]:
    return (prod(each.shape) for each in tree_leaves(tensors) if isinstance(each, Tensor))

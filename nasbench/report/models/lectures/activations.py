"""Activation memory of a network for one image: what inference holds at its peak, what training keeps for its backward
pass.

Both are observed on the meta device, where tensors have shapes and no values. Memory is counted by storage: views and
layers that compute in place add nothing. Workspace of kernels, gradients and parameters are not counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from nasbench.blank import blank
from nasbench.core.spec import Task


@dataclass(frozen=True)
class Activations:
    """Bytes for one image: the image and all outputs in float32, the peak of inference, and what training keeps.

    The last two hold the places that poolings remember, too.
    """

    outputs: int
    inference: int
    training: int


class _Held(TorchDispatchMode):
    """Follows the storages of results: the bytes that live at once at most, and the bytes of all together."""

    def __init__(self, image: Tensor, apart: set[int]) -> None:
        super().__init__()
        self.apart = apart
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = self.total = 0
        self._meet(image)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, Tensor):
                self._meet(tensor)
        return out

    def _meet(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self.alive = {key: held for key, held in self.alive.items() if not held[0].expired()}
        if storage._cdata in self.apart or storage._cdata in self.alive:
            return
        self.alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.total += storage.nbytes() if tensor.is_floating_point() else 0
        self.peak = max(self.peak, sum(size for _, size in self.alive.values()))


def activations(network: nn.Module, task: Task, inplace: bool = True) -> Activations:
    """The memory of a network on the meta device. `inplace` False lets ReLUs and their like make new tensors.

    Functions of a network's own code that work in place stay as they are.
    """
    apart = {tensor.untyped_storage()._cdata for tensor in (*network.parameters(), *network.buffers())}
    shape = (1, task.channels, task.image_size, task.image_size)
    modes = [(module, module.training) for module in network.modules()]
    try:
        with _as_asked(network, inplace), torch.device("meta"):
            network.eval()
            held = _held(network, torch.empty(shape), apart)
            kept = _kept(network.train(), torch.empty((2, *shape[1:])), apart) // 2
    finally:
        for module, training in modes:
            module.training = training
    return Activations(held.total, held.peak, kept)


def of_zoo(name: str, inplace: bool = True) -> Activations:
    """The memory of a network of the zoo in its published form."""
    import zoo

    entry = zoo.entry(name)
    with blank():
        network = entry.build(entry.card.task)
    return activations(network, entry.card.task, inplace)


def _held(network: nn.Module, image: Tensor, apart: set[int]) -> _Held:
    held = _Held(image, apart)
    with torch.no_grad(), held:
        network(image)
    return held


def _kept(network: nn.Module, images: Tensor, apart: set[int]) -> int:
    """Bytes of the storages that autograd saves for the backward pass."""
    kept: dict[int, tuple[Tensor, int]] = {}

    def save(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in apart:
            kept[storage._cdata] = tensor, storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        output = network(images)
        size = sum(nbytes for _, nbytes in kept.values())
    del output
    return size


@contextmanager
def _as_asked(network: nn.Module, inplace: bool) -> Iterator[None]:
    """The network's modules compute in place as they are built to, or not at all."""
    changed = [] if inplace else [module for module in network.modules() if getattr(module, "inplace", False)]
    for module in changed:
        setattr(module, "inplace", False)  # noqa: B010 -- nn.Module does not declare this attribute
    try:
        yield
    finally:
        for module in changed:
            setattr(module, "inplace", True)  # noqa: B010

"""How many bytes of tensors live at once, followed operation by operation, without numbers.

Storages are counted, not tensors: a view and an operation in place add nothing, and what autograd saves lives until
its backward pass has used it, as it does on a device.
"""

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

CONVOLUTIONS = ("convolution", "convolution_backward", "convolution_overrideable")


class LiveBytes(TorchDispatchMode):
    """A context that follows storages from the operation that makes them to their end.

    Attributes:
        live: bytes that live now.
        peak: the most that lived at once since `restart`, with the workspace of the operation at hand.
        workspace: the largest workspace of an operation since `restart`.
        copies: whether convolutions copy what they read and write to a layout of their own, as oneDNN does on a CPU.
    """

    def __init__(self, copies: bool = False) -> None:
        super().__init__()
        self.live = self.peak = self.workspace = 0
        self.copies = copies
        self._known: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        self.add(tree_leaves(out))
        extra = _copied(args) if self.copies and func.overloadpacket.__name__ in CONVOLUTIONS else 0
        if extra:
            extra += sum(_bytes(each) for each in tree_leaves(out) if isinstance(each, Tensor))
        self.workspace = max(self.workspace, extra)
        self.peak = max(self.peak, self.live + extra)
        return out

    def add(self, tensors: Iterable[Any]) -> None:
        """Counts the storages of tensors that were made before. What is counted already adds nothing."""
        for tensor in tensors:
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                key, size = storage._cdata, storage.nbytes()
                if key not in self._known:
                    self._known[key] = size
                    self.live += size
                    weakref.finalize(storage, self._end, key)
        self.peak = max(self.peak, self.live)

    def restart(self) -> None:
        """The peak begins anew from what lives now."""
        self.peak, self.workspace = self.live, 0

    def _end(self, key: int) -> None:
        self.live -= self._known.pop(key, 0)


@contextmanager
def fused_attention() -> Iterator[None]:
    """A context in which attention without numbers is the fused kernel that a device has, as far as it would take it.

    On the meta device PyTorch computes attention step by step, and saves the matrix of all pairs of positions, which
    the kernels of a CPU and of a GPU do not. The CPU's takes no dropout of attention, and heads of equal sizes.
    """
    whole = functional.scaled_dot_product_attention

    def attention(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        **options: Any,
    ) -> Tensor:
        alike = query.dim() == key.dim() == value.dim() == 4 and query.shape[-1] == key.shape[-1] == value.shape[-1]
        plain = attn_mask is None or not (attn_mask.requires_grad or attn_mask.dtype == torch.bool)
        if not (query.is_meta and alike and plain) or dropout_p or options.get("enable_gqa"):
            return whole(query, key, value, attn_mask, dropout_p, is_causal, **options)
        fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out: Tensor = fused(query, key, value, 0.0, is_causal, attn_mask=attn_mask, scale=options.get("scale"))[0]
        return out

    functional.scaled_dot_product_attention = attention  # type: ignore[assignment]
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = whole


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of the storages of tensors, each storage once."""
    storages = {each.untyped_storage()._cdata: each.untyped_storage().nbytes() for each in tensors}
    return sum(storages.values())


def _copied(args: tuple[Any, ...]) -> int:
    return sum(_bytes(each) for each in args if isinstance(each, Tensor))


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()

"""Receptive fields, tracked through all operations of a forward pass.

Within `ReceptiveFields`, the field of every tensor is computed from the fields of its inputs:
  - a window of size k and dilation d adds (k - 1) * d * jump pixels, where `jump` is the distance in pixels between
    neighbouring positions of its input;
  - a stride multiplies the jump;
  - where branches meet, the largest field is taken;
  - a mean over the image, or flattening the image, covers the whole image.

The field is not clipped to the image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


@dataclass(frozen=True)
class Field:
    """(height, width) pairs: pixels seen by a position, and distance in pixels between neighbouring positions."""

    seen: tuple[int, int] = (1, 1)
    jump: tuple[int, int] = (1, 1)

    def window(self, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)) -> "Field":
        seen = tuple(s + (k - 1) * d * j for s, k, d, j in zip(self.seen, kernel, dilation, self.jump, strict=True))
        jump = tuple(j * s for j, s in zip(self.jump, stride, strict=True))
        return Field((seen[0], seen[1]), (jump[0], jump[1]))

    def whole(self, side: tuple[int, int]) -> "Field":
        """The field of a value computed from all positions. It has no neighbours, so its jump is 0."""
        return Field(self.window(side, (1, 1)).seen, (0, 0))


class ReceptiveFields(TorchDispatchMode):
    """A context that tracks the receptive field of every tensor computed from `image`, (1, C, H, W)."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self._fields: dict[int, tuple[Tensor, Field | None]] = {}  # keeping the tensor alive keeps its id unique
        self._put(image, Field())

    def of(self, tensor: Tensor) -> int | None:
        """Pixels, the larger of height and width. None if the field is not a window, or if the tensor does not depend
        on the image.
        """
        field = self._fields.get(id(tensor), (tensor, None))[1]
        return max(field.seen) if field else None

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        first = next(
            (value for value in (out if isinstance(out, list | tuple) else (out,)) if isinstance(value, Tensor)), None
        )
        sources = [tensor for tensor in _tensors((args, kwargs or {})) if id(tensor) in self._fields]
        if first is not None and sources:
            call = Call(args, sources, [self._fields[id(tensor)][1] for tensor in sources], first)
            field = _RULES.get(func.overloadpacket.__name__, _largest)(call)
            for tensor in _tensors(out):
                self._put(tensor, field)
        return out

    def _put(self, tensor: Tensor, field: Field | None) -> None:
        self._fields[id(tensor)] = (tensor, field)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)


@dataclass(frozen=True)
class Call:
    """One operation: its arguments, the tensors among them that depend on the image, their fields, its first output."""

    args: tuple[Any, ...]
    sources: list[Tensor]
    fields: list[Field | None]
    out: Tensor


def _largest(call: Call) -> Field | None:
    known = [field for field in call.fields if field is not None]
    if len(known) < len(call.fields):
        return None
    height, width = (max(field.seen[axis] for field in known) for axis in (0, 1))
    down, across = (max(field.jump[axis] for field in known) for axis in (0, 1))
    return Field((height, width), (down, across))


def _convolution(call: Call) -> Field | None:
    x, weight, _, stride, _, dilation, transposed = call.args[:7]
    if call.fields[0] is None or transposed or x.dim() != 4:
        return None
    return call.fields[0].window(_pair(weight.shape[2:]), _pair(stride), _pair(dilation))


def _pooling(call: Call) -> Field | None:
    kernel = _pair(call.args[1])
    stride = _pair(call.args[2]) if len(call.args) > 2 and call.args[2] else kernel
    return call.fields[0].window(kernel, stride) if call.fields[0] else None


def _adaptive_pooling(call: Call) -> Field | None:
    """If the input size is not a multiple of the output size, the windows differ in size; the larger size is taken."""
    sides = [ceil(n / m) for n, m in zip(call.sources[0].shape[-2:], call.out.shape[-2:], strict=True)]
    return call.fields[0].window(_pair(sides), _pair(sides)) if call.fields[0] else None


def _reduction(call: Call) -> Field | None:
    """Over height and width: the whole image. Over channels: unchanged. Otherwise the field is not a window."""
    x, field = call.sources[0], call.fields[0]
    named = call.args[1] if len(call.args) > 1 else range(x.dim())
    dims = [named] if isinstance(named, int) else list(named)
    sides = sorted(dim % x.dim() for dim in dims if dim % x.dim() > 0)
    if field is None or x.dim() != 4:
        return None
    if len(sides) >= 2:
        return field.whole((x.shape[sides[-2]], x.shape[sides[-1]]))
    return field if sides in ([], [1]) else None


def _slicing(call: Call) -> Field | None:
    step, dim = (call.args[4] if len(call.args) > 4 else 1), call.args[1] if len(call.args) > 1 else 0
    if call.fields[0] is None or step == 1 or call.sources[0].dim() != 4 or dim % 4 < 2:
        return call.fields[0]
    return call.fields[0].window((1, 1), (step, 1) if dim % 4 == 2 else (1, step))


def _reshaping(call: Call) -> Field | None:
    """Unchanged if positions stay positions. The whole image if it is flattened to one vector. Otherwise unknown."""
    x, out, field = call.sources[0], call.out, call.fields[0]
    if field is None or field.jump == (0, 0) or x.shape[-2:] == out.shape[-2:]:
        return field
    if x.dim() == 4 and out.dim() == 2 and out.shape[0] == x.shape[0]:
        return field.whole(_pair(x.shape[-2:]))
    if {x.dim(), out.dim()} == {2, 4}:  # a linear layer on channels-last images
        return field
    return field if x.dim() == out.dim() == 4 and sorted(x.shape) == sorted(out.shape) else None


def _mixing(call: Call) -> Field | None:
    """The operation mixes positions. The field is known only if it already covers the whole image."""
    field = _largest(call)
    return field if field is not None and field.jump == (0, 0) else None


_RULES: dict[str, Callable[[Call], Field | None]] = {
    "convolution": _convolution,
    "max_pool2d_with_indices": _pooling,
    "avg_pool2d": _pooling,
    "_adaptive_avg_pool2d": _adaptive_pooling,
    "adaptive_max_pool2d": _adaptive_pooling,
    "mean": _reduction,
    "sum": _reduction,
    "amax": _reduction,
    "slice": _slicing,
    "view": _reshaping,
    "_unsafe_view": _reshaping,
    "reshape": _reshaping,
    "squeeze": _reshaping,
    "bmm": _mixing,
    "baddbmm": _mixing,
    "roll": _mixing,
    "_scaled_dot_product_flash_attention": _mixing,
    "_scaled_dot_product_efficient_attention": _mixing,
    "_scaled_dot_product_flash_attention_for_cpu": _mixing,
    "upsample_nearest2d": _mixing,
    "upsample_bilinear2d": _mixing,
}


def _pair(value: Any) -> tuple[int, int]:
    values = [int(value)] if isinstance(value, int) else [int(v) for v in value]
    return (values[0], values[-1])


def _tensors(nest: Any) -> list[Tensor]:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(nest) if isinstance(leaf, Tensor)]

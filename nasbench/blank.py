"""Networks without numbers: they are built and run for their shapes alone.

PyTorch's meta device computes no values either, but many of its operations are long decompositions in Python. Those
whose shape is known, and fresh weights, are answered here at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


@contextmanager
def blank() -> Iterator[None]:
    """A network that is built in this context is on the meta device: its weights have shapes, and no values."""
    with torch.device("meta"), ShapesAlone():
        yield


class ShapesAlone(TorchDispatchMode):
    """A context for tensors on the meta device, in which operations give the shapes of their results.

    flops    floating-point operations so far, with the formulas of PyTorch's counter: 2 for each multiply-add of
             convolutions, matrix products and attention. Normalisation, activations and pooling are not counted.

    Results are those of the meta device, backward passes included. Running statistics are left as they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        answer = self._answer(func.overloadpacket.__name__, args)
        out = func(*args, **(kwargs or {})) if answer is None else answer
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.flops += int(formula(*args, **(kwargs or {}), out_val=out))
        return out

    def _answer(self, name: str, args: tuple[Any, ...]) -> Any:
        """The result of an operation that is known at once; None: the meta device has to say it."""
        if not args or not isinstance(args[0], Tensor) or not args[0].is_meta:
            return None
        if name in _ANSWERS:
            return _ANSWERS[name](*args)
        return torch.empty_like(args[0]) if name in _SUMS and _alike(args[0], args[1]) else None


_SUMS = {"add", "sub", "mul", "div"}


def _alike(one: Tensor, other: object) -> bool:
    """Whether nothing is broadcast and no type is promoted between them."""
    return (
        isinstance(other, Tensor)
        and other.is_meta
        and one.is_floating_point()
        and (one.shape, one.dtype) == (other.shape, other.dtype)
    )


def _same(x: Tensor, *_: Any) -> Tensor:
    return torch.empty_like(x)


def _changed(x: Tensor, *_: Any) -> Tensor:
    return x.zero_()  # the cheapest change in place: autograd and profiles see that there was one


def _of_channels(x: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), x.new_empty(x.shape[1]), x.new_empty(x.shape[1])


def _of_channels_backward(_: Tensor, x: Tensor, *__: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _of_channels(x)


def _of_positions(x: Tensor, shape: Sequence[int], *_: Any) -> tuple[Tensor, Tensor, Tensor] | None:
    if x.shape[x.dim() - len(shape) :] != tuple(shape):
        return None
    statistics = (*x.shape[: x.dim() - len(shape)], *[1] * len(shape))
    return torch.empty_like(x), x.new_empty(statistics), x.new_empty(statistics)


def _of_positions_backward(_: Tensor, x: Tensor, shape: Sequence[int], *__: Any) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), x.new_empty(shape), x.new_empty(shape)


def _affine(bias: Tensor, left: Tensor, right: Tensor) -> Tensor | None:
    if left.shape[1:] != right.shape[:1] or bias.shape != right.shape[1:]:
        return None
    return left.new_empty(left.shape[0], right.shape[1])


_ANSWERS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("relu", "hardtanh", "gelu", "silu", "hardswish", "hardsigmoid", "sigmoid", "elu"), _same),
    **dict.fromkeys(("threshold_backward", "hardtanh_backward", "gelu_backward", "silu_backward"), _same),
    **dict.fromkeys(("hardswish_backward", "hardsigmoid_backward", "sigmoid_backward"), _same),
    **dict.fromkeys(("relu_", "hardtanh_", "silu_", "hardswish_", "normal_", "uniform_", "fill_"), _changed),
    "native_batch_norm": _of_channels,
    "native_batch_norm_backward": _of_channels_backward,
    "native_layer_norm": _of_positions,
    "native_layer_norm_backward": _of_positions_backward,
    "addmm": _affine,
}
"""How operations are answered whose result has a shape that is known at once; None: shapes that may not fit."""

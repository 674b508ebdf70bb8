"""An operation of a supernet with one set of weights for stride 1 and stride 2.

A filter has the same shape at every stride, so the weights of a convolution fit both.
"""

from collections.abc import Callable

import torch
from torch import nn


class AnyStride(nn.Module):
    """`make(stride)` is the operation at that stride, 1 or 2.

    Where its weights have other shapes at stride 2 (an identity is a convolution there), each stride has an operation
    of its own.
    """

    def __init__(self, make: Callable[[int], nn.Module]) -> None:
        super().__init__()
        with torch.device("meta"):  # draws nothing from the generator
            shapes = [_shapes(make(stride)) for stride in (1, 2)]
            self.strides = [_strides(make(stride)) for stride in (1, 2)]
        self.operations = nn.ModuleList(map(make, (1,) if shapes[0] == shapes[1] else (1, 2)))

    def at(self, stride: int) -> nn.Module:
        """The operation at that stride: until `at` is called again, so run it at once."""
        operation = self.operations[min(stride, len(self.operations)) - 1]
        for name, of_layer in self.strides[stride - 1].items():
            operation.get_submodule(name).stride = of_layer  # type: ignore[assignment]
        return operation


def _shapes(operation: nn.Module) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in operation.named_parameters()}


def _strides(operation: nn.Module) -> dict[str, int | tuple[int, int]]:
    """Name of a layer -> its stride, as the layer holds it."""
    return {name: module.stride for name, module in operation.named_modules() if hasattr(module, "stride")}

"""1x1 convolutions with a stride, kept away from a kernel that can end the process.

On processors with AVX-512, oneDNN (PyTorch's library on the CPU) corrupts memory when it computes the gradient of the
weight of such a convolution, if images have few channels and lie in memory with the channels last: the process aborts.
Observed on an Intel Xeon with 2 to 15 input channels at 56, 64 and 112 pixels, where 48 pixels are safe, and on an AMD
EPYC with 2 to 7 at every size (8, 16, 32 and 48 pixels), where 8 are safe; 16 channels are safe on both. A convolution
without a stride on every s-th pixel has the same sums, and another kernel computes it.
"""

from torch import Tensor, is_grad_enabled, nn
from torch.nn import functional


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None, stride: tuple[int, int]) -> Tensor:
    """1x1 convolution without padding: (B, C_in, H, W) -> (B, C_out, ceil(H / stride), ceil(W / stride))."""
    rows, columns = stride
    learns = is_grad_enabled() and weight.requires_grad and x.device.type == "cpu"
    unsafe = x.shape[1] < (16 if max(x.shape[2], x.shape[3]) > 48 else 8)  # in place: torch.jit.script reads no globals
    if rows * columns > 1 and learns and unsafe:
        return functional.conv2d(x[:, :, ::rows, ::columns], weight, bias)
    return functional.conv2d(x, weight, bias, (rows, columns))


class PointwiseConv(nn.Conv2d):
    """A convolution of PyTorch with a 1x1 kernel, without padding or groups, that is computed by `pointwise`."""

    def forward(self, x: Tensor) -> Tensor:  # (B, C_in, H, W) -> (B, C_out, ceil(H / stride), ceil(W / stride))
        return pointwise(x, self.weight, self.bias, (self.stride[0], self.stride[1]))


def with_safe_pointwise(network: nn.Module) -> nn.Module:
    """Makes every strided 1x1 convolution of `network` a PointwiseConv, in place, and returns `network`.

    Weights and their names stay. Only PyTorch's own class is replaced: a subclass may compute something else.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and _is_pointwise(module) and max(module.stride) > 1:
            module.__class__ = PointwiseConv
    return network


def _is_pointwise(module: nn.Conv2d) -> bool:
    unpadded = module.padding in ("valid", (0, 0))
    return module.kernel_size == (1, 1) and unpadded and module.groups == 1 and module.padding_mode == "zeros"

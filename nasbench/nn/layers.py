"""Layers of cell networks, with TensorFlow's SAME padding, so that weights and outputs agree with the released NASNets.

SAME: the output has ceil(input / stride) pixels. If the padding of a side is odd, the additional pixel comes after the
image. Average pooling does not count the padding in its mean.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.nn.pointwise import pointwise

Pair = tuple[int, ...]
"""A value for rows and a value for columns."""


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Pixels to add before and after a side of `size` pixels."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def concatenated(parts: list[Tensor]) -> Tensor:  # (B, C, H, W) each -> (B, sum of C, H, W)
    """Concatenates along the channels.

    The backward pass of torch.cat returns slices that are not contiguous, and batch normalisation takes ten times as
    long on them. The hook copies each slice into contiguous memory.
    """
    if not torch.jit.is_scripting():  # type: ignore[attr-defined]
        for part in parts:
            if part.requires_grad and not torch.compiler.is_compiling():
                part.register_hook(torch.clone)
    return torch.cat(parts, dim=1)


STRIP_COLUMNS = 3
"""Columns of a depthwise kernel up to which oneDNN computes the gradient of the weight fast."""


class InStrips(torch.autograd.Function):
    """Depthwise convolution that computes the gradient of its weight in strips of STRIP_COLUMNS columns of the kernel.

    The result has the same sums. oneDNN, PyTorch's library on the CPU, computes this gradient fast for kernels of up to
    three columns, and takes three to ten times as long for wider kernels.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, dilation: Pair) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x, weight)  # (B, C, H, W), (C, 1, rows, columns)
        ctx.geometry = stride, padding, dilation
        return functional.conv2d(x, weight, None, stride, padding, dilation, len(weight))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_tensors
        stride, (top, left), dilation = ctx.geometry

        def gradients(x: Tensor, weight: Tensor, padding: Pair, wanted: tuple[bool, bool, bool]) -> list[Tensor]:
            part: list[Tensor] = torch.ops.aten.convolution_backward(
                grad, x, weight, None, stride, padding, dilation, False, (0, 0), len(weight), wanted
            )
            return part

        grad_x = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_x = gradients(x, weight, (top, left), (True, False, False))[0]
        if ctx.needs_input_grad[1]:
            padded = functional.pad(x, (left, left))  # (B, C, H, W + 2 left)
            reach = (grad.shape[3] - 1) * stride[1] + 1
            strips = []
            for index, strip in enumerate(weight.split(STRIP_COLUMNS, dim=3)):
                first = index * STRIP_COLUMNS * dilation[1]
                seen = padded[..., first : first + reach + (strip.shape[3] - 1) * dilation[1]]
                strips.append(gradients(seen, strip, (top, 0), (False, True, False))[1])
            grad_weight = torch.cat(strips, dim=3)  # (C, 1, rows, columns)
        return grad_x, grad_weight, None, None, None


class Conv(nn.Conv2d):
    """Convolution without bias, with SAME padding unless `same` is false. A bias that it is given later is added.

    Weights are He-normal by fan-out, as slim initialises them.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int | tuple[int, int] = 1,
        stride: int | tuple[int, int] = 1,
        groups: int = 1,
        dilation: int = 1,
        same: bool = True,
    ) -> None:
        super().__init__(c_in, c_out, kernel, stride, groups=groups, dilation=dilation, bias=False)
        self.same = same
        self.in_strips = groups > 1 and self.kernel_size[1] > STRIP_COLUMNS

    def reset_parameters(self) -> None:
        fan_out = self.out_channels // self.groups * self.kernel_size[0] * self.kernel_size[1]
        nn.init.normal_(self.weight, std=(2.0 / fan_out) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:  # (B, C_in, H, W) -> (B, C_out, ceil(H / stride), ceil(W / stride))
        if self.kernel_size == (1, 1) and self.groups == 1:
            return pointwise(x, self.weight, self.bias, (self.stride[0], self.stride[1]))
        top = bottom = left = right = 0
        if self.same:
            top, bottom = same_padding(x.shape[2], self.kernel_size[0], self.stride[0], self.dilation[0])
            left, right = same_padding(x.shape[3], self.kernel_size[1], self.stride[1], self.dilation[1])
        if top != bottom or left != right:
            x = functional.pad(x, (left, right, top, bottom))
            top = left = 0
        if not torch.jit.is_scripting() and self.training and self.in_strips and x.device.type == "cpu":  # type: ignore[attr-defined]
            y: Tensor = InStrips.apply(x, self.weight, self.stride, (top, left), self.dilation)
            return y
        return functional.conv2d(x, self.weight, self.bias, self.stride, (top, left), self.dilation, self.groups)


class MaxPool(nn.MaxPool2d):
    """Max pooling with SAME padding."""

    kernel_size: int
    stride: int

    def __init__(self, kernel: int, stride: int = 1) -> None:
        super().__init__(kernel, stride)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C, ceil(H / stride), ceil(W / stride))
        top, bottom = same_padding(x.shape[2], self.kernel_size, self.stride)
        left, right = same_padding(x.shape[3], self.kernel_size, self.stride)
        if top != bottom or left != right:
            x = functional.pad(x, (left, right, top, bottom), value=float("-inf"))
            top = left = 0
        return functional.max_pool2d(x, self.kernel_size, self.stride, (top, left))


class AvgPool(nn.AvgPool2d):
    """Average pooling with an odd kernel and SAME padding. As in TensorFlow, the mean does not count the padding.

    Setting `count_include_pad = True` counts it, as timm's NASNet does in its strided poolings.
    """

    kernel_size: int
    stride: int

    def __init__(self, kernel: int, stride: int = 1) -> None:
        assert kernel % 2 == 1, kernel
        super().__init__(kernel, stride, count_include_pad=False)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C, ceil(H / stride), ceil(W / stride))
        top, bottom = same_padding(x.shape[2], self.kernel_size, self.stride)
        left, right = same_padding(x.shape[3], self.kernel_size, self.stride)
        if self.count_include_pad:
            return functional.avg_pool2d(functional.pad(x, (left, right, top, bottom)), self.kernel_size, self.stride)
        # If the padding is odd, ceil_mode adds the missing pixel after the image and does not count it in the mean.
        odd = bool(top != bottom or left != right)  # numbers of a shape are tensors under torch.jit.trace
        return functional.avg_pool2d(
            x, self.kernel_size, self.stride, (top, left), ceil_mode=odd, count_include_pad=False
        )


class BatchNormOfAny(nn.BatchNorm2d):
    """Batch normalisation that trains on a single value a channel too: it then takes the running statistics.

    PyTorch's own refuses (1, C, 1, 1) in training mode, as in an auxiliary head on a batch of one image.
    """

    momentum: float

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        learns = self.training and x.numel() > x.shape[1]
        if learns and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, learns, self.momentum, self.eps
        )


class ReluConvBN(nn.Sequential):
    """ReLU, convolution, batch normalisation: the order in every convolution of a cell."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int | tuple[int, int] = 1,
        stride: int | tuple[int, int] = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = Conv(c_in, c_out, kernel, stride, dilation=dilation)
        self.bn = nn.BatchNorm2d(c_out)


class ConvBN(nn.Sequential):
    """1x1 convolution and batch normalisation."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = Conv(c_in, c_out)
        self.bn = nn.BatchNorm2d(c_out)


class FactorizedReduction(nn.Module):
    """Halves height and width, and still uses every second pixel of both parities.

    Two strided 1x1 convolutions, the second on the image shifted by one pixel, then one normalisation. slim requires an
    even number of channels. If it is odd, as in the ImageNet stems of published AmoebaNets (F = 50, 62, 190), both
    paths have c_out // 2 channels and the last channel is zero before the normalisation. Their published parameter
    counts agree with this.
    """

    def __init__(self, c_in: int, c_out: int, relu: bool = False) -> None:
        super().__init__()
        self.relu = nn.ReLU() if relu else nn.Identity()
        self.path_1 = Conv(c_in, c_out // 2, stride=2)
        self.path_2 = Conv(c_in, c_out // 2, stride=2)
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:  # (B, C_in, H, W)
        x = self.relu(x)
        shifted = functional.pad(x, (-1, 1, -1, 1))  # (B, C_in, H, W), no first row and column, zeros at the end
        halves = [self.path_1(x), self.path_2(shifted)]
        x = torch.cat(halves, dim=1)  # (B, C_out or C_out - 1, ceil(H / 2), ceil(W / 2))
        missing = self.bn.num_features - x.shape[1]
        if missing:
            x = functional.pad(x, (0, 0, 0, 0, 0, missing))
        normalised: Tensor = self.bn(x)  # (B, C_out, ceil(H / 2), ceil(W / 2))
        return normalised

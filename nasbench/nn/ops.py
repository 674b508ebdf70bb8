"""The candidate operations of cells: name -> (input channels, filters, stride) -> module.

The first thirteen are NASNet's (Zoph et al. 2018, section 3). The paper leaves some details open. Here `conv_3x3`,
`dil_3x3` (dilation 2) and the stacked `conv_1x3_3x1` and `conv_1x7_7x1` are dense convolutions with F filters, each
ReLU-conv-BN and applied once; separable convolutions are applied twice. The others occur in other published cells:
AmoebaNet's released code puts `3x3` and `1x7_7x1` into a bottleneck of F/4 filters, and ENAS reduces by a factorized
reduction, where NASNet's identity has a strided 1x1 convolution. DARTS does so after a ReLU, applies its dilated
separable convolution once, and pools around every second pixel (`centred`): its padding is equal on both sides, where
SAME padding shifts a strided window by a pixel if the side is even.
"""

from collections.abc import Callable

from torch import nn

from nasbench.nn.layers import AvgPool, Conv, ConvBN, FactorizedReduction, MaxPool, ReluConvBN

Operation = Callable[[int, int, int], nn.Module]


class SeparableConv(nn.Sequential):
    """ReLU, depthwise k x k, pointwise, batch normalisation; all of it twice. Only the first has the stride."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, dilation: int = 1) -> None:
        super().__init__()
        self.relu_1 = nn.ReLU()
        self.depthwise_1 = Conv(c_in, c_in, kernel, stride, groups=c_in, dilation=dilation)
        self.pointwise_1 = Conv(c_in, c_out)
        self.bn_1 = nn.BatchNorm2d(c_out)
        self.relu_2 = nn.ReLU()
        self.depthwise_2 = Conv(c_out, c_out, kernel, groups=c_out, dilation=dilation)
        self.pointwise_2 = Conv(c_out, c_out)
        self.bn_2 = nn.BatchNorm2d(c_out)


class DilatedSeparableConv(nn.Sequential):
    """ReLU, depthwise k x k of dilation 2, pointwise, batch normalisation; once, as in DARTS."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.depthwise = Conv(c_in, c_in, kernel, stride, groups=c_in, dilation=2)
        self.pointwise = Conv(c_in, c_out)
        self.bn = nn.BatchNorm2d(c_out)


class StackedConv(nn.Sequential):
    """1 x k and then k x 1, each ReLU-conv-BN; the first strides along the columns, the second along the rows."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.row = ReluConvBN(c_in, c_out, (1, kernel), (1, stride))
        self.column = ReluConvBN(c_out, c_out, (kernel, 1), (stride, 1))


class Bottleneck(nn.Sequential):
    """1x1 to F // 4 filters, the named operation, 1x1 back to F. If F is below 4, there are no 1x1 convolutions."""

    def __init__(self, c_in: int, c_out: int, stride: int, operation: str) -> None:
        super().__init__()
        narrow = c_out // 4
        if narrow < 1:
            self.middle = OPERATIONS[operation](c_in, c_out, stride)
        else:
            self.reduce = ReluConvBN(c_in, narrow)
            self.middle = OPERATIONS[operation](narrow, narrow, stride)
            self.expand = ReluConvBN(narrow, c_out)


def identity(c_in: int, c_out: int, stride: int) -> nn.Module:
    """The input itself. If its size or channels must change: ReLU, strided 1x1 convolution, normalisation."""
    return nn.Identity() if stride == 1 and c_in == c_out else ReluConvBN(c_in, c_out, 1, stride)


def identity_factorized(c_in: int, c_out: int, stride: int) -> nn.Module:
    """The identity of ENAS, which reduces by a factorized reduction."""
    return FactorizedReduction(c_in, c_out) if stride == 2 else identity(c_in, c_out, stride)


def skip_factorized(c_in: int, c_out: int, stride: int) -> nn.Module:
    """The skip connection of DARTS, which reduces by ReLU and a factorized reduction."""
    return FactorizedReduction(c_in, c_out, relu=True) if stride == 2 else identity(c_in, c_out, stride)


def pool(layer: nn.Module, c_in: int, c_out: int) -> nn.Module:
    """Pooling; if the channels must change, a 1x1 convolution and normalisation follow."""
    return layer if c_in == c_out else nn.Sequential(layer, ConvBN(c_in, c_out))


OPERATIONS: dict[str, Operation] = {
    "identity": identity,
    "conv_1x3_3x1": lambda c_in, c, stride: StackedConv(c_in, c, 3, stride),
    "conv_1x7_7x1": lambda c_in, c, stride: StackedConv(c_in, c, 7, stride),
    "dil_3x3": lambda c_in, c, stride: ReluConvBN(c_in, c, 3, stride, dilation=2),
    "avg_3x3": lambda c_in, c, stride: pool(AvgPool(3, stride), c_in, c),
    "max_3x3": lambda c_in, c, stride: pool(MaxPool(3, stride), c_in, c),
    "max_5x5": lambda c_in, c, stride: pool(MaxPool(5, stride), c_in, c),
    "max_7x7": lambda c_in, c, stride: pool(MaxPool(7, stride), c_in, c),
    "conv_1x1": lambda c_in, c, stride: ReluConvBN(c_in, c, 1, stride),
    "conv_3x3": lambda c_in, c, stride: ReluConvBN(c_in, c, 3, stride),
    "sep_3x3": lambda c_in, c, stride: SeparableConv(c_in, c, 3, stride),
    "sep_5x5": lambda c_in, c, stride: SeparableConv(c_in, c, 5, stride),
    "sep_7x7": lambda c_in, c, stride: SeparableConv(c_in, c, 7, stride),
    "max_2x2": lambda c_in, c, stride: pool(MaxPool(2, stride), c_in, c),
    "dil_sep_5x5": lambda c_in, c, stride: SeparableConv(c_in, c, 5, stride, dilation=2),
    "bottleneck_3x3": lambda c_in, c, stride: Bottleneck(c_in, c, stride, "conv_3x3"),
    "bottleneck_1x7_7x1": lambda c_in, c, stride: Bottleneck(c_in, c, stride, "conv_1x7_7x1"),
    "identity_factorized": identity_factorized,
    "skip_factorized": skip_factorized,
    "dil_sep_3x3_once": lambda c_in, c, stride: DilatedSeparableConv(c_in, c, 3, stride),
    "max_3x3_centred": lambda c_in, c, stride: pool(nn.MaxPool2d(3, stride, 1), c_in, c),
    "avg_3x3_centred": lambda c_in, c, stride: pool(nn.AvgPool2d(3, stride, 1, count_include_pad=False), c_in, c),
}

"""Layers of supernets whose kernel and numbers of channels are chosen by each path.

A smaller kernel is the centre of the largest one, and fewer channels are the first ones. Once-for-All
(Cai et al. 2020, arXiv:1908.09791) multiplies the centre by a matrix that is learned; there are no such matrices here,
so that the weights of a path are weights of the supernet.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.nn.mbconv import ACTIVATIONS
from nasbench.nn.shared_norm import SharedNorm

_ACTIVATIONS = {name: kind() for name, kind in ACTIVATIONS.items()}


@dataclass(frozen=True)
class Cut:
    """The part of an elastic layer that a path uses; `activation` is what follows it, None: nothing.

    For a squeeze-and-excite, `c_out` is the number of channels between its two layers.
    """

    c_in: int
    c_out: int
    kernel: int = 1
    activation: str | None = None


class ElasticConv(nn.Module):
    """Convolution with padding kernel // 2 and He-normal weights by fan-out within a group, as in `mbconv.StageNet`.

    `c_in`, `c_out` and `kernel` are the largest. A depthwise one has as many groups as its input has channels.
    """

    def __init__(
        self, c_in: int, c_out: int, kernel: int, stride: int = 1, depthwise: bool = False, bias: bool = False
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.depthwise = kernel, stride, depthwise
        self.weight = nn.Parameter(torch.empty(c_out, 1 if depthwise else c_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(c_out)) if bias else None
        fan_out = (1 if depthwise else c_out) * kernel**2
        nn.init.normal_(self.weight, std=(2.0 / fan_out) ** 0.5)

    def weight_of(self, cut: Cut) -> Tensor:
        """(c_out, c_in, kernel, kernel), or (c_out, 1, kernel, kernel) of a depthwise convolution."""
        edge = (self.kernel - cut.kernel) // 2
        centre = slice(edge, edge + cut.kernel)
        return self.weight[: cut.c_out, : 1 if self.depthwise else cut.c_in, centre, centre]

    def bias_of(self, cut: Cut) -> Tensor | None:
        """(c_out,)."""
        return None if self.bias is None else self.bias[: cut.c_out]

    def forward(self, x: Tensor, cut: Cut) -> Tensor:  # (B, c_in, H, W)
        groups = cut.c_in if self.depthwise else 1
        return functional.conv2d(  # (B, c_out, ceil(H / stride), ceil(W / stride))
            x, self.weight_of(cut), self.bias_of(cut), self.stride, cut.kernel // 2, groups=groups
        )

    def shared(self, cut: Cut) -> dict[str, Tensor]:
        """The state of the convolution of this size."""
        bias = self.bias_of(cut)
        return {"weight": self.weight_of(cut)} | ({} if bias is None else {"bias": bias})


class ElasticConvBN(nn.Module):
    """`mbconv.ConvBN`: convolution, batch normalisation, activation."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, depthwise: bool = False) -> None:
        super().__init__()
        self.conv = ElasticConv(c_in, c_out, kernel, stride, depthwise)
        self.bn = SharedNorm(c_out)

    def forward(self, x: Tensor, cut: Cut) -> Tensor:  # (B, c_in, H, W) -> (B, c_out, ceil(H / stride), ...)
        y: Tensor = self.bn(self.conv(x, cut))
        return activated(y, cut.activation)

    def shared(self, cut: Cut) -> dict[str, Tensor]:
        """The state of the layers of this size."""
        conv, norm = self.conv.shared(cut), self.bn.shared(cut.c_out)
        return {f"conv.{name}": value for name, value in conv.items()} | {f"bn.{k}": v for k, v in norm.items()}


class ElasticSqueezeExcite(nn.Module):
    """`mbconv.SqueezeExcite`."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = ElasticConv(channels, squeezed, 1, bias=True)
        self.excite = ElasticConv(squeezed, channels, 1, bias=True)

    def forward(self, x: Tensor, cut: Cut) -> Tensor:  # (B, c_in, H, W)
        context = self.squeeze(x.mean(dim=(2, 3), keepdim=True), cut)  # (B, c_out, 1, 1)
        gate = self.excite(activated(context, cut.activation), Cut(cut.c_out, cut.c_in))  # (B, c_in, 1, 1)
        return x * torch.sigmoid(gate)  # (B, c_in, H, W)

    def shared(self, cut: Cut) -> dict[str, Tensor]:
        """The state of the layers of this size."""
        squeeze, excite = self.squeeze.shared(cut), self.excite.shared(Cut(cut.c_out, cut.c_in))
        return {f"squeeze.{k}": v for k, v in squeeze.items()} | {f"excite.{k}": v for k, v in excite.items()}


def activated(x: Tensor, activation: str | None) -> Tensor:
    """The activation of that name, if there is one."""
    if activation is None:
        return x
    y: Tensor = _ACTIVATIONS[activation](x)
    return y

"""Layers of supernets that read the output states of a cell, of which each architecture has others.

They hold weights for every state that a cell may put out, and take those of the states that are its outputs, as ENAS's
`final_conv` does (Pham et al. 2018, released code). Each state has a tensor of its own, so that states that are not
outputs get no gradient.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.nn.pointwise import pointwise


class Pieces(nn.ParameterList):
    """For each of `states` states, weights of a layer from `c_in` channels of the state to `c_out` channels."""

    def __init__(self, states: int, c_in: int, c_out: int) -> None:
        super().__init__(nn.Parameter(torch.empty(c_out, c_in)) for _ in range(states))

    def joined(self, outputs: Sequence[int]) -> Tensor:
        """The weights for the concatenation of the states `outputs`: (c_out, len(outputs) * c_in)."""
        return torch.cat([self[state] for state in outputs], dim=1)


class SlicedConv(nn.Module):
    """1x1 convolution without bias of concatenated states. He-normal by fan-out, as `layers.Conv`."""

    def __init__(self, states: int, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.pieces, self.stride = Pieces(states, c_in, c_out), stride
        for piece in self.pieces:
            nn.init.normal_(piece, std=(2.0 / c_out) ** 0.5)

    def weight(self, outputs: Sequence[int]) -> Tensor:
        """(c_out, len(outputs) * c_in, 1, 1)."""
        return self.pieces.joined(outputs)[:, :, None, None]

    def forward(self, x: Tensor, outputs: Sequence[int]) -> Tensor:  # (B, len(outputs) * c_in, H, W)
        return pointwise(x, self.weight(outputs), None, (self.stride, self.stride))  # (B, c_out, ceil(H / stride), ...)


class SlicedReluConvBN(nn.Module):
    """`layers.ReluConvBN`, 1x1, of concatenated states."""

    def __init__(self, states: int, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = SlicedConv(states, c_in, c_out)
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor, outputs: Sequence[int]) -> Tensor:  # (B, len(outputs) * c_in, H, W)
        y: Tensor = self.bn(self.conv(functional.relu(x), outputs))  # (B, c_out, H, W)
        return y


class SlicedReduction(nn.Module):
    """`layers.FactorizedReduction`, after a ReLU, of concatenated states."""

    def __init__(self, states: int, c_in: int, c_out: int) -> None:
        super().__init__()
        self.path_1 = SlicedConv(states, c_in, c_out // 2, stride=2)
        self.path_2 = SlicedConv(states, c_in, c_out // 2, stride=2)
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor, outputs: Sequence[int]) -> Tensor:  # (B, len(outputs) * c_in, H, W)
        x = functional.relu(x)
        shifted = functional.pad(x, (-1, 1, -1, 1))  # (B, C, H, W), no first row and column, zeros at the end
        x = torch.cat([self.path_1(x, outputs), self.path_2(shifted, outputs)], dim=1)
        x = functional.pad(x, (0, 0, 0, 0, 0, self.bn.num_features - x.shape[1]))  # (B, c_out, ceil(H / 2), ...)
        y: Tensor = self.bn(x)
        return y


class SlicedLinear(nn.Module):
    """Linear layer of the means of concatenated states. Initialised as PyTorch's linear layer of all states."""

    def __init__(self, states: int, c_in: int, c_out: int, bias: bool = True) -> None:
        super().__init__()
        self.pieces = Pieces(states, c_in, c_out)
        self.bias = nn.Parameter(torch.empty(c_out)) if bias else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -((states * c_in) ** -0.5), (states * c_in) ** -0.5)

    def forward(self, x: Tensor, outputs: Sequence[int]) -> Tensor:  # (B, len(outputs) * c_in)
        return functional.linear(x, self.pieces.joined(outputs), self.bias)  # (B, c_out)

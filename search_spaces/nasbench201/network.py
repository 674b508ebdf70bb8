"""The network of NAS-Bench-201 (Dong and Yang 2020, section 2.1): three stages of N cells, with residual blocks of
stride 2 between them.

Every operation of a cell is built and run, even if its output is not used, because the published counts include it.
"""

import torch
from torch import Tensor, nn


class ReluConvBN(nn.Sequential):
    """ReLU, convolution without bias, batch normalisation.

    (B, C_in, H, W) -> (B, C_out, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(c_out)


class Zero(nn.Module):
    """Zeros of the input's shape."""

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        return torch.zeros_like(x)  # (B, C, H, W)


def operation(name: str, channels: int) -> nn.Module:
    """The operation of that name: (B, C, H, W) -> (B, C, H, W)."""
    if name == "nor_conv_1x1":
        return ReluConvBN(channels, channels, 1)
    if name == "nor_conv_3x3":
        return ReluConvBN(channels, channels, 3)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Identity() if name == "skip_connect" else Zero()


class Cell(nn.Module):
    """A cell of four nodes: (B, C, H, W) -> (B, C, H, W).

    Node 0 is the input. Each other node is the sum of its incoming edges. Node 3 is the output. The edges into a node
    come together, in the order of their sources.
    """

    def __init__(self, edges: dict[tuple[int, int], str], channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleDict(
            {f"{source}_{target}": operation(name, channels) for (source, target), name in edges.items()}
        )
        self.sources = [source for source, _ in edges]

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        nodes = [x]
        incoming: list[Tensor] = []
        for index, edge in enumerate(self.edges.values()):
            incoming.append(edge(nodes[self.sources[index]]))
            if len(incoming) == len(nodes):  # an edge from each node that there is
                nodes.append(torch.stack(incoming).sum(dim=0) if len(incoming) > 1 else incoming[0])  # (B, C, H, W)
                incoming = []
        return nodes[-1]


class Reduction(nn.Module):
    """The residual block between two stages: (B, C_in, H, W) -> (B, C_out, ceil(H / 2), ceil(W / 2))."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv_a = ReluConvBN(c_in, c_out, 3, stride=2)
        self.conv_b = ReluConvBN(c_out, c_out, 3)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:  # (B, C_in, H, W)
        out: Tensor = self.shortcut(x) + self.conv_b(self.conv_a(x))  # (B, C_out, ceil(H / 2), ceil(W / 2))
        return out


class Network(nn.Sequential):
    """(B, channels, H, W) -> logits (B, num_classes). `num_cells` is N; `filters` is C, that of the first stage."""

    def __init__(
        self, edges: dict[tuple[int, int], str], num_cells: int, filters: int, num_classes: int, channels: int
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters))
        body: list[nn.Module] = []
        for stage in range(3):
            if stage:
                body.append(Reduction(filters * 2 ** (stage - 1), filters * 2**stage))
            body += [Cell(edges, filters * 2**stage) for _ in range(num_cells)]
        self.body = nn.Sequential(*body)
        self.last = nn.Sequential(nn.BatchNorm2d(4 * filters), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(4 * filters, num_classes)

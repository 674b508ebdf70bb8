"""Networks of cells: the CIFAR and the ImageNet skeleton (Zoph et al. 2018, figure 2), calibrated and stacked as in
slim's release.

CIFAR: 3x3 convolution to 3F - N normal cells - reduction - N normal - reduction - N normal - classifier. ImageNet: a
strided 3x3 convolution and two reduction cells at F/4 and F/2 come first. Filters double with each reduction of the
body.
"""

from torch import Tensor, nn

from nasbench.nn.cell import Cell
from nasbench.nn.layers import Conv, ConvBN, FactorizedReduction, ReluConvBN

CellWiring = tuple[tuple[tuple[int, int, str, str, str], ...], tuple[int, ...]]
"""Blocks (first input, second input, first operation, second operation, combine) and output states; inputs: 0 = h, 1 =
h_prev.
"""


class AuxHead(nn.Sequential):
    """The auxiliary classifier, for features of `side` pixels, at least 5: (B, C, side, side) -> (B, num_classes)."""

    def __init__(self, channels: int, side: int, num_classes: int) -> None:
        super().__init__()
        self.relu_1 = nn.ReLU()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.proj = ConvBN(channels, 128)
        self.relu_2 = nn.ReLU()
        self.full = Conv(128, 768, (side - 5) // 3 + 1, same=False)
        self.bn = nn.BatchNorm2d(768)
        self.relu_3 = nn.ReLU()
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(768, num_classes)


class Classifier(nn.Sequential):
    """ReLU, mean over the image, dropout (0 unless a recipe sets it), linear: (B, C, H, W) -> (B, num_classes)."""

    def __init__(self, channels: int, num_classes: int, bias: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.0)
        self.linear = nn.Linear(channels, num_classes, bias)


class Network(nn.Module):
    """(B, channels, H, W) -> logits (B, num_classes); in training mode with an auxiliary head, (logits, auxiliary
    logits).

    Each cell reads the outputs of the two before it. After the cells numbered in `keep_prev`, the next one reads the
    same h_prev as they did. The auxiliary head reads the output of cell `aux_cell`.
    """

    def __init__(
        self,
        stem: nn.Module,
        cells: list[nn.Module],
        classifier: nn.Module,
        keep_prev: tuple[int, ...] = (),
        aux_head: nn.Module | None = None,
        aux_cell: int = -1,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.cells = nn.ModuleList(cells)
        self.aux_head = aux_head
        self.classifier = classifier
        self.keep_prev, self.aux_cell = keep_prev, aux_cell

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        h = h_prev = self.stem(x)  # (B, stem filters, H, W)
        aux_logits = None
        for index, cell in enumerate(self.cells):
            out = cell(h, h_prev)
            h, h_prev = out, h_prev if index in self.keep_prev else h
            if index == self.aux_cell and self.aux_head is not None and self.training:
                aux_logits = self.aux_head(h)  # (B, num_classes)
        logits = self.classifier(h)  # (B, num_classes)
        return logits if aux_logits is None else (logits, aux_logits)


def nasnet(
    normal: CellWiring,
    reduce: CellWiring,
    num_cells: int,
    filters: int,
    num_classes: int,
    channels: int,
    imagenet_stem: int = 0,
    skip_reduction_input: bool = False,
    aux_side: int = 0,
) -> Network:
    """N `num_cells`, F `filters`; slim's and AmoebaNet's calibration of cell inputs.

    `imagenet_stem` is the number of filters of the ImageNet skeleton's first convolution; 0 builds the CIFAR skeleton.
    `skip_reduction_input`: a cell after a reduction reads the h_prev of the reduction, not its h. `aux_side` is the
    side in pixels of the auxiliary head's input, the output of the last normal cell before the second reduction; 0
    builds none.
    """
    if imagenet_stem:
        stem = nn.Sequential(Conv(channels, imagenet_stem, 3, 2, same=False), nn.BatchNorm2d(imagenet_stem))
        plan = [(True, filters // 4), (True, filters // 2)]  # (reduces, filters) of each cell
    else:
        stem = nn.Sequential(Conv(channels, 3 * filters, 3), nn.BatchNorm2d(3 * filters))
        plan = []
    first = len(plan)
    plan += [(False, filters)] * num_cells
    for width in (2 * filters, 4 * filters):
        plan += [(True, width)] + [(False, width)] * num_cells

    stem_channels = imagenet_stem or 3 * filters
    prev, h = (0, 0), (stem_channels, 0)  # (channels, halvings); the first cell reads the stem itself as h_prev
    cells: list[nn.Module] = []
    keep_prev, aux_head = [], None
    aux_cell = first + 2 * num_cells
    for index, (reduces, width) in enumerate(plan):
        calibrate_prev: nn.Module
        prev_channels = width
        if index == 0:
            calibrate_prev, prev_channels = nn.Identity(), stem_channels
        elif prev[1] != h[1]:
            calibrate_prev = FactorizedReduction(prev[0], width, relu=True)
        elif prev[0] != width:
            calibrate_prev = ReluConvBN(prev[0], width)
        else:
            calibrate_prev = nn.Identity()
        blocks, outputs = reduce if reduces else normal
        share = (index + 1) / len(plan)
        stride = 2 if reduces else 1
        cells.append(
            Cell(blocks, outputs, ReluConvBN(h[0], width), calibrate_prev, prev_channels, width, stride, share)
        )
        if skip_reduction_input and reduces and index >= first:
            keep_prev.append(index)
        else:
            prev = h
        h = (len(outputs) * width, h[1] + reduces)
        if aux_side and index == aux_cell:
            aux_head = AuxHead(h[0], aux_side, num_classes)
    network = Network(stem, cells, Classifier(h[0], num_classes), tuple(keep_prev), aux_head, aux_cell)
    if imagenet_stem:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-3  # slim's on ImageNet; 1e-5 on CIFAR
    return network

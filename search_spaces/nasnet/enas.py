"""The network of ENAS's released script (Pham et al. 2018, arXiv:1802.03268).

It differs from slim's NASNet in four points:
  - h passes through two 1x1 convolutions;
  - the first cell calibrates its h_prev too;
  - the auxiliary head is after the first normal cell that follows the second reduction;
  - linear layers have no bias.
"""

from torch import nn

from nasbench.nn.cell import Cell
from nasbench.nn.layers import BatchNormOfAny, Conv, ConvBN, FactorizedReduction, ReluConvBN
from search_spaces.nasnet.network import CellWiring, Classifier, Network
from search_spaces.nasnet.skeleton import cell_plan


class EnasAuxHead(nn.Sequential):
    """The auxiliary classifier, for features of `side` pixels, at least 5: (B, C, side, side) -> (B, num_classes)."""

    def __init__(self, channels: int, side: int, num_classes: int) -> None:
        super().__init__()
        self.relu_1 = nn.ReLU()
        self.pool_1 = nn.AvgPool2d(5, stride=3)
        self.proj = ConvBN(channels, 128)
        self.relu_2 = nn.ReLU()
        # The kernel is as large as the features, but with SAME padding; the output is averaged afterwards.
        self.full = Conv(128, 768, (side - 5) // 3 + 1)
        self.bn = BatchNormOfAny(768)
        self.relu_3 = nn.ReLU()
        self.pool_2 = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(768, num_classes, bias=False)


def enas(
    normal: CellWiring,
    reduce: CellWiring,
    num_cells: int,
    filters: int,
    num_classes: int,
    channels: int,
    imagenet_stem: int = 0,
    aux_side: int = 0,
) -> Network:
    """The network with N = `num_cells`, F = `filters` and ENAS's calibration of cell inputs.

    imagenet_stem  filters of the first convolution of the ImageNet skeleton, which is NASNet's because ENAS has none;
                   0 builds the CIFAR skeleton
    aux_side       side in pixels of the auxiliary head's input; 0 builds no head
    """
    if imagenet_stem:
        stem = nn.Sequential(Conv(channels, imagenet_stem, 3, 2, same=False), nn.BatchNorm2d(imagenet_stem))
    else:
        stem = nn.Sequential(Conv(channels, 3 * filters, 3), nn.BatchNorm2d(3 * filters))
    plan = cell_plan(num_cells, filters, bool(imagenet_stem))

    prev = h = (imagenet_stem or 3 * filters, 0)  # (channels, halvings)
    cells: list[nn.Module] = []
    aux_head, aux_cell = None, len(plan) - num_cells
    for index, (reduces, width) in enumerate(plan):
        calibrate: nn.Module = ReluConvBN(h[0], width)
        if h[0] != width:
            calibrate = nn.Sequential(calibrate, ReluConvBN(width, width))
        calibrate_prev: nn.Module = nn.Identity()
        if prev[1] != h[1]:
            calibrate_prev = FactorizedReduction(prev[0], width, relu=True)
        elif prev[0] != width:
            calibrate_prev = ReluConvBN(prev[0], width)
        blocks, outputs = reduce if reduces else normal
        share = (index + 1) / len(plan)
        cells.append(Cell(blocks, outputs, calibrate, calibrate_prev, width, width, 2 if reduces else 1, share))
        prev, h = h, (len(outputs) * width, h[1] + reduces)
        if aux_side and index == aux_cell:
            aux_head = EnasAuxHead(h[0], aux_side, num_classes)
    return Network(stem, cells, Classifier(h[0], num_classes, bias=False), (), aux_head, aux_cell)

"""The network of DARTS's released code (Liu et al. 2019, arXiv:1806.09055).

It differs from slim's NASNet in these points:
  - both inputs of every cell are calibrated, also those that have F channels already;
  - the auxiliary head is after the second reduction;
  - no ReLU comes before the last pooling;
  - drop path has the same probability in all cells;
  - on ImageNet, three strided convolutions come before the cells, where NASNet has one and two reduction cells. The
    auxiliary head pools with stride 2 there, and its last convolution has no normalisation.
"""

from torch import Tensor, nn

from nasbench.nn.cell import Cell
from nasbench.nn.layers import Conv, FactorizedReduction, ReluConvBN
from search_spaces.nasnet.network import AuxHead, CellWiring, Classifier, Network
from search_spaces.nasnet.skeleton import cell_plan


def halving(c_in: int, c_out: int) -> nn.Module:
    """3x3 convolution of stride 2 with a pixel of padding on each side: (B, c_in, H, W) -> (B, c_out, H / 2, W / 2)."""
    return nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, bias=False)


class StemCell(nn.Module):
    """The last convolution of the ImageNet stem, in the place of a cell, so that h_prev of the next is what it reads.

    (h, h_prev) -> (B, C, H / 2, W / 2), from h: (B, C, H, W).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = halving(channels, channels)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, h: Tensor, _h_prev: Tensor) -> Tensor:
        out: Tensor = self.bn(self.conv(self.relu(h)))  # (B, C, H / 2, W / 2)
        return out


def darts(
    normal: CellWiring,
    reduce: CellWiring,
    num_cells: int,
    filters: int,
    num_classes: int,
    channels: int,
    imagenet_stem: int = 0,
    aux_side: int = 0,
) -> Network:
    """The network with N = `num_cells`, F = `filters`, and DARTS's calibration of cell inputs.

    imagenet_stem  filters of the first convolution of the ImageNet skeleton, F / 2 in the release; 0 builds the CIFAR
                   skeleton
    aux_side       side in pixels of the auxiliary head's input; 0 builds no head
    """
    cells: list[nn.Module] = []
    if imagenet_stem:
        first = [halving(channels, imagenet_stem), nn.BatchNorm2d(imagenet_stem), nn.ReLU()]
        stem = nn.Sequential(*first, halving(imagenet_stem, filters), nn.BatchNorm2d(filters))
        cells.append(StemCell(filters))
        prev, h = (filters, 0), (filters, 1)  # (channels, halvings)
    else:
        stem = nn.Sequential(Conv(channels, 3 * filters, 3), nn.BatchNorm2d(3 * filters))
        prev = h = (3 * filters, 0)

    aux_head, aux_cell = None, len(cells) + 2 * num_cells + 1
    for reduces, width in cell_plan(num_cells, filters, imagenet=False):
        halved = prev[1] != h[1]
        calibrate_prev = FactorizedReduction(prev[0], width, relu=True) if halved else ReluConvBN(prev[0], width)
        blocks, outputs = reduce if reduces else normal
        calibrate, stride = ReluConvBN(h[0], width), 2 if reduces else 1
        cells.append(Cell(blocks, outputs, calibrate, calibrate_prev, width, width, stride, layer_share=1.0))
        prev, h = h, (len(outputs) * width, h[1] + reduces)
        if aux_side and len(cells) == aux_cell + 1:
            imagenet = bool(imagenet_stem)
            aux_head = AuxHead(h[0], aux_side, num_classes, stride=2 if imagenet else 3, norm=not imagenet)
    return Network(stem, cells, Classifier(h[0], num_classes, relu=False), (), aux_head, aux_cell)

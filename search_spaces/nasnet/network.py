"""Networks of cells with the CIFAR or the ImageNet skeleton (Zoph et al. 2018, figure 2), as in slim's release.

CIFAR: 3x3 convolution to 3F - N normal cells - reduction - N normal - reduction - N normal - classifier. ImageNet: the
network starts with a strided 3x3 convolution and two reduction cells with F/4 and F/2 filters. Each later reduction
doubles the filters. Calibration layers adapt the size and the channels of the two inputs of each cell.
"""

from torch import Tensor, nn

from nasbench.nn.cell import Cell
from nasbench.nn.layers import BatchNormOfAny, Conv, ConvBN, FactorizedReduction, ReluConvBN
from search_spaces.nasnet.skeleton import cell_plan

CellWiring = tuple[tuple[tuple[int, int, str, str, str], ...], tuple[int, ...]]
"""(blocks, output states). A block is (first input, second input, first operation, second operation, combine).

Input 0 is h, input 1 is h_prev.
"""


class AuxHead(nn.Sequential):
    """The auxiliary classifier, for features of `side` pixels, at least 5: (B, C, side, side) -> (B, num_classes).

    `stride` is that of its pooling; `norm` is false where a release leaves the last normalisation out.
    """

    def __init__(self, channels: int, side: int, num_classes: int, stride: int = 3, norm: bool = True) -> None:
        super().__init__()
        self.relu_1 = nn.ReLU()
        self.pool = nn.AvgPool2d(5, stride=stride)
        self.proj = ConvBN(channels, 128)
        self.relu_2 = nn.ReLU()
        self.full = Conv(128, 768, (side - 5) // stride + 1, same=False)
        self.bn = BatchNormOfAny(768) if norm else nn.Identity()
        self.relu_3 = nn.ReLU()
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(768, num_classes)


class Classifier(nn.Sequential):
    """ReLU, mean over the image, dropout (0 unless a recipe sets it), linear: (B, C, H, W) -> (B, num_classes).

    `relu` is false where a release has no activation there.
    """

    def __init__(self, channels: int, num_classes: int, bias: bool = True, relu: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU() if relu else nn.Identity()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.0)
        self.linear = nn.Linear(channels, num_classes, bias)


class Network(nn.Module):
    """(B, channels, H, W) -> logits (B, num_classes).

    In training mode with an auxiliary head, it returns (logits, auxiliary logits).

    The inputs of a cell are the outputs of the two previous cells. A cell that follows a cell of `keep_prev` has the
    same h_prev as that cell. The input of the auxiliary head is the output of cell `aux_cell`.
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
        aux_logits: Tensor | None = None
        for index, cell in enumerate(self.cells):
            out = cell(h, h_prev)  # (B, C, H', W')
            h, h_prev = out, h_prev if index in self.keep_prev else h
            if index == self.aux_cell and self.aux_head is not None and self.training:
                aux_logits = self.aux_head(h)  # (B, num_classes)
        logits: Tensor = self.classifier(h)  # (B, num_classes)
        if aux_logits is not None:
            return logits, aux_logits
        return logits


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
    """The network with N = `num_cells`, F = `filters`, and slim's and AmoebaNet's calibration of cell inputs.

    imagenet_stem         filters of the first convolution of the ImageNet skeleton; 0 builds the CIFAR skeleton
    skip_reduction_input  the h_prev of a cell after a reduction is the h_prev of the reduction, not its h
    aux_side              side in pixels of the auxiliary head's input, which is the output of the last normal cell
                          before the second reduction; 0 builds no head
    """
    if imagenet_stem:
        stem = nn.Sequential(Conv(channels, imagenet_stem, 3, 2, same=False), nn.BatchNorm2d(imagenet_stem))
    else:
        stem = nn.Sequential(Conv(channels, 3 * filters, 3), nn.BatchNorm2d(3 * filters))
    first = 2 if imagenet_stem else 0  # the number of stem cells
    plan = cell_plan(num_cells, filters, bool(imagenet_stem))

    stem_channels = imagenet_stem or 3 * filters
    prev, h = (0, 0), (stem_channels, 0)  # (channels, halvings); the h_prev of the first cell is the stem itself
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

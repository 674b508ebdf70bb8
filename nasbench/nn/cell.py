"""A cell: a directed graph of blocks over the outputs of the two cells before it (Zoph et al. 2018, section 3).

Hidden states are numbered 0 = h (the cell before), 1 = h_prev (the one before that), 2... = the blocks in order.
"""

from torch import Tensor, nn

from nasbench.nn.drop_path import DropPath
from nasbench.nn.layers import ConvBN, FactorizedReduction, ReluConvBN, concatenated
from nasbench.nn.ops import OPERATIONS


class Block(nn.Module):
    """Two operations on two states, whose outputs are combined.

    They are added, or concatenated and reduced to F channels by ReLU, 1x1 convolution and batch normalisation.
    """

    def __init__(self, left: nn.Module, right: nn.Module, combine: str, filters: int) -> None:
        super().__init__()
        self.left, self.right = left, right
        self.squeeze = ReluConvBN(2 * filters, filters) if combine == "concat" else None

    def forward(self, a: Tensor, b: Tensor) -> Tensor:  # both (B, C, H, W)
        a, b = self.left(a), self.right(b)  # both (B, F, H', W')
        return a + b if self.squeeze is None else self.squeeze(concatenated([a, b]))  # (B, F, H', W')


class Cell(nn.Module):
    """(h, h_prev) -> the output states, concatenated: (B, outputs * F, H / stride, W / stride).

    blocks          (first input, second input, first operation, second operation, 'add' or 'concat') for each block
    outputs         numbers of the hidden states that are concatenated
    calibrate       brings h to F channels
    calibrate_prev  brings h_prev to the height and width of h, and to `prev_channels` channels
    stride          applies to the operations whose input is h or h_prev
    layer_share     (cell + 1) / total_cells, for ScheduledDropPath, which drops no identity; 1 is plain drop path
    """

    def __init__(
        self,
        blocks: tuple[tuple[int, int, str, str, str], ...],
        outputs: tuple[int, ...],
        calibrate: nn.Module,
        calibrate_prev: nn.Module,
        prev_channels: int,
        filters: int,
        stride: int,
        layer_share: float,
    ) -> None:
        super().__init__()
        self.calibrate, self.calibrate_prev = calibrate, calibrate_prev
        channels = [filters, prev_channels] + [filters] * len(blocks)

        def edge(state: int, operation: str) -> nn.Module:
            module = OPERATIONS[operation](channels[state], filters, stride if state < 2 else 1)
            kept = operation.startswith("identity") or isinstance(module, nn.Identity)
            return module if kept else nn.Sequential(module, DropPath(layer_share))

        self.inputs = [(first, second) for first, second, *_ in blocks]
        self.blocks = nn.ModuleList(
            Block(edge(first, op_1), edge(second, op_2), combine, filters)
            for first, second, op_1, op_2, combine in blocks
        )
        self.outputs = outputs
        self.fits = nn.ModuleList(fit_state(channels[state], filters, stride if state < 2 else 1) for state in outputs)

    def forward(self, h: Tensor, h_prev: Tensor) -> Tensor:
        states = [self.calibrate(h), self.calibrate_prev(h_prev)]  # (B, F, H, W), (B, prev_channels, H, W)
        for index, block in enumerate(self.blocks):  # as loops that torch.jit.script reads
            first, second = self.inputs[index]
            states.append(block(states[first], states[second]))  # (B, F, H / stride, W / stride)
        fitting: list[Tensor] = []
        for index, fit in enumerate(self.fits):
            fitting.append(fit(states[self.outputs[index]]))
        return concatenated(fitting)


def fit_state(channels: int, filters: int, stride: int) -> nn.Module:
    """The layer that gives a state F channels and the output's height and width, so that it can be concatenated."""
    if stride == 2:
        return FactorizedReduction(channels, filters)
    return nn.Identity() if channels == filters else ConvBN(channels, filters)

"""The supernet of the NASNet space.

Every cell of the network has weights of its own. In it, each of the two slots of a block holds all 13 operations for
every state that the slot may read, so that a weight belongs to (cell, block, slot, state, operation), as in ENAS (Pham
et al. 2018). With `shares_inputs` a weight belongs to (cell, block, slot, operation) and serves whichever state the
slot reads, also at the stride of the others; what has another shape, on the stem or at stride 2, stays apart.

The outputs of a cell are its unused states, so the number of channels that the next layers read varies: the
calibrations and the classifier hold weights for every state, and take those of the outputs (`nasbench.nn.sliced`).
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from nasbench.core.arch import Architecture, check
from nasbench.nn.any_stride import AnyStride
from nasbench.nn.cell import fit_state
from nasbench.nn.layers import Conv, ReluConvBN, concatenated
from nasbench.nn.ops import OPERATIONS as MODULES
from nasbench.nn.shared_norm import share_norms, shared_state
from nasbench.nn.sliced import SlicedLinear, SlicedReduction, SlicedReluConvBN
from nasbench.nn.supernet import Supernet
from search_spaces.nasnet.genotype import NUM_BLOCKS, OPERATIONS, CellGenotype, Genotype, choices, genotype_of
from search_spaces.nasnet.skeleton import cell_plan

NUM_STATES = NUM_BLOCKS + 2
Outputs = tuple[int, ...]
STEM_OUTPUTS: Outputs = (0,)
"""The stem is read like a cell with a single state."""


class Source(NamedTuple):
    """What a cell reads: the stem, or a cell of `states` states with `channels` channels each, after some halvings."""

    states: int
    channels: int
    halvings: int


class SharedBlock(nn.Module):
    """`cell.Block`: the operations of both slots, and the convolution after a concatenation, if any.

    `channels` are those of the states that a slot may read. Each state has operations of its own, or with
    `shares_inputs` all states of one width have the same.
    """

    def __init__(
        self,
        channels: list[int],
        filters: int,
        stride: int,
        operations: Sequence[str],
        concatenates: bool,
        shares_inputs: bool,
    ) -> None:
        super().__init__()
        widths = list(dict.fromkeys(channels))
        self.strides = [stride if state < 2 else 1 for state in range(len(channels))]
        self.places = [widths.index(width) for width in channels] if shares_inputs else list(range(len(channels)))
        if shares_inputs:
            self.left, self.right = (_shared_slot(widths, filters, stride, operations) for _ in range(2))
        else:
            self.left, self.right = (_slot(channels, filters, self.strides, operations) for _ in range(2))
        self.squeeze = ReluConvBN(2 * filters, filters) if concatenates else None

    def operation(self, slot: str, state: int, name: str) -> nn.Module:
        """The operation of that name on a state, in the slot 'left' or 'right', to be run at once."""
        options = getattr(self, slot)[self.places[state]]
        assert isinstance(options, nn.ModuleDict)
        found = options[name]
        return found.at(self.strides[state]) if isinstance(found, AnyStride) else found


class SharedCell(nn.Module):
    """`cell.Cell` of any genotype. `h` and `h_prev` are what it reads; `h_prev` None: the stem as it is, with `h`.

    operations     names in `ops.OPERATIONS`
    num_blocks     blocks of the cell
    concatenates   blocks may concatenate; otherwise they only add
    shares_inputs  an operation of a slot has the same weights whichever state it reads, if their shapes allow it
    """

    def __init__(
        self,
        h: Source,
        h_prev: Source | None,
        filters: int,
        reduces: bool,
        operations: Sequence[str] = OPERATIONS,
        num_blocks: int = NUM_BLOCKS,
        concatenates: bool = True,
        shares_inputs: bool = False,
    ) -> None:
        super().__init__()
        self.filters, self.reduces = filters, reduces
        self.calibrate = self.h_calibration(h)
        self.calibrate_prev: nn.Module | None = None
        if h_prev is not None:
            kind = SlicedReluConvBN if h_prev.halvings == h.halvings else SlicedReduction
            self.calibrate_prev = kind(h_prev.states, h_prev.channels, filters)
        stride = 2 if reduces else 1
        channels = [filters, filters if h_prev else h.channels] + [filters] * num_blocks
        self.blocks = nn.ModuleList(
            SharedBlock(channels[: b + 2], filters, stride, operations, concatenates, shares_inputs)
            for b in range(num_blocks)
        )
        self.fits = nn.ModuleList(
            fit_state(width, filters, stride if state < 2 else 1) for state, width in enumerate(channels)
        )

    def forward(
        self, h: Tensor, h_prev: Tensor, wiring: CellGenotype, h_outputs: Outputs, prev_outputs: Outputs
    ) -> Tensor:  # (B, outputs * F, H / stride, W / stride)
        states = [self.calibrate(h, h_outputs)]  # (B, F, H, W)
        calibrate_prev = self.prev_calibration(prev_outputs)
        states.append(h_prev if calibrate_prev is None else calibrate_prev(h_prev, prev_outputs))
        for block, chosen in zip(self.blocks, wiring.blocks, strict=True):
            assert isinstance(block, SharedBlock)
            a = block.operation("left", chosen.input_1, chosen.op_1)(states[chosen.input_1])
            b = block.operation("right", chosen.input_2, chosen.op_2)(states[chosen.input_2])
            if chosen.combine == "concat":
                assert block.squeeze is not None
                states.append(block.squeeze(concatenated([a, b])))
            else:
                states.append(a + b)
        return concatenated([self.fits[state](states[state]) for state in wiring.outputs])

    def h_calibration(self, h: Source) -> nn.Module:
        """The layer that calibrates h: (h, its outputs) -> (B, F, H, W)."""
        return SlicedReluConvBN(h.states, h.channels, self.filters)

    def shared_h_calibration(self, outputs: Outputs) -> Iterator[tuple[str, Tensor]]:
        """Name in `cell.Cell` -> tensor, for an h with these outputs."""
        yield from shared_calibration("calibrate", self.calibrate, outputs)

    def prev_calibration(self, outputs: Outputs) -> nn.Module | None:
        """The layer that calibrates an h_prev with these outputs; None: it is of the right size already."""
        layer = self.calibrate_prev
        if isinstance(layer, SlicedReluConvBN):
            read = len(outputs) * layer.conv.pieces[0].shape[1]
            return None if read == self.filters else layer
        return layer

    def shared(self, wiring: CellGenotype, h_outputs: Outputs, prev_outputs: Outputs) -> Iterator[tuple[str, Tensor]]:
        """Name in `cell.Cell` -> tensor, for the same path."""
        yield from self.shared_h_calibration(h_outputs)
        calibrate_prev = self.prev_calibration(prev_outputs)
        if calibrate_prev is not None:
            yield from shared_calibration("calibrate_prev", calibrate_prev, prev_outputs)
        for index, (block, chosen) in enumerate(zip(self.blocks, wiring.blocks, strict=True)):
            assert isinstance(block, SharedBlock)
            for slot, state, name in (("left", chosen.input_1, chosen.op_1), ("right", chosen.input_2, chosen.op_2)):
                nested = "" if name.startswith("identity") else ".0"  # a drop path follows every other operation
                yield from shared_state(f"blocks.{index}.{slot}{nested}", block.operation(slot, state, name)).items()
            if chosen.combine == "concat":
                assert block.squeeze is not None
                yield from shared_state(f"blocks.{index}.squeeze", block.squeeze).items()
        for index, state in enumerate(wiring.outputs):
            yield from shared_state(f"fits.{index}", self.fits[state]).items()


class CellSupernet(Supernet):
    """What supernets of cells have in common. A subclass makes the layers."""

    stem: nn.Module
    cells: nn.ModuleList
    before_classifier: nn.Module
    classifier: SlicedLinear
    keep_prev: tuple[int, ...] = ()
    """Numbers of the cells after which h_prev stays."""

    @abstractmethod
    def genotype(self, architecture: Architecture) -> Genotype:
        """The wiring, with names of operations in `ops.OPERATIONS`. UsageError if it is not in the space."""

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        h = h_prev = self.stem(x)  # (B, stem filters, H, W)
        outputs = STEM_OUTPUTS
        for index, (cell, wiring, h_outputs, prev_outputs) in enumerate(self._path(architecture)):
            out = cell(h, h_prev, wiring, h_outputs, prev_outputs)  # (B, outputs * F, H', W')
            h, h_prev, outputs = out, h_prev if index in self.keep_prev else h, wiring.outputs
        logits: Tensor = self.classifier(self.before_classifier(h), outputs)  # (B, num_classes)
        return logits

    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        found, outputs = shared_state("stem", self.stem), STEM_OUTPUTS
        for index, (cell, wiring, h_outputs, prev_outputs) in enumerate(self._path(architecture)):
            found |= {f"cells.{index}.{k}": v for k, v in cell.shared(wiring, h_outputs, prev_outputs)}
            outputs = wiring.outputs
        found["classifier.linear.weight"] = self.classifier.pieces.joined(outputs)
        if self.classifier.bias is not None:
            found["classifier.linear.bias"] = self.classifier.bias
        return found

    def _path(self, architecture: Architecture) -> Iterator[tuple[SharedCell, CellGenotype, Outputs, Outputs]]:
        """Each cell with its wiring, and the outputs of the two cells that it reads."""
        genotype = self.genotype(architecture)
        h_outputs = prev_outputs = STEM_OUTPUTS
        for index, cell in enumerate(self.cells):
            assert isinstance(cell, SharedCell)
            wiring = genotype.reduce if cell.reduces else genotype.normal
            yield cell, wiring, h_outputs, prev_outputs
            if index not in self.keep_prev:
                prev_outputs = h_outputs
            h_outputs = wiring.outputs


class NasnetSupernet(CellSupernet):
    """The networks of `network.nasnet` with N = `num_cells` and F = `filters`, of all architectures; no drop path.

    The other arguments are those of `network.nasnet`. `affine`: normalisations have a scale and a shift.
    `shares_inputs`: see `SharedCell`. Spaces whose cells are built alike change the attributes, and `genotype`.
    """

    choices = choices()
    operations: Sequence[str] = OPERATIONS
    num_blocks = NUM_BLOCKS
    concatenates = True

    def __init__(
        self,
        num_cells: int,
        filters: int,
        num_classes: int,
        channels: int,
        imagenet_stem: int = 0,
        skip_reduction_input: bool = False,
        affine: bool = False,
        shares_inputs: bool = False,
    ) -> None:
        super().__init__()
        stem = imagenet_stem or 3 * filters
        first = Conv(channels, stem, 3, 2, same=False) if imagenet_stem else Conv(channels, stem, 3)
        self.stem = nn.Sequential(first, nn.BatchNorm2d(stem))
        plan, num_stem_cells = cell_plan(num_cells, filters, bool(imagenet_stem)), 2 if imagenet_stem else 0

        h, h_prev = Source(len(STEM_OUTPUTS), stem, 0), None
        cells, keep_prev = [], []
        for index, (reduces, width) in enumerate(plan):
            made = (h, h_prev, width, reduces, self.operations, self.num_blocks)
            cells.append(SharedCell(*made, concatenates=self.concatenates, shares_inputs=shares_inputs))
            if skip_reduction_input and reduces and index >= num_stem_cells:
                keep_prev.append(index)
            else:
                h_prev = h
            h = Source(self.num_blocks + 2, width, h.halvings + reduces)
        self.cells, self.keep_prev = nn.ModuleList(cells), tuple(keep_prev)
        self.before_classifier = before_classifier()
        self.classifier = SlicedLinear(self.num_blocks + 2, h.channels, num_classes)
        share_norms(self, affine)
        if imagenet_stem:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eps = 1e-3  # as in `network.nasnet`

    def genotype(self, architecture: Architecture) -> Genotype:
        check(architecture, self.choices)
        return genotype_of(architecture)


def before_classifier() -> nn.Module:
    """The layers of `network.Classifier` before the linear one; its dropout is 0 unless a recipe sets it."""
    return nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.0))


def _slot(channels: list[int], filters: int, strides: list[int], operations: Sequence[str]) -> nn.ModuleList:
    """The operations for each state that a slot may read; `channels` and `strides` are those of the states."""
    return nn.ModuleList(
        nn.ModuleDict({name: MODULES[name](width, filters, stride) for name in operations})
        for width, stride in zip(channels, strides, strict=True)
    )


def _shared_slot(widths: list[int], filters: int, stride: int, operations: Sequence[str]) -> nn.ModuleList:
    """The operations for each width of the states that a slot may read, in a cell of that stride."""

    def made(name: str, width: int) -> nn.Module:
        return AnyStride(partial(MODULES[name], width, filters)) if stride > 1 else MODULES[name](width, filters, 1)

    return nn.ModuleList(nn.ModuleDict({name: made(name, width) for name in operations}) for width in widths)


def shared_calibration(prefix: str, layer: nn.Module, outputs: Outputs) -> Iterator[tuple[str, Tensor]]:
    """Name in the network -> tensor of a layer of `nasbench.nn.sliced` that reads these outputs."""
    yield from shared_state(f"{prefix}.bn", layer.bn).items()  # type: ignore[arg-type]
    convs = ("path_1", "path_2") if isinstance(layer, SlicedReduction) else ("conv",)
    for name in convs:
        yield f"{prefix}.{name}.weight", getattr(layer, name).weight(outputs)

"""The supernet of ENAS's micro space.

As in ENAS (Pham et al. 2018), every cell of the network has weights of its own, and in it every block, slot, state that
the slot reads, and operation; with `shares_inputs` the states share them (`nasnet.supernet`). It differs from the
released search network in three points:

  - only the operation that was chosen is computed; the released code computes all five and picks one;
  - the path of an architecture is the network that `space.build` gives, so that a found cell is trained on as it was
    scored. The released search squeezes the outputs of a cell to F channels by a 1x1 convolution, with weights for each
    state, and reduces the image before a reduction cell; its final network does neither. Here the layers that read a
    cell have weights for each of its states (`nasbench.nn.sliced`);
  - normalisations have statistics to measure and no scale and shift (`nasbench.nn.shared_norm`).
"""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from nasbench.core.arch import Architecture, check
from nasbench.nn.layers import Conv, ReluConvBN
from nasbench.nn.shared_norm import share_norms, shared_state
from nasbench.nn.sliced import SlicedLinear, SlicedReluConvBN
from search_spaces.enas_micro.arc import BUILT, OPERATIONS, built, choices, genotype_of
from search_spaces.nasnet.genotype import Genotype
from search_spaces.nasnet.skeleton import cell_plan
from search_spaces.nasnet.supernet import (
    NUM_STATES,
    STEM_OUTPUTS,
    CellSupernet,
    Outputs,
    SharedCell,
    Source,
    before_classifier,
    shared_calibration,
)


class Calibration(nn.Module):
    """ENAS's calibration of h: a 1x1 convolution to F channels if h has another number, and a second one always."""

    def __init__(self, h: Source, filters: int) -> None:
        super().__init__()
        self.fit = SlicedReluConvBN(h.states, h.channels, filters)
        self.base = ReluConvBN(filters, filters)

    def forward(self, h: Tensor, outputs: Outputs) -> Tensor:  # (B, C, H, W)
        if self.fits(outputs):
            h = self.fit(h, outputs)
        y: Tensor = self.base(h)  # (B, F, H, W)
        return y

    def fits(self, outputs: Outputs) -> bool:
        """Whether an h with these outputs has another number of channels than F."""
        filters, per_state = self.fit.conv.pieces[0].shape
        return bool(len(outputs) * per_state != filters)


class SharedMicroCell(SharedCell):
    """`cell.Cell` with ENAS's operations and calibration; its blocks only add."""

    def __init__(self, h: Source, h_prev: Source, filters: int, reduces: bool, shares_inputs: bool = False) -> None:
        names = [BUILT.get(name, name) for name in OPERATIONS]
        super().__init__(h, h_prev, filters, reduces, names, concatenates=False, shares_inputs=shares_inputs)

    def h_calibration(self, h: Source) -> nn.Module:
        return Calibration(h, self.filters)

    def shared_h_calibration(self, outputs: Sequence[int]) -> Iterator[tuple[str, Tensor]]:
        assert isinstance(self.calibrate, Calibration)
        if self.calibrate.fits(tuple(outputs)):
            yield from shared_calibration("calibrate.0", self.calibrate.fit, tuple(outputs))
            yield from shared_state("calibrate.1", self.calibrate.base).items()
        else:
            yield from shared_state("calibrate", self.calibrate.base).items()


class EnasMicroSupernet(CellSupernet):
    """The networks of `nasnet.enas.enas` with N = `num_cells` and F = `filters`, of all architectures; no drop path.

    The other arguments are those of `nasnet.enas.enas`. `affine`: normalisations have a scale and a shift.
    `shares_inputs`: see `nasnet.supernet.SharedCell`.
    """

    def __init__(
        self,
        num_cells: int,
        filters: int,
        num_classes: int,
        channels: int,
        imagenet_stem: int = 0,
        affine: bool = False,
        shares_inputs: bool = False,
    ) -> None:
        super().__init__()
        self.choices = choices()
        stem = imagenet_stem or 3 * filters
        first = Conv(channels, stem, 3, 2, same=False) if imagenet_stem else Conv(channels, stem, 3)
        self.stem = nn.Sequential(first, nn.BatchNorm2d(stem))
        h_prev = h = Source(len(STEM_OUTPUTS), stem, 0)
        cells = []
        for reduces, width in cell_plan(num_cells, filters, bool(imagenet_stem)):
            cells.append(SharedMicroCell(h, h_prev, width, reduces, shares_inputs))
            h_prev, h = h, Source(NUM_STATES, width, h.halvings + reduces)
        self.cells = nn.ModuleList(cells)
        self.before_classifier = before_classifier()
        self.classifier = SlicedLinear(NUM_STATES, h.channels, num_classes, bias=False)
        share_norms(self, affine)

    def genotype(self, architecture: Architecture) -> Genotype:
        check(architecture, self.choices)
        return built(genotype_of(architecture))

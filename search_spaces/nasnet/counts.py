"""Exact parameters and multiply-adds of NASNet's networks, as sums over their cells. The network is not built.

This module repeats `network.nasnet` layer by layer, with its rules for image sizes and channels. The contract suite of
the space compares the two.
"""

from typing import TYPE_CHECKING

from search_spaces.nasnet.genotype import OPERATIONS
from search_spaces.nasnet.skeleton import cell_plan

if TYPE_CHECKING:
    from search_spaces.nasnet.network import CellWiring

Parts = list[tuple[int, int]]
"""(parameters, multiply-adds) of each layer."""

KERNELS = {name: int(name.split("_")[1][-1]) for name in OPERATIONS if name != "identity"}
"""Operation -> its kernel size k. Stacked convolutions are 1 x k, then k x 1."""


def counts(
    side: int,
    normal: "CellWiring",
    reduce: "CellWiring",
    num_cells: int,
    filters: int,
    num_classes: int,
    channels: int,
    imagenet_stem: int = 0,
    skip_reduction_input: bool = False,
    aux_side: int = 0,
) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image) of `network.nasnet` with the same arguments.

    `side` is the image size in pixels.
    """
    if imagenet_stem:
        side = (side - 3) // 2 + 1
    first = 2 if imagenet_stem else 0  # the number of stem cells
    plan = cell_plan(num_cells, filters, bool(imagenet_stem))

    stem = imagenet_stem or 3 * filters
    parts = [conv(channels, stem, 3, side)]
    prev, h = (0, side), (stem, side)  # (channels, side in pixels); the h_prev of the first cell is the stem itself
    for index, (reduces, width) in enumerate(plan):
        prev_channels = width
        if index == 0:
            prev_channels = stem
        elif prev[1] != h[1]:
            parts.append(factorized(prev[0], width, h[1]))
        elif prev[0] != width:
            parts.append(conv(prev[0], width, 1, h[1]))
        parts.append(conv(h[0], width, 1, h[1]))
        wiring = reduce if reduces else normal
        parts += cell(wiring, prev_channels, width, h[1], 2 if reduces else 1)
        if not (skip_reduction_input and reduces and index >= first):
            prev = h
        h = (len(wiring[1]) * width, -(-h[1] // 2) if reduces else h[1])
        if aux_side and index == first + 2 * num_cells:
            parts += _aux_head(h[0], aux_side, num_classes)
    parts.append(((h[0] + 1) * num_classes, h[0] * num_classes))
    return sum(params for params, _ in parts), sum(macs for _, macs in parts)


def cell(wiring: "CellWiring", prev_channels: int, filters: int, side: int, stride: int) -> Parts:
    """The blocks of a cell, and the convolutions that adapt its output states for the concatenation.

    The inputs of the cell have `side` x `side` pixels.
    """
    blocks, outputs = wiring
    after = -(-side // stride)
    channels = [filters, prev_channels] + [filters] * len(blocks)
    parts: Parts = []
    for first, second, op_1, op_2, combine in blocks:
        for state, operation in ((first, op_1), (second, op_2)):
            parts += _operation(operation, channels[state], filters, side if state < 2 else after, after)
        if combine == "concat":
            parts.append(conv(2 * filters, filters, 1, after))
    for state in outputs:
        if stride == 2 and state < 2:
            parts.append(factorized(channels[state], filters, after))
        elif channels[state] != filters:
            parts.append(conv(channels[state], filters, 1, after))
    return parts


def _operation(name: str, c_in: int, filters: int, before: int, after: int) -> Parts:
    """An operation from a state with `before` to a state with `after` pixels a side."""
    if name == "identity_factorized" and before != after:
        return [factorized(c_in, filters, after)]
    if name.startswith("identity"):
        return [] if c_in == filters and before == after else [conv(c_in, filters, 1, after)]
    kernel = KERNELS[name]
    if name.startswith(("avg", "max")):
        return [] if c_in == filters else [conv(c_in, filters, 1, after)]
    if name.startswith("sep"):
        depthwise = [(kernel**2 * width, kernel**2 * width * after**2) for width in (c_in, filters)]
        return [*depthwise, conv(c_in, filters, 1, after), conv(filters, filters, 1, after)]
    if name in ("conv_1x3_3x1", "conv_1x7_7x1"):
        row = c_in * filters * kernel  # strided only along its own axis
        column = filters**2 * kernel
        return [(row + 2 * filters, row * before * after), (column + 2 * filters, column * after**2)]
    return [conv(c_in, filters, kernel, after)]


def _aux_head(channels: int, side: int, num_classes: int) -> Parts:
    """The auxiliary classifier. It has no multiply-adds, because evaluation does not run it."""
    full = 128 * 768 * ((side - 5) // 3 + 1) ** 2
    return [(channels * 128 + 2 * 128, 0), (full + 2 * 768, 0), (769 * num_classes, 0)]


def conv(c_in: int, c_out: int, kernel: int, side: int) -> tuple[int, int]:
    """A convolution without bias, with `side` x `side` output pixels, and the scale and shift of its normalisation."""
    weights = c_in * c_out * kernel**2
    return weights + 2 * c_out, weights * side**2


def factorized(c_in: int, c_out: int, side: int) -> tuple[int, int]:
    """Two 1x1 convolutions, each to half of the channels, and the normalisation of all channels."""
    weights = 2 * c_in * (c_out // 2)
    return weights + 2 * c_out, weights * side**2

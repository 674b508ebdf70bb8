"""Exact parameters and multiply-adds of ENAS's micro networks, as sums over their cells. The network is not built.

This module repeats `nasnet.enas.enas` layer by layer. The contract suite of the space compares the two.
"""

from typing import TYPE_CHECKING

from search_spaces.nasnet.counts import Parts, cell, conv, factorized
from search_spaces.nasnet.skeleton import cell_plan

if TYPE_CHECKING:
    from search_spaces.nasnet.network import CellWiring


def counts(
    side: int,
    normal: "CellWiring",
    reduce: "CellWiring",
    num_cells: int,
    filters: int,
    num_classes: int,
    channels: int,
    imagenet_stem: int = 0,
    aux_side: int = 0,
) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image) of `nasnet.enas.enas` with the same arguments.

    `side` is the image size in pixels.
    """
    if imagenet_stem:
        side = (side - 3) // 2 + 1
    plan = cell_plan(num_cells, filters, bool(imagenet_stem))

    stem = imagenet_stem or 3 * filters
    parts = [conv(channels, stem, 3, side)]
    prev = h = (stem, side)  # (channels, side in pixels)
    for index, (reduces, width) in enumerate(plan):
        if prev[1] != h[1]:
            parts.append(factorized(prev[0], width, h[1]))
        elif prev[0] != width:
            parts.append(conv(prev[0], width, 1, h[1]))
        if h[0] != width:
            parts.append(conv(h[0], width, 1, h[1]))
        parts.append(conv(width, width, 1, h[1]))
        wiring = reduce if reduces else normal
        parts += cell(wiring, width, width, h[1], 2 if reduces else 1)
        prev, h = h, (len(wiring[1]) * width, -(-h[1] // 2) if reduces else h[1])
        if aux_side and index == len(plan) - num_cells:
            parts += _aux_head(h[0], aux_side, num_classes)
    parts.append((h[0] * num_classes, h[0] * num_classes))
    return sum(params for params, _ in parts), sum(macs for _, macs in parts)


def _aux_head(channels: int, side: int, num_classes: int) -> Parts:
    """The auxiliary classifier. It has no multiply-adds, because evaluation does not run it."""
    full = 128 * 768 * ((side - 5) // 3 + 1) ** 2
    return [(channels * 128 + 2 * 128, 0), (full + 2 * 768, 0), (768 * num_classes, 0)]

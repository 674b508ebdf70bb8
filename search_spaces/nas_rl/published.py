"""The network that the paper found without strides and poolings, and the two variants that it is compared with.

The paper has the network as a drawing (figure 7). Its edges were read from the end points of the drawing's curves. Two
public copies differ from it in the inputs of layer 15: one lacks layer 2; the other has layer 6 in its place, which
gives the same number of parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nasbench.core.errors import unknown
from nasbench.core.spec import ModelCard, Result, Task
from search_spaces.nas_rl.layers import SPACE, Layer

FIGURE_7 = (
    ((3, 3), 36, (0,)),
    ((3, 3), 48, (1,)),
    ((3, 3), 36, (1, 2)),
    ((5, 5), 36, (1, 2, 3)),
    ((3, 7), 48, (3, 4)),
    ((7, 7), 48, (2, 3, 4, 5)),
    ((7, 7), 48, (2, 3, 4, 5, 6)),
    ((7, 3), 36, (1, 6, 7)),
    ((7, 1), 36, (1, 5, 6, 8)),
    ((7, 7), 36, (1, 3, 4, 5, 6, 7, 8, 9)),
    ((5, 7), 36, (1, 2, 5, 6, 7, 8, 9, 10)),
    ((7, 7), 48, (1, 2, 3, 4, 6, 11)),
    ((7, 5), 48, (1, 3, 6, 7, 8, 9, 10, 11, 12)),
    ((7, 5), 48, (3, 7, 12, 13)),
    ((7, 5), 48, (2, 7, 11, 12, 13, 14)),
)
"""(rows, columns) of the filters, their number, and the layers that are read, of the 15 layers."""


@dataclass(frozen=True)
class Published:
    """A network of the paper and its card."""

    layers: tuple[Layer, ...]
    card: ModelCard


PAPER = "Zoph and Le, Neural Architecture Search with Reinforcement Learning, ICLR 2017, arXiv:1611.01578"
NUMBERS = range(1, len(FIGURE_7) + 1)


def _entry(
    name: str, inputs: Sequence[tuple[int, ...]], counts: tuple[int, int], error: float, where: str, note: str
) -> Published:
    """The layers of the figure with other `inputs`. `counts`: parameters and multiply-adds."""
    layers = tuple(
        Layer(kernel, filters, (1, 1), read) for (kernel, filters, _), read in zip(FIGURE_7, inputs, strict=True)
    )
    results = (Result("cifar10_error", error, where, "P"),)
    return Published(layers, ModelCard(name, SPACE, PAPER, 2017, Task(), *counts, results, verified="C", note=note))


PUBLISHED: Mapping[str, Published] = {
    "nas-v1": _entry(
        "nas-v1",
        [read for _, _, read in FIGURE_7],
        (4_201_630, 4_300_665_312),
        5.50,
        "Table 1, v1 no stride or pooling",
        "figure 7: the network found without strides and poolings",
    ),
    "nas-v1-no-skips": _entry(
        "nas-v1-no-skips",
        [(number - 1,) for number in NUMBERS],
        (809_134, 826_749_408),
        7.97,
        "section 4.1, all skips removed",
        "nas-v1 with each layer reading the one before it alone",
    ),
    "nas-v1-dense": _entry(
        "nas-v1-dense",
        [tuple(range(1, number)) or (0,) for number in NUMBERS],
        (6_630_910, 6_788_248_032),
        5.56,
        "section 4.1, all layers connected",
        "nas-v1 with each layer reading all layers before it",
    ),
}
"""Name -> the network, as published for 32 pixels and 10 classes."""


def published(name: str) -> Published:
    """The network of that name. UsageError with the most similar name if there is none."""
    if name not in PUBLISHED:
        raise unknown(f"published network of space {SPACE!r}", name, PUBLISHED)
    return PUBLISHED[name]

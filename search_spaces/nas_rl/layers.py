"""The decisions of the space, and a network as a list of layers.

Layer 0 is the image. Each later layer decides on its filters, and for each earlier layer whether it reads it. Which
decisions an architecture has says how many layers it is of, whether its strides are decided, and which of its layers
are poolings; so an architecture is read without the options of the space that it was drawn from.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from nasbench.core.arch import Architecture, Choice, Gene, check
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Place

SPACE = "nas-rl"
SIDES = (1, 3, 5, 7)
"""Heights and widths of a filter (Zoph and Le 2017, section 4.1), and so are the next two."""
FILTERS = (24, 36, 48, 64)
STRIDES = (1, 2, 3)
POOL = (2, 2)
"""Window and stride of a pooling layer. The paper names the layers that pool (13 and 24), and not their windows."""
READS = ("no", "yes")
MOST_LAYERS = 256


class Layer(NamedTuple):
    """A layer: (rows, columns) of its filters, their number, (rows, columns) of its stride, and the layers that it
    reads in ascending order, 0 for the image. A layer of 0 filters is a max pooling.
    """

    kernel: tuple[int, int]
    filters: int
    stride: tuple[int, int]
    inputs: tuple[int, ...]


class Form(NamedTuple):
    """What a space of these networks is made with: the number of layers, whether strides are decided, and the numbers
    of the pooling layers.
    """

    layers: int
    strides: bool = False
    pools: tuple[int, ...] = ()


@lru_cache(maxsize=64)
def choices(form: Form) -> tuple[Choice, ...]:
    """The decisions of all layers, layer by layer, in the order of the paper's controller."""
    found: list[Choice] = []
    for number in range(1, form.layers + 1):
        if number not in form.pools:
            found += [Choice(f"layer_{number}_{name}", SIDES) for name in ("height", "width")]
            if form.strides:
                found += [Choice(f"layer_{number}_stride_{name}", STRIDES) for name in ("height", "width")]
            found.append(Choice(f"layer_{number}_filters", FILTERS))
        found += [Choice(_reads(number, earlier), READS) for earlier in range(1, number)]
    return tuple(found)


@lru_cache(maxsize=64)
def places(form: Form) -> tuple[Place, ...]:
    """The layer and the kind of each of `choices`, and the layer that is read or not."""
    found: list[Place] = []
    for choice in choices(form):
        _, number, kind = choice.name.split("_", 2)
        what, _, earlier = kind.partition("reads_")
        found.append(Place(int(number), what or "reads", int(earlier) if earlier else None))
    return tuple(found)


def form_of(architecture: Architecture) -> Form:
    """The form that an architecture is of. UsageError where it is not of this space."""
    genes = architecture.genes
    numbers = {int(match[1]) for name in genes if (match := _DECISION.match(name))}
    layers = max(numbers, default=0)
    if architecture.space != SPACE or not 1 <= layers <= MOST_LAYERS:
        raise UsageError(
            f"an architecture of space {SPACE!r} has the decisions layer_1_height, layer_1_width, layer_1_filters, ... "
            f"of 1 to {MOST_LAYERS} layers; got one of space {architecture.space!r} with {layers} layers"
        )
    pools = tuple(number for number in range(2, layers + 1) if f"layer_{number}_filters" not in genes)
    form = Form(layers, "layer_1_stride_height" in genes, pools)
    check(architecture, choices(form))
    return form


def layers_of(architecture: Architecture) -> tuple[Layer, ...]:
    """The layers of an architecture, with the first repair: a layer that reads no other one reads the image."""
    form, genes = form_of(architecture), architecture.genes
    found = []
    for number in range(1, form.layers + 1):
        inputs = tuple(earlier for earlier in range(1, number) if genes[_reads(number, earlier)] == "yes") or (0,)
        if number in form.pools:
            found.append(Layer(POOL, 0, POOL, inputs))
            continue
        height, width, filters = (_number(genes, number, name) for name in ("height", "width", "filters"))
        rows, columns = (
            (_number(genes, number, "stride_height"), _number(genes, number, "stride_width"))
            if form.strides
            else (1, 1)
        )
        found.append(Layer((height, width), filters, (rows, columns), inputs))
    return tuple(found)


def architecture_of(layers: Sequence[Layer], strides: bool = False) -> Architecture:
    """The architecture of a list of layers; with `strides`, of a space that decides on strides."""
    genes: dict[str, Gene] = {}
    for number, layer in enumerate(layers, start=1):
        if layer.filters:
            genes |= {f"layer_{number}_height": layer.kernel[0], f"layer_{number}_width": layer.kernel[1]}
            if strides:
                genes[f"layer_{number}_stride_height"], genes[f"layer_{number}_stride_width"] = layer.stride
            genes[f"layer_{number}_filters"] = layer.filters
        genes |= {_reads(number, earlier): READS[earlier in layer.inputs] for earlier in range(1, number)}
    return Architecture.of(SPACE, genes)


def outputs_of(layers: Sequence[Layer]) -> tuple[int, ...]:
    """The second repair: the layers that no other layer reads, which the classifier reads."""
    read = {source for layer in layers for source in layer.inputs}
    return tuple(number for number in range(1, len(layers) + 1) if number not in read)


def _reads(number: int, earlier: int) -> str:
    return f"layer_{number}_reads_{earlier}"


def _number(genes: Mapping[str, Gene], number: int, name: str) -> int:
    return int(genes[f"layer_{number}_{name}"])


_DECISION = re.compile(r"layer_(\d{1,6})_")

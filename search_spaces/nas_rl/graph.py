"""A network of the space as the graph that is drawn."""

from collections.abc import Sequence

from nasbench.core.graph import ChainGraph, ChainLayer
from search_spaces.nas_rl.layers import Layer, outputs_of


def graph(layers: Sequence[Layer]) -> ChainGraph:
    """The layers one after another, from the image (0) to the classifier."""
    rows = [ChainLayer("image", ())]
    rows += [ChainLayer(_label(layer), layer.inputs, str(number)) for number, layer in enumerate(layers, start=1)]
    return ChainGraph((*rows, ChainLayer("mean over the image, linear", outputs_of(layers))))


def _label(layer: Layer) -> str:
    rows, columns = layer.kernel
    if not layer.filters:
        return f"max {rows}×{columns}, stride {layer.stride[0]}"
    stride = "" if layer.stride == (1, 1) else f", stride {layer.stride[0]}×{layer.stride[1]}"
    return f"conv {rows}×{columns}, {layer.filters} filters{stride}"

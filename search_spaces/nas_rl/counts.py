"""Exact parameters and multiply-adds, layer by layer. The network is not built."""

from collections.abc import Sequence

from nasbench.core.spec import Task
from search_spaces.nas_rl.layers import Layer, outputs_of


def counts(layers: Sequence[Layer], task: Task, side: int) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image of `side` pixels)."""
    shapes = shapes_of(layers, task.channels, side)
    params = macs = 0
    for layer, (_, rows, columns) in zip(layers, shapes[1:], strict=True):
        if layer.filters:
            weights = sum(shapes[source][0] for source in layer.inputs) * layer.filters
            weights *= layer.kernel[0] * layer.kernel[1]
            params += weights + 2 * layer.filters
            macs += weights * rows * columns
    features = sum(shapes[number][0] for number in outputs_of(layers))
    return params + (features + 1) * task.num_classes, macs + features * task.num_classes


def shapes_of(layers: Sequence[Layer], channels: int, side: int) -> list[tuple[int, int, int]]:
    """(channels, rows, columns) of the image, and of the output of each layer."""
    shapes = [(channels, side, side)]
    for layer in layers:
        read = [shapes[source] for source in layer.inputs]
        rows, columns = max(shape[1] for shape in read), max(shape[2] for shape in read)
        c_out = layer.filters or sum(shape[0] for shape in read)
        shapes.append((c_out, -(-rows // layer.stride[0]), -(-columns // layer.stride[1])))
    return shapes

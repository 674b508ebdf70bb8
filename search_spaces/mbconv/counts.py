"""Exact parameters and multiply-adds of a network of stages, as sums over its blocks. The network is not built."""

from nasbench.core.spec import Task
from nasbench.nn.mbconv import Blueprint, Stage


def counts(blueprint: Blueprint, task: Task) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image) of the network of a blueprint."""
    side = -(-task.image_size // blueprint.stem_stride)
    parts = [_conv(task.channels, blueprint.stem, 3, side)]
    channels = blueprint.stem
    for stage in blueprint.stages:
        for repeat in range(stage.repeats):
            before, side = side, -(-side // (stage.stride if repeat == 0 else 1))
            parts += _block(stage, channels, before, side)
            channels = stage.channels
    if blueprint.head:
        parts.append(_conv(channels, blueprint.head, 1, side))
    features = blueprint.head or channels
    parts.append(((features + 1) * task.num_classes, features * task.num_classes))
    return sum(params for params, _ in parts), sum(macs for _, macs in parts)


def _block(stage: Stage, c_in: int, before: int, after: int) -> list[tuple[int, int]]:
    """(parameters, multiply-adds) of the layers of a block. Its sides in pixels: `before` (input), `after` (output)."""
    if stage.operator == "conv":
        hidden = stage.channels
        parts = [_conv(c_in, hidden, stage.kernel, after)]
    else:
        hidden = max(1, round(c_in * stage.expansion)) if stage.operator == "mbconv" else c_in
        parts = [_conv(c_in, hidden, 1, before)] if hidden != c_in else []
        parts += [_conv(1, hidden, stage.kernel, after), _conv(hidden, stage.channels, 1, after)]
    if stage.se_ratio > 0:
        squeezed = max(1, int(c_in * stage.se_ratio))
        parts.append((2 * hidden * squeezed + hidden + squeezed, 2 * hidden * squeezed))
    return parts


def _conv(c_in: int, c_out: int, kernel: int, side: int) -> tuple[int, int]:
    """A convolution without bias and its batch normalisation. The output has `side` x `side` pixels.

    For a depthwise convolution, `c_in` is 1.
    """
    weights = c_in * c_out * kernel**2
    return weights + 2 * c_out, weights * side**2

"""Exact parameters and multiply-adds of ENAS's macro networks, as sums over their layers. The network is not built.

This module repeats `network.macro` layer by layer. The contract suite of the space compares the two.
"""

from search_spaces.enas_macro.arc import Arc, read_later, stages_of
from search_spaces.nasnet.counts import Parts, conv, factorized


def counts(
    side: int,
    arc: Arc,
    form: str,
    num_repeats: int,
    filters: int,
    num_classes: int,
    channels: int,
    separable: bool = True,
) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image) of `network.macro` with the same arguments.

    `side` is the image size in pixels.
    """
    final = form == "final"
    parts: Parts = [conv(channels, filters, 3, side)]
    width = filters
    for index, numbers in enumerate(stages_of(len(arc))):
        before, width = width, filters * 2**index if final else filters
        if index:
            side = -(-side // 2)
            parts += [factorized(before, width, side) for _ in read_later(arc, numbers[0] - 1)]
        for number in numbers:
            operation, skips = arc[number - 1]
            parts += num_repeats * [
                conv(width, width, 1, side),
                *_operation(operation, width, side, separable or not final),
            ]
            if number > 1:
                parts.append(conv((len(skips) + 1) * width, width, 1, side) if final else (2 * width, 0))
    parts.append((width * num_classes, width * num_classes))
    return sum(params for params, _ in parts), sum(macs for _, macs in parts)


def _operation(name: str, width: int, side: int, separable: bool) -> Parts:
    kernel = int(name[-1])
    if name.startswith(("avg", "max")):
        return []
    if name.startswith("sep") and separable:
        depthwise = kernel**2 * width
        return [(depthwise, depthwise * side**2), conv(width, width, 1, side)]
    return [conv(width, width, kernel, side)]

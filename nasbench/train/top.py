"""Which stages stay as they are where only the top of a network is fine-tuned.

The top is what lies behind the last but one size of map: in a ResNet the last stage, and the head. Where the parts of a
network do not end there (a transformer keeps one size throughout), it is the last quarter of them.
"""

from collections.abc import Sequence
from itertools import takewhile

from torch import Tensor, nn

from nasbench.train.features import layer_shapes, stages
from nasbench.train.freezing import stages_of

SHARE = 4
"""Without a boundary between sizes of maps, one part in so many is the top, at least one."""


def stages_below_top(model: nn.Module, image: Tensor) -> int | None:
    """K of `--freeze stages:K` that leaves the top to be trained; None where there are fewer than two parts.

    `image` (1, C, H, W) may be on the meta device, as `model` may.
    """
    parts = stages_of(model)
    if len(parts) < 2:
        return None
    shapes = layer_shapes(model, image)
    order = list(shapes)
    maps = [name for name in stages(model, image) if len(shapes[name]) == 3]
    if len(maps) > 1:
        boundary = order.index(maps[-2])
        below = list(takewhile(lambda part: _end(part, order) <= boundary, parts))
        if below and len(below) < len(parts):
            return len(below)
    return len(parts) - max(1, len(parts) // SHARE)


def _end(part: str, order: Sequence[str]) -> int:
    """When the last layer of a part is done."""
    places = (place for place, name in enumerate(order) if name == part or name.startswith(f"{part}."))
    return max(places, default=-1)

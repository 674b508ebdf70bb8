"""How multiplied channels and repeats become whole numbers, by name. A scaled network's size names its rounding.

| name | channels | repeats | stem and head of a network of stages | pixels |
|---|---|---|---|---|
| (empty) | to a multiple of 8, at least 90 % of the product | up | as other channels | to the nearest |
| nearest | to the nearest multiple of 8 | to the nearest | as other channels | to the nearest multiple of 4 |
| tinynet | as the first | to the nearest | the stem stays; the head has 1,280 or more | to the nearest |

The first is EfficientNet's released code (Tan and Le 2019, arXiv:1905.11946), the second pycls's (Dollar et al. 2021,
arXiv:2103.06877), the third TinyNet's in timm (Han et al. 2020, arXiv:2010.14819). Halves go to the even number, as
Python rounds.
"""

import math

DIVISOR = 8
"""Scaled channel counts are multiples of this."""
PIXEL_STEPS = {"nearest": 4}
"""Rounding -> what scaled resolutions are multiples of; 1 for the others."""


def round_filters(channels: int, width: float) -> int:
    """Channels times width, rounded to a multiple of 8 that is at least 90 % of the product."""
    wanted = channels * width
    rounded = max(DIVISOR, int(wanted + DIVISOR / 2) // DIVISOR * DIVISOR)
    return rounded + DIVISOR if rounded < 0.9 * wanted else rounded


def round_repeats(repeats: int, depth: float) -> int:
    """Repeats times depth, rounded up."""
    return math.ceil(depth * repeats)


def nearest_multiple(value: float, step: int) -> int:
    """The multiple of `step` nearest to `value`, at least `step` itself."""
    return max(1, round(value / step)) * step


def channels_by(rounding: str, channels: int, width: float) -> int:
    """Channels times width by the rounding of that name."""
    return nearest_multiple(channels * width, DIVISOR) if rounding == "nearest" else round_filters(channels, width)


def repeats_by(rounding: str, repeats: int, depth: float) -> int:
    """Repeats times depth by the rounding of that name; at least 1."""
    return max(1, round(repeats * depth)) if rounding else round_repeats(repeats, depth)

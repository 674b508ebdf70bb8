"""Data of the history plots that is not on the networks' cards: ILSVRC winners, and compute to AlexNet's accuracy."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Winner:
    """A network that won the ILSVRC classification task.

    `layers` counts the layers with weights. `top5_error` is in percent, of a single network on a single crop.
    """

    year: int
    network: str
    layers: int
    top5_error: float
    source: str
    tag: str


WINNERS = (
    Winner(2012, "AlexNet", 8, 18.2, "Krizhevsky et al. 2012, validation", "M"),
    Winner(2013, "ZFNet", 8, 16.5, "Zeiler and Fergus 2013, validation", "M"),
    Winner(2014, "GoogLeNet", 22, 10.07, "Szegedy et al. 2014, validation", "M"),
    Winner(2015, "ResNet-152", 152, 6.7, "github.com/KaimingHe/deep-residual-networks", "R"),
    Winner(2017, "SENet-154", 154, 4.47, "github.com/hujie-frank/SENet", "R"),
)


@dataclass(frozen=True)
class Efficiency:
    """The training compute, in teraflop/s-days, with which a network reaches AlexNet's top-5 accuracy of 79.1 %.

    Source: Hernandez and Brown 2020, arXiv:2005.04305.
    """

    day: date
    network: str
    compute: float
    factor: str


EFFICIENCY = (
    Efficiency(date(2012, 6, 1), "AlexNet", 3.1, ""),
    Efficiency(date(2014, 9, 17), "GoogLeNet", 0.71, "4.3x"),
    Efficiency(date(2017, 4, 17), "MobileNet", 0.28, "11x"),
    Efficiency(date(2017, 7, 3), "ShuffleNet", 0.15, "21x"),
    Efficiency(date(2018, 6, 30), "ShuffleNet v2", 0.12, "25x"),
    Efficiency(date(2019, 5, 28), "EfficientNet-B0", 0.069, "44x"),
)
MOORE_FACTOR = 11.0
"""The factor that Moore's law alone gives over the same seven years (same source)."""

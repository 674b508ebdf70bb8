"""Data of the history plots that is not on the networks' cards: entries of the ILSVRC, scaled networks, pre-training,
and compute to AlexNet's accuracy.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Winner:
    """An entry of the ILSVRC classification task: the winner of its year, or a runner-up.

    `entry_error` is the top-5 error on the test set in percent, of several networks together from 2012 on.
    `layers` counts the layers with weights; None where there is no network, or not one depth.
    `single_error` is of one network on the validation images; None: not known here.
    """

    year: int
    network: str
    entry_error: float
    layers: int | None
    source: str
    tag: str
    single_error: float | None = None
    first: bool = True


QUOTED = "results of the ILSVRC, quoted in several courses"
WINNERS = (
    Winner(2010, "NEC-UIUC", 28.2, None, QUOTED, "S"),
    Winner(2011, "XRCE", 25.8, None, QUOTED, "S"),
    Winner(2012, "AlexNet", 16.4, 8, "image-net.org, 2012: five networks, supplied data only", "R", 18.2),
    Winner(2013, "ZFNet", 11.7, 8, QUOTED + " (Clarifai)", "S", 16.5),
    Winner(2014, "VGG", 7.3, 19, QUOTED, "S", first=False),
    Winner(2014, "GoogLeNet", 6.7, 22, QUOTED, "S", 10.07),
    Winner(2015, "ResNet", 3.57, 152, "He et al. 2015, abstract: an ensemble", "P", 6.7),
    Winner(2016, "Trimps-Soushen", 2.99, None, QUOTED + ": five kinds of networks", "S"),
    Winner(2017, "SENet", 2.25, 154, QUOTED, "S", 4.47),
)
"""In the order of the years. Sources of single networks: Zeiler and Fergus 2013, table 2 (AlexNet and ZFNet), and
Szegedy et al. 2014, table 3 (one crop), both quoted; github.com/KaimingHe/deep-residual-networks and
github.com/hujie-frank/SENet (one crop).
"""
HUMAN_ERROR = 5.1
"""Top-5 error in percent of the better of two trained people (Russakovsky et al. 2015, quoted)."""


@dataclass(frozen=True)
class Scaled:
    """A network scaled in one dimension or in all: billions of multiply-adds and top-1 accuracy in percent, as
    printed in tables 3 and 7 of Tan and Le 2019 (arXiv:1905.11946).
    """

    base: str
    dimension: str
    gmacs: float
    top1: float


SCALED = (
    Scaled("MobileNetV1", "base", 0.6, 70.6),
    Scaled("MobileNetV1", "width", 2.2, 74.2),
    Scaled("MobileNetV1", "resolution", 2.2, 72.7),
    Scaled("MobileNetV1", "compound", 2.3, 75.6),
    Scaled("MobileNetV2", "base", 0.3, 72.0),
    Scaled("MobileNetV2", "depth", 1.2, 76.8),
    Scaled("MobileNetV2", "width", 1.1, 76.4),
    Scaled("MobileNetV2", "resolution", 1.2, 74.8),
    Scaled("MobileNetV2", "compound", 1.3, 77.4),
    Scaled("ResNet-50", "base", 4.1, 76.0),
    Scaled("ResNet-50", "depth", 16.2, 78.1),
    Scaled("ResNet-50", "width", 14.7, 77.7),
    Scaled("ResNet-50", "resolution", 16.4, 77.5),
    Scaled("ResNet-50", "compound", 16.7, 78.8),
    Scaled("EfficientNet-B0", "base", 0.4, 77.3),
    Scaled("EfficientNet-B0", "depth", 1.8, 79.0),
    Scaled("EfficientNet-B0", "width", 1.8, 78.9),
    Scaled("EfficientNet-B0", "resolution", 1.9, 79.1),
    Scaled("EfficientNet-B0", "compound", 1.8, 81.1),
)


@dataclass(frozen=True)
class PreTrained:
    """A vision transformer by the images that it was pre-trained on: top-1 accuracy on ImageNet after fine-tuning."""

    network: str
    data: str
    images: float
    top1: float
    source: str


PRE_TRAINED = (
    PreTrained("ViT-B/16", "ImageNet", 1.28e6, 77.91, "Dosovitskiy et al. 2021, quoted by PaddlePaddle's PLSC"),
    PreTrained("ViT-B/16", "ImageNet-21k", 14e6, 84.5, "github.com/google-research/vision_transformer, trained again"),
    PreTrained("ViT-L/16", "ImageNet-21k", 14e6, 85.05, "trained again, quoted by PaddlePaddle's PLSC"),
    PreTrained("ViT-L/16", "JFT-300M", 303e6, 87.76, "Dosovitskiy et al. 2021, quoted"),
    PreTrained("ViT-H/14", "JFT-300M", 303e6, 88.55, "Dosovitskiy et al. 2021, quoted"),
)
"""The figures that could be verified; the paper has more."""


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

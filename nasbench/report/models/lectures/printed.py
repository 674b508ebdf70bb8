"""Numbers as lectures and papers print them, beside which the counted ones are set.

VGG-16's memory and parameters, and an Inception module's operations, are of Stanford's CS231n; the rows of GoogLeNet
are table 1 of Szegedy et al. 2014 (arXiv:1409.4842).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class VggRow:
    """A row of the printed table of VGG-16: kind and channels, numbers of the output, weights without biases."""

    layer: str
    memory: str
    weights: int


VGG: tuple[VggRow, ...] = (
    VggRow("INPUT", "150K", 0),
    VggRow("CONV3-64", "3.2M", 1_728),
    VggRow("CONV3-64", "3.2M", 36_864),
    VggRow("POOL2", "800K", 0),
    VggRow("CONV3-128", "1.6M", 73_728),
    VggRow("CONV3-128", "1.6M", 147_456),
    VggRow("POOL2", "400K", 0),
    VggRow("CONV3-256", "800K", 294_912),
    VggRow("CONV3-256", "800K", 589_824),
    VggRow("CONV3-256", "800K", 589_824),
    VggRow("POOL2", "200K", 0),
    VggRow("CONV3-512", "400K", 1_179_648),
    VggRow("CONV3-512", "400K", 2_359_296),
    VggRow("CONV3-512", "400K", 2_359_296),
    VggRow("POOL2", "100K", 0),
    VggRow("CONV3-512", "100K", 2_359_296),
    VggRow("CONV3-512", "100K", 2_359_296),
    VggRow("CONV3-512", "100K", 2_359_296),
    VggRow("POOL2", "25K", 0),
    VggRow("FC", "4096", 102_760_448),
    VggRow("FC", "4096", 16_777_216),
    VggRow("FC", "1000", 4_096_000),
)
VGG_TOTAL, VGG_MEGABYTES = "24M", ("96 MB", "93 MB")


@dataclass(frozen=True)
class GoogLeNetRow:
    """A row of GoogLeNet's table: its name, and parameters and operations as printed."""

    row: str
    params: str
    operations: str


GOOGLENET: tuple[GoogLeNetRow, ...] = (
    GoogLeNetRow("conv1", "2.7K", "34M"),
    GoogLeNetRow("conv2", "112K", "360M"),
    GoogLeNetRow("3a", "159K", "128M"),
    GoogLeNetRow("3b", "380K", "304M"),
    GoogLeNetRow("4a", "364K", "73M"),
    GoogLeNetRow("4b", "437K", "88M"),
    GoogLeNetRow("4c", "463K", "100M"),
    GoogLeNetRow("4d", "580K", "119M"),
    GoogLeNetRow("4e", "840K", "170M"),
    GoogLeNetRow("5a", "1072K", "54M"),
    GoogLeNetRow("5b", "1388K", "71M"),
    GoogLeNetRow("linear", "1000K", "1M"),
)


@dataclass(frozen=True)
class Operations:
    """A convolution of the lectures' Inception module at 28 x 28, as printed: maps, kernel, channels that it reads."""

    maps: int
    kernel: int
    channels: int

    @property
    def macs(self) -> int:
        """Multiply-adds of one image."""
        return SIDE * SIDE * self.maps * self.kernel**2 * self.channels


SIDE = 28
NAIVE = (Operations(128, 1, 256), Operations(192, 3, 256), Operations(96, 5, 256))
REDUCED = (
    Operations(64, 1, 256),
    Operations(64, 1, 256),
    Operations(128, 1, 256),
    Operations(192, 3, 64),
    Operations(96, 5, 64),
    Operations(64, 1, 256),
)
NAIVE_TOTAL, REDUCED_TOTAL = "854M", "358M"

FEWER: tuple[tuple[str, str, int, float, float], ...] = (
    ("alexnet_two_tower", "AlexNet", 12, 60e6, 5e6),
    ("vgg16", "VGG-16", 27, 138e6, 5e6),
)
"""Network, its name, how many times fewer parameters GoogLeNet is said to have, and the two counts that give this."""

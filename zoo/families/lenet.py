"""LeNet-5, original and modern (LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document
recognition).

Images smaller than 32 pixels are padded with zeros to 32, as the 28-pixel digits were.
"""

import torch
from torch import Tensor, nn

from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelCard, Result, Task
from zoo.forms import small_only
from zoo.registry import ONE_BY_ONE, fixed, register

SIDE = 32
MNIST = Task(num_classes=10, image_size=SIDE, channels=1)

# The input maps (of the six maps of S2) of each of the sixteen maps of C3 (table I): six runs of three, six runs of
# four, three sets of four with gaps, and one of all six.
C3_SOURCES: tuple[tuple[int, ...], ...] = (
    *(tuple(sorted((start + step) % 6 for step in range(3))) for start in range(6)),
    *(tuple(sorted((start + step) % 6 for step in range(4))) for start in range(6)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

# The output codes are 7 x 12 bitmaps of the digits: +1 for ink, -1 elsewhere. They were drawn anew, after figure 3.
DIGITS: tuple[str, ...] = (
    ".#####. ##...## ##...## ##...## ##...## ##...## ##...## ##...## ##...## ##...## ##...## .#####.",
    "...##.. ..###.. .####.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. .######",
    ".#####. ##...## .....## .....## ....##. ...##.. ..##... .##.... ##..... ##..... ##..... #######",
    "#######. ....## ...##.. ..##... .####.. ....##. .....## .....## .....## ##...## ##...## .#####.",
    "....##. ...###. ..####. .##.##. ##..##. ##..##. ####### ####### ....##. ....##. ....##. ....##.",
    "####### ##..... ##..... ##..... ######. .....## .....## .....## .....## .....## ##...## .#####.",
    "..####. .##.... ##..... ##..... ##..... ######. ##...## ##...## ##...## ##...## ##...## .#####.",
    "####### .....## .....## ....##. ....##. ...##.. ...##.. ..##... ..##... .##.... .##.... .##....",
    ".#####. ##...## ##...## ##...## ##...## .#####. ##...## ##...## ##...## ##...## ##...## .#####.",
    ".#####. ##...## ##...## ##...## ##...## ##...## .###### .....## .....## .....## ....##. .####..",
)


class ScaledTanh(nn.Module):
    """1.7159 tanh(2x / 3): the squashing function of the paper's appendix A."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2.0 / 3.0))


class Subsampling(nn.Module):
    """2x2 average pooling, then one trainable coefficient and one trainable bias for each map, then the tanh."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.pool = nn.AvgPool2d(2)
        self.squash = ScaledTanh()

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        out: Tensor = self.squash(self.pool(x) * self.coefficient + self.bias)  # (B, C, H / 2, W / 2)
        return out


class SparseConv(nn.Module):
    """C3: every output map is connected to its own subset of the input maps."""

    def __init__(self, sources: tuple[tuple[int, ...], ...], kernel: int) -> None:
        super().__init__()
        self.sources = [list(source) for source in sources]
        self.maps = nn.ModuleList(nn.Conv2d(len(source), 1, kernel) for source in sources)

    def forward(self, x: Tensor) -> Tensor:  # (B, 6, H, W)
        maps: list[Tensor] = []
        for index, conv in enumerate(self.maps):
            maps.append(conv(x[:, self.sources[index]]))
        return torch.cat(maps, dim=1)  # (B, 16, H', W')


class RadialBasis(nn.Module):
    """One unit for each class. Its logit is minus the squared distance to the code of the class. It has no parameters.

    The first ten codes are bitmaps of the digits, as published. Further classes have random codes of +1 and -1, from a
    fixed seed.
    """

    codes: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        drawn = [[1.0 if ink == "#" else -1.0 for ink in digit if ink != " "] for digit in DIGITS[:num_classes]]
        generator = torch.Generator().manual_seed(0)
        more = (
            torch.randint(0, 2, (max(0, num_classes - len(drawn)), 84), generator=generator, device="cpu") * 2.0 - 1.0
        )
        codes = torch.cat([torch.tensor(drawn, device="cpu"), more])  # (num_classes, 84)
        self.register_buffer("codes", codes.to(torch.get_default_device()))

    def forward(self, x: Tensor) -> Tensor:  # (B, 84)
        return -(x[:, None, :] - self.codes).square().sum(dim=2)  # (B, num_classes)


def _padding(task: Task) -> nn.Module:
    missing = max(0, SIDE - task.image_size)
    before = missing // 2
    return nn.ZeroPad2d((before, missing - before, before, missing - before))


def _initialise(network: nn.Module) -> None:
    """Uniform in ±2.4 / fan-in (appendix A of the paper)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            bound = 2.4 / module.weight[0].numel()
            nn.init.uniform_(module.weight, -bound, bound)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class OriginalLeNet5(nn.Sequential):
    """As published: sparse C3, trainable subsampling, radial basis output.

    (B, channels, H, W) of up to 32 pixels -> (B, num_classes).
    """

    def __init__(self, task: Task) -> None:
        super().__init__()
        if task.image_size > SIDE:
            raise UsageError(
                f"lenet5_original takes images of up to {SIDE} pixels; got {task.image_size}. "
                "For larger images take 'lenet5'"
            )
        self.pad = _padding(task)
        self.c1 = nn.Conv2d(task.channels, 6, 5)
        self.squash1 = ScaledTanh()
        self.s2 = Subsampling(6)
        self.c3 = SparseConv(C3_SOURCES, 5)
        self.squash3 = ScaledTanh()
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.squash5 = ScaledTanh()
        self.flatten = nn.Flatten()
        self.f6 = nn.Linear(120, 84)
        self.squash6 = ScaledTanh()
        self.output = RadialBasis(task.num_classes)
        _initialise(self)


class LeNet5(nn.Sequential):
    """As it is taught today: dense C3, ReLU, max-pooling, a linear output. (B, channels, H, W) -> (B, num_classes)."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        side = ((max(task.image_size, SIDE) - 4) // 2 - 4) // 2
        self.pad = _padding(task)
        self.conv1 = nn.Conv2d(task.channels, 6, 5)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc3 = nn.Linear(16 * side * side, 120)
        self.relu3 = nn.ReLU()
        self.fc4 = nn.Linear(120, 84)
        self.relu4 = nn.ReLU()
        self.fc5 = nn.Linear(84, task.num_classes)


PAPER = "LeCun et al. 1998, Gradient-based learning applied to document recognition"

ORIGINAL = ModelCard(
    name="lenet5_original",
    family="lenet",
    paper=PAPER,
    year=1998,
    task=MNIST,
    params=60_000,
    macs=325_680,
    verified="C",
    results=(
        Result("mnist_error", 0.95, PAPER, "M"),
        Result("mnist_error", 0.8, PAPER + ", distorted training images", "M"),
    ),
    note="sparse C3, trainable subsampling; the radial basis output is fixed; the digits' codes are drawn anew",
)
MODERN = ModelCard(
    name="lenet5",
    family="lenet",
    paper=PAPER,
    year=1998,
    task=MNIST,
    params=61_706,
    macs=416_520,
    verified="C",
    note="dense C3, ReLU, max-pooling and a linear output, as it is taught today; the original is lenet5_original",
)

register(ORIGINAL, scaled=fixed(ONE_BY_ONE))(small_only(ORIGINAL, OriginalLeNet5, "alexnet"))
register(MODERN, scaled=fixed(ONE_BY_ONE))(small_only(MODERN, LeNet5, "alexnet"))

"""GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842) as published, and torchvision's variant of it.

As published: biases, no batch normalisation, 5x5 kernels, local response normalisation in the stem, two auxiliary heads
in training. torchvision's variant has batch normalisation, 3x3 kernels instead of 5x5, and no response normalisation.
"""

from functools import partial

from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.families.alexnet import response_norm
from zoo.inception_modules import ConvMaker, ReducedInception, conv_bn_relu, conv_relu
from zoo.library import IMAGENET, is_small
from zoo.registry import MODULES_DIFFER, fixed, register
from zoo.third_party import from_torchvision, torchvision_loader

PAPER = "Szegedy et al. 2014, arXiv:1409.4842"

# Table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
MODULES: dict[str, tuple[int, int, int, int, int, int]] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class AuxiliaryHead(nn.Sequential):
    """Average pooling to 4x4, 1x1 convolution to 128, a dense layer of 1,024, dropout, classifier."""

    def __init__(self, c_in: int, side: int, num_classes: int, conv: ConvMaker) -> None:
        pool = nn.AvgPool2d(5, 3) if 14 <= side <= 16 else nn.AdaptiveAvgPool2d(4)
        super().__init__(
            pool,
            conv(c_in, 128, 1, 1),
            nn.Flatten(),
            nn.Linear(128 * 4 * 4, 1024),
            nn.ReLU(inplace=True),
            nn.Dropout(0.7),
            nn.Linear(1024, num_classes),
        )


class GoogLeNet(nn.Module):
    """(B, C, H, W) -> logits (B, num_classes). With `aux_heads`, training mode returns a tuple: these logits, and those
    of the heads after modules 4a and 4d.

    `library_form` is torchvision's variant. For small images, the first layer is a 3x3 convolution of stride 1, and
    there is no pooling before module 3a.
    """

    def __init__(self, task: Task, aux_heads: bool = False, library_form: bool = False) -> None:
        super().__init__()
        small = is_small(task)
        conv: ConvMaker = conv_bn_relu if library_form else conv_relu
        normalise = [] if library_form or small else [response_norm()]
        halve = [] if small else [nn.MaxPool2d(3, 2, ceil_mode=True)]
        self.stem = nn.Sequential(
            conv(task.channels, 64, 3, 1) if small else conv(task.channels, 64, 7, 2),
            *halve,
            *normalise,
            conv(64, 64, 1, 1),
            conv(64, 192, 3, 1),
            *normalise,
            *halve,
        )  # (B, 192, 28, 28) for images of 224 pixels
        c_in = 192
        self.inceptions = nn.ModuleDict()
        for name, widths in MODULES.items():
            module = ReducedInception(c_in, *widths, kernel_5x5=3 if library_form else 5, conv=conv)
            self.inceptions[name] = module
            c_in = module.channels
        self.pool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.pool4 = nn.MaxPool2d(2 if library_form else 3, 2, ceil_mode=True)
        side = -(-task.image_size // (2 if small else 16))
        self.aux = nn.ModuleDict(
            {
                "4a": AuxiliaryHead(512, side, task.num_classes, conv),
                "4d": AuxiliaryHead(528, side, task.num_classes, conv),
            }
            if aux_heads
            else {}
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.2 if library_form else 0.4)
        self.fc = nn.Linear(c_in, task.num_classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:  # (B, C, H, W)
        aux_logits: list[Tensor] = []
        x = self.stem(x)
        for name, module in self.inceptions.items():
            x = module(x)
            if self.training:
                for place, head in self.aux.items():
                    if place == name:
                        aux_logits.append(head(x))
            if name == "3b":
                x = self.pool3(x)
            elif name == "4e":
                x = self.pool4(x)
        logits: Tensor = self.fc(self.dropout(self.flatten(self.pool(x))))  # (B, num_classes)
        if len(aux_logits) == 2:
            return logits, aux_logits[0], aux_logits[1]
        return logits


def _initialise(network: nn.Module) -> None:
    """He normal: without batch normalisation, the signal vanishes over 22 layers with PyTorch's default."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _library_form(task: Task) -> nn.Module:
    if is_small(task):
        return GoogLeNet(task, library_form=True)
    return from_torchvision("googlenet", task, aux_logits=False, init_weights=False)


CARD = ModelCard(
    name="googlenet",
    family="inception",
    paper=PAPER,
    year=2014,
    task=IMAGENET,
    params=6_998_552,
    macs=1_582_671_872,
    verified="C",
    results=(
        Result("top1_error", 30.2, "arXiv:1707.07012, table 3, as Inception v1 (69.8 / 89.9)", "P"),
        Result("top5_error", 10.1, "arXiv:1707.07012, table 3, as Inception v1 (69.8 / 89.9)", "P"),
        Result("top5_error", 10.07, PAPER + ", table 3, one crop, quoted", "S"),
        Result("top5_error", 6.67, PAPER + ", table 3, ensemble of 7, quoted", "S"),
    ),
    note="5x5 kernels, biases, no batch normalisation; without the auxiliary heads, which googlenet_aux has",
)
WITH_AUX = ModelCard(
    name="googlenet_aux",
    family="inception",
    paper=PAPER,
    year=2014,
    task=IMAGENET,
    params=13_378_280,
    macs=1_582_671_872,
    verified="C",
    note="googlenet with its two auxiliary heads: params with them; they run in training alone and return their "
    "logits after the main ones",
)
LIBRARY = ModelCard(
    name="googlenet_bn",
    family="inception",
    paper=PAPER,
    year=2014,
    task=IMAGENET,
    params=6_624_904,
    macs=1_498_376_192,
    verified="C",
    origin="torchvision",
    results=(
        Result("top1_error", 30.222, "torchvision IMAGENET1K_V1", "R"),
        Result("top5_error", 10.47, "torchvision IMAGENET1K_V1", "R"),
    ),
    note="torchvision's: batch normalisation, 3x3 kernels where the paper has 5x5; no auxiliary heads. Small images: "
    "own code",
)

register(CARD, scaled=fixed(MODULES_DIFFER))(GoogLeNet)
register(WITH_AUX, scaled=fixed(MODULES_DIFFER))(partial(GoogLeNet, aux_heads=True))
register(
    LIBRARY,
    torchvision_loader("GoogLeNet_Weights.IMAGENET1K_V1", r"aux\d\.", converts_input=True),
    fixed(MODULES_DIFFER),
)(_library_form)

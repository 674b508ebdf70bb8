"""CycleMLP (Chen et al. 2022, arXiv:2107.10224): dense layers over channels whose inputs come from neighbouring pixels,
with an offset that depends on the channel.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import Scaling, register

PAPER = "Chen et al. 2022, arXiv:2107.10224"
RELEASED = "released repository ShoufaChen/CycleMLP"
STEPS = (0, 1, -1)
"""Channel i is read STEPS[i % 3] pixels ahead (pseudo-kernel 1 x 3). Outside the image, the value is zero."""
SMALLEST = 65


class CycleFC(nn.Linear):
    """A dense layer over channels, each read at its offset in STEPS along one axis (1: rows, 2: columns)."""

    def __init__(self, channels: int, axis: int) -> None:
        super().__init__(channels, channels)
        self.axis = axis
        self.padding = [0, 0, 1, 1] if axis == 2 else [0, 0, 0, 0, 1, 1]
        self.steps = list(STEPS)

    def forward(self, x: Tensor) -> Tensor:  # (B, H, W, C) -> (B, H, W, C)
        size = x.shape[self.axis]
        padded = functional.pad(x, self.padding)  # (B, H + 2, W, C) or (B, H, W + 2, C)
        views = [padded.narrow(self.axis, 1 + step, size) for step in self.steps]  # (B, H, W, C) each
        which = torch.arange(x.shape[3], device=x.device) % len(views)  # (C,)
        shifted = torch.where(which == 0, views[0], torch.where(which == 1, views[1], views[2]))  # (B, H, W, C)
        return functional.linear(shifted, self.weight, self.bias)


class Mlp(nn.Sequential):
    """Dense layer, GELU, dense layer."""

    def __init__(self, c_in: int, hidden: int, c_out: int) -> None:
        super().__init__(nn.Linear(c_in, hidden), nn.GELU(), nn.Linear(hidden, c_out))


def weighted(outputs: Tensor, weigh: nn.Module) -> Tensor:  # (3, B, H, W, C) -> (B, H, W, C)
    """The sum of three outputs with softmax weights, one a channel, which `weigh` computes from the whole image."""
    context = weigh(outputs.sum(dim=0).mean(dim=(1, 2)))  # (B, 3C)
    weights = context.unflatten(1, (-1, 3)).softmax(dim=2).permute(2, 0, 1)  # (3, B, C)
    total: Tensor = (outputs * weights[:, :, None, None]).sum(dim=0)  # (B, H, W, C)
    return total


def start_dense(network: nn.Module) -> None:
    """Draws the weights of all dense layers from a truncated normal distribution; their biases are 0."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class CycleMixer(nn.Module):
    """Three layers, along columns, along rows and in place. Their outputs are combined with softmax weights, which are
    computed from the whole image.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.along_columns, self.along_rows = CycleFC(channels, axis=2), CycleFC(channels, axis=1)
        self.in_place = nn.Linear(channels, channels, bias=False)
        self.weigh = Mlp(channels, channels // 4, 3 * channels)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, H, W, C)
        outputs = torch.stack([self.along_columns(x), self.along_rows(x), self.in_place(x)])  # (3, B, H, W, C)
        mixed: Tensor = self.project(weighted(outputs, self.weigh))  # (B, H, W, C)
        return mixed


class CycleBlock(nn.Module):
    """A cycle mixer, then a channel MLP. Both are pre-normalised residual branches."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        self.norm_1, self.mixer = nn.LayerNorm(channels), CycleMixer(channels)
        self.norm_2, self.mlp = nn.LayerNorm(channels), Mlp(channels, ratio * channels, channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, H, W, C)
        x = x + self.mixer(self.norm_1(x))
        y: Tensor = x + self.mlp(self.norm_2(x))
        return y


class Embed(nn.Module):
    """A strided convolution on channels-last tensors: (B, H, W, C_in) -> (B, H', W', C_out)."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x.permute(0, 3, 1, 2))  # (B, C_out, H', W')
        return y.permute(0, 2, 3, 1)  # (B, H', W', C_out)


class CycleMLP(nn.Module):
    """Four stages, the first at a quarter of the image's side: (B, channels, H, W) -> (B, num_classes)."""

    def __init__(self, task: Task, layers: tuple[int, ...], widths: tuple[int, ...], ratios: tuple[int, ...]) -> None:
        super().__init__()
        parts: list[nn.Module] = [Embed(task.channels, widths[0], 7, 4, 2)]
        for stage, (count, width, ratio) in enumerate(zip(layers, widths, ratios, strict=True)):
            if stage > 0:
                parts.append(Embed(widths[stage - 1], width, 3, 2, 1))
            parts.extend(CycleBlock(width, ratio) for _ in range(count))
        self.body = nn.Sequential(*parts)
        self.norm = nn.LayerNorm(widths[-1])
        self.classifier = nn.Linear(widths[-1], task.num_classes)
        start_dense(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.body(x.permute(0, 2, 3, 1)))  # (B, H / 32, W / 32, C)
        logits: Tensor = self.classifier(x.mean(dim=(1, 2)))  # (B, num_classes)
        return logits


@dataclass(frozen=True)
class Scale:
    """A published size: blocks, widths and MLP ratios of its stages, and its counts.

    `printed_gmacs` are the MACs in the released repository, in units of 1e9. `top1_error` is in percent.
    """

    layers: tuple[int, ...]
    widths: tuple[int, ...]
    ratios: tuple[int, ...]
    params: int
    macs: int
    printed_gmacs: float
    top1_error: float


NARROW, WIDE = (64, 128, 320, 512), (96, 192, 384, 768)
PUBLISHED = {
    "b1": Scale((2, 2, 4, 2), NARROW, (4, 4, 4, 4), 15_155_400, 2_121_523_200, 2.1, 21.1),
    "b2": Scale((2, 3, 10, 3), NARROW, (4, 4, 4, 4), 26_802_504, 3_875_766_272, 3.9, 18.4),
    "b3": Scale((3, 4, 18, 3), NARROW, (8, 8, 4, 4), 38_385_720, 6_830_968_832, 6.9, 17.6),
    "b4": Scale((3, 8, 27, 3), NARROW, (8, 8, 4, 4), 51_796_552, 10_027_163_648, 10.1, 17.0),
    "b5": Scale((3, 4, 24, 3), WIDE, (4, 4, 4, 4), 75_747_280, 12_232_436_736, 12.3, 16.8),
}


def cyclemlp(
    task: Task,
    width: float = 1.0,
    depth: float = 1.0,
    rounding: str = "",
    *,
    layers: tuple[int, ...],
    widths: tuple[int, ...],
    ratios: tuple[int, ...],
) -> nn.Module:
    """The network at any width and depth."""
    deeper = tuple(repeats_by(rounding, count, depth) for count in layers)
    return CycleMLP(task, deeper, tuple(channels_by(rounding, each, width) for each in widths), ratios)


def _register(name: str, scale: Scale) -> None:
    card = ModelCard(
        name=f"cyclemlp_{name}",
        family="cyclemlp",
        paper=PAPER,
        year=2021,
        task=IMAGENET,
        params=scale.params,
        macs=scale.macs,
        results=(Result("top1_error", scale.top1_error, RELEASED, "R"),),
        verified="C",
        note=f"large images only; the repository prints {scale.printed_gmacs} G MACs",
    )
    network = partial(cyclemlp, layers=scale.layers, widths=scale.widths, ratios=scale.ratios)
    build = large_only(card, network, "mixer_s16", SMALLEST)
    register(card, scaled=Scaling(build))(build)


for _name, _scale in PUBLISHED.items():
    _register(_name, _scale)

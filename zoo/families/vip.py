"""Vision Permutator (Hou et al. 2021, arXiv:2106.12368): dense layers along height, width and channels.

A layer along the height reads all rows and C / S channels at once: the channels are cut into S segments whose size
times the rows gives C again. So a network is built for one image size.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelCard, Result, Task
from zoo.families.cyclemlp import Mlp, start_dense, weighted
from zoo.library import IMAGENET
from zoo.registry import fixed, register

PAPER = "Hou et al. 2021, arXiv:2106.12368"
README = "github.com/houqb/VisionPermutator"
SEGMENTS = "its channels are cut into as many segments as an image has rows of patches"
WHOLE_ROWS = "its dense layers read whole rows and columns"
RATIO = 3
"""Hidden channels of a block's MLP, divided by its channels."""


class PermuteMlp(nn.Module):
    """(B, H, W, C) -> the same shape. Dense layers over rows, over columns and over channels, weighted by softmax."""

    def __init__(self, channels: int, segments: int) -> None:
        super().__init__()
        self.segments = segments
        self.over_channels, self.over_rows, self.over_columns = (
            nn.Linear(channels, channels, bias=False) for _ in range(3)
        )
        self.weigh = Mlp(channels, channels // 4, 3 * channels)
        self.project = nn.Linear(channels, channels)

    def _along(self, x: Tensor, layer: nn.Linear) -> Tensor:
        """`layer` over the second axis and the channels of each segment: (B, N, M, C) -> (B, N, M, C)."""
        batch, n, m, channels = x.shape
        parts = x.unflatten(3, (self.segments, channels // self.segments)).permute(0, 3, 2, 1, 4)  # (B, S, M, N, C / S)
        mixed = layer(parts.reshape(batch, self.segments, m, channels))  # (B, S, M, N * C / S = C)
        parts = mixed.unflatten(3, (n, channels // self.segments))  # (B, S, M, N, C / S)
        out: Tensor = parts.permute(0, 3, 2, 1, 4).reshape(batch, n, m, channels)
        return out

    def forward(self, x: Tensor) -> Tensor:
        rows = self._along(x, self.over_rows)
        columns = self._along(x.transpose(1, 2), self.over_columns).transpose(1, 2)
        outputs = torch.stack([rows, columns, self.over_channels(x)])  # (3, B, H, W, C)
        mixed: Tensor = self.project(weighted(outputs, self.weigh))  # (B, H, W, C)
        return mixed


class Block(nn.Module):
    """A permuting layer and an MLP over channels, each a pre-normalised residual branch: (B, H, W, C) -> the same."""

    def __init__(self, channels: int, segments: int) -> None:
        super().__init__()
        self.norm_1, self.mixer = nn.LayerNorm(channels), PermuteMlp(channels, segments)
        self.norm_2 = nn.LayerNorm(channels)
        self.mlp = Mlp(channels, RATIO * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixer(self.norm_1(x))
        y: Tensor = x + self.mlp(self.norm_2(x))
        return y


class Cut(nn.Conv2d):
    """Patches of a channels-last tensor as channels: (B, H, W, C_in) -> (B, H / p, W / p, C_out)."""

    def __init__(self, c_in: int, c_out: int, patch: int) -> None:
        super().__init__(c_in, c_out, patch, patch)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


@dataclass(frozen=True)
class Scale:
    """A published size: side of a patch; channels and blocks of its stages; the stage after which the side halves; its
    counts; top-1 error in percent, 0 where the repository prints none.
    """

    patch: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    halves_after: int | None
    params: int
    macs: int
    top1_error: float


class VisionPermutator(nn.Module):
    """(B, channels, H, W) -> (B, num_classes). H and W are the task's image size."""

    def __init__(
        self, task: Task, patch: int, widths: tuple[int, ...], blocks: tuple[int, ...], halves_after: int | None
    ) -> None:
        super().__init__()
        side = task.image_size // patch
        parts: list[nn.Module] = [Cut(task.channels, widths[0], patch)]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            if stage > 0 and (halves_after == stage - 1 or widths[stage - 1] != width):
                step = 2 if halves_after == stage - 1 else 1
                parts.append(Cut(widths[stage - 1], width, step))
                side //= step
            parts.extend(Block(width, side) for _ in range(count))
        self.body = nn.Sequential(*parts)
        self.norm = nn.LayerNorm(widths[-1])
        self.classifier = nn.Linear(widths[-1], task.num_classes)
        start_dense(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.body(x.permute(0, 2, 3, 1)))  # (B, H', W', C)
        logits: Tensor = self.classifier(x.mean(dim=(1, 2)))  # (B, num_classes)
        return logits


PUBLISHED = {
    "s14": Scale(14, (384,) * 4, (4, 3, 8, 3), None, 29_892_904, 6_855_613_440, 0.0),
    "s7": Scale(7, (192, 384, 384, 384), (4, 3, 8, 3), 0, 25_114_984, 6_901_767_168, 18.5),
    "m7": Scale(7, (256, 256, 512, 512), (4, 3, 14, 3), 1, 55_272_488, 16_284_307_456, 17.3),
    "l7": Scale(7, (256, 512, 512, 512), (8, 8, 16, 4), 0, 87_784_936, 24_340_320_256, 16.8),
}


def vip(
    task: Task, name: str, patch: int, widths: tuple[int, ...], blocks: tuple[int, ...], halves_after: int | None
) -> nn.Module:
    """The network for images of 224 pixels: its segments fit no other size."""
    if task.image_size != IMAGENET.image_size:
        raise UsageError(
            f"{name!r} exists for images of {IMAGENET.image_size} px only: its dense layers read whole rows and "
            f"columns; got {task.image_size} px. For other sizes take 'cyclemlp_b1' or 's2mlp_deep'"
        )
    return VisionPermutator(task, patch, widths, blocks, halves_after)


for _size, _scale in PUBLISHED.items():
    _card = ModelCard(
        name=f"vip_{_size}",
        family="vip",
        paper=PAPER,
        year=2021,
        task=IMAGENET,
        params=_scale.params,
        macs=_scale.macs,
        results=(Result("top1_error", _scale.top1_error, README, "R"),) if _scale.top1_error else (),
        verified="C",
        note="images of 224 px only",
    )
    register(_card, scaled=fixed(SEGMENTS, WHOLE_ROWS))(
        partial(
            vip,
            name=_card.name,
            patch=_scale.patch,
            widths=_scale.widths,
            blocks=_scale.blocks,
            halves_after=_scale.halves_after,
        )
    )

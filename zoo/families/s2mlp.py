"""S2-MLP (Yu et al. 2022, arXiv:2106.07477): tokens are mixed only by shifting groups of channels by one patch.

It works with any number of patches.
"""

from functools import partial

import torch
from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.library import IMAGENET
from zoo.patches import patch_for, patch_side
from zoo.registry import Scaling, register

PAPER = "Yu et al. 2022, arXiv:2106.07477"
QUOTED = "quoted in later papers' tables"
PATCH, RATIO = 16, 4


def spatial_shift(x: Tensor) -> Tensor:  # (B, H, W, C) -> (B, H, W, C)
    """Shifts one quarter of the channels down, up, right and left by one patch each.

    Patches at the edge without a source keep their own values.
    """
    down, up, right, left = x.chunk(4, dim=3)  # (B, H, W, C / 4) each
    return torch.cat(
        [
            torch.cat([down[:, :1], down[:, :-1]], dim=1),
            torch.cat([up[:, 1:], up[:, -1:]], dim=1),
            torch.cat([right[:, :, :1], right[:, :, :-1]], dim=2),
            torch.cat([left[:, :, 1:], left[:, :, -1:]], dim=2),
        ],
        dim=3,
    )  # (B, H, W, C)


class ShiftBlock(nn.Module):
    """Two residual branches of two dense layers each: with the shift between them, and with a wider hidden layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width)
        self.before, self.after = nn.Linear(width, width), nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, RATIO * width), nn.Linear(RATIO * width, width)
        self.gelu = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:  # (B, H, W, C)
        x = x + self.after(spatial_shift(self.gelu(self.before(self.norm_1(x)))))
        y: Tensor = x + self.narrow(self.gelu(self.widen(self.norm_2(x))))
        return y


class S2MLP(nn.Module):
    """(B, channels, H, W) -> (B, num_classes)."""

    def __init__(self, task: Task, patch: int, width: int, blocks: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(task.channels, width, patch, patch)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(ShiftBlock(width) for _ in range(blocks)))
        self.classifier = nn.Linear(width, task.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.embed(x).permute(0, 2, 3, 1))  # (B, H / patch, W / patch, C)
        logits: Tensor = self.classifier(self.blocks(x).mean(dim=(1, 2)))  # (B, num_classes)
        return logits


def s2mlp(
    task: Task, wider: float = 1.0, deeper: float = 1.0, rounding: str = "", *, name: str, width: int, blocks: int
) -> nn.Module:
    """The network at any width and depth, on patches of 16 pixels, or of 4 pixels for small images."""
    hidden, count = channels_by(rounding, width, wider), repeats_by(rounding, blocks, deeper)
    return S2MLP(task, patch_for(name, task, PATCH), hidden, count)


def _register(name: str, width: int, blocks: int, params: int, macs: int, result: Result, printed: str) -> None:
    build = partial(s2mlp, name=name, width=width, blocks=blocks)
    register(
        ModelCard(
            name=name,
            family="s2mlp",
            paper=PAPER,
            year=2021,
            task=IMAGENET,
            params=params,
            macs=macs,
            results=(result,),
            note=f"the paper prints {printed} params; where the normalisations stand is not verified; patches of 4 px "
            "up to 64 px",
        ),
        scaled=Scaling(
            build,
            "blocks up; hidden width to multiples of 8; pixels to a multiple of the patch",
            pixel_step=partial(patch_side, patch=PATCH),
        ),
    )(build)


_register("s2mlp_wide", 768, 12, 72_241_384, 13_989_033_984, Result("top1_error", 20.0, PAPER, "M"), "71M")
_register("s2mlp_deep", 384, 36, 53_917_288, 10_462_682_112, Result("top1_error", 19.3, QUOTED, "S"), "51M")

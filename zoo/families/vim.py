"""Vision Mamba (Zhu et al. 2024, arXiv:2401.09417): state spaces that select, over patches in both directions.

A state space is a linear recurrence h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t, y_t = C_t h_t + D x_t, whose step dt and
matrices B and C depend on the input. The released code has a kernel for it; here log2(L) rounds of doubling give the
same in plain torch, with all places at once. Only dense layers, convolutions and C_t h_t are multiply-adds that count.
"""

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.library import IMAGENET
from zoo.patches import on_patches, patch_for
from zoo.registry import register

PAPER = "Zhu et al. 2024, arXiv:2401.09417"
README = "github.com/hustvl/Vim"
PATCH, LAYERS, STATES, KERNEL, EXPAND = 16, 24, 16, 4, 2
STEP_MIN, STEP_MAX, STEP_FLOOR = 0.001, 0.1, 1e-4
"""The range of the steps dt at the start, as released."""


def recurrence(decay: Tensor, inputs: Tensor) -> Tensor:
    """h_t = decay_t * h_{t-1} + inputs_t along dimension 1, from h = 0: (B, L, ...) -> (B, L, ...).

    Each round joins the windows of 2**k steps that end at t and at t - 2**k. Decays up to 1 keep it stable.
    """
    length, reach = decay.shape[1], 1
    while reach < length:
        earlier = torch.cat([torch.zeros_like(inputs[:, :reach]), inputs[:, :-reach]], dim=1)  # (B, L, ...)
        inputs = inputs + decay * earlier
        earlier = torch.cat([torch.zeros_like(decay[:, :reach]), decay[:, :-reach]], dim=1)  # (B, L, ...)
        decay = decay * earlier
        reach *= 2
    return inputs


class RmsNorm(nn.Module):
    """Divides by the root mean square of the channels: (B, L, C) -> (B, L, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + 1e-5) * self.weight


class Scan(nn.Module):
    """One direction: a causal depthwise convolution and a selective state space, (B, L, C) -> (B, L, C)."""

    def __init__(self, channels: int, rank: int) -> None:
        super().__init__()
        self.rank = rank
        self.conv = nn.Conv1d(channels, channels, KERNEL, groups=channels, padding=KERNEL - 1)
        self.select = nn.Linear(channels, rank + 2 * STATES, bias=False)
        self.step = nn.Linear(rank, channels)
        self.log_decay = nn.Parameter(torch.log(torch.arange(1.0, STATES + 1)).repeat(channels, 1))  # (C, N)
        self.skip = nn.Parameter(torch.ones(channels))
        nn.init.uniform_(self.step.weight, -(rank**-0.5), rank**-0.5)
        span = math.log(STEP_MAX) - math.log(STEP_MIN)
        steps = torch.exp(torch.rand(channels) * span + math.log(STEP_MIN)).clamp(min=STEP_FLOOR)
        with torch.no_grad():
            self.step.bias.copy_(steps + torch.log(-torch.expm1(-steps)))  # softplus of it is `steps`

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        x = functional.silu(self.conv(x.transpose(1, 2))[..., :length]).transpose(1, 2)  # (B, L, C)
        low, into, out = self.select(x).split([self.rank, STATES, STATES], dim=2)  # (B, L, rank), (B, L, N) twice
        step = functional.softplus(self.step(low))  # (B, L, C)
        decay = torch.exp(-step[..., None] * torch.exp(self.log_decay))  # (B, L, C, N)
        states = recurrence(decay, (step * x)[..., None] * into[:, :, None])  # (B, L, C, N)
        y: Tensor = (states @ out[..., None]).squeeze(3) + self.skip * x  # (B, L, C)
        return y


class Mixer(nn.Module):
    """Both directions, gated and averaged: (B, L, C) -> (B, L, C)."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        inner, rank = EXPAND * channels, math.ceil(channels / 16)
        self.widen = nn.Linear(channels, 2 * inner, bias=False)
        self.forwards, self.backwards = Scan(inner, rank), Scan(inner, rank)
        self.narrow = nn.Linear(inner, channels, bias=False)
        nn.init.kaiming_uniform_(self.narrow.weight, a=math.sqrt(5))
        with torch.no_grad():
            self.narrow.weight /= math.sqrt(layers)

    def forward(self, x: Tensor) -> Tensor:
        x, gate = self.widen(x).chunk(2, dim=2)  # (B, L, 2C) each
        both = self.forwards(x) + self.backwards(x.flip(1)).flip(1)
        out: Tensor = self.narrow(both * functional.silu(gate) / 2)  # (B, L, C)
        return out


class VisionMamba(nn.Module):
    """(B, channels, H, W) -> (B, num_classes). The class token stands in the middle of the patches."""

    def __init__(self, task: Task, patch: int, width: int, layers: int = LAYERS) -> None:
        super().__init__()
        patches = (task.image_size // patch) ** 2
        self.embed = nn.Conv2d(task.channels, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.zeros(1, patches + 1, width))
        self.norms = nn.ModuleList(RmsNorm(width) for _ in range(layers))
        self.mixers = nn.ModuleList(Mixer(width, layers) for _ in range(layers))
        self.norm = RmsNorm(width)
        self.classifier = nn.Linear(width, task.num_classes)
        for tensor in (self.token, self.position, self.classifier.weight):
            nn.init.trunc_normal_(tensor, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)  # (B, patches, width)
        middle = x.shape[1] // 2
        x = torch.cat([x[:, :middle], self.token.expand(x.shape[0], -1, -1), x[:, middle:]], dim=1) + self.position
        for norm, mixer in zip(self.norms, self.mixers, strict=True):
            x = x + mixer(norm(x))  # (B, patches + 1, width)
        logits: Tensor = self.classifier(self.norm(x)[:, middle])  # (B, num_classes)
        return logits


def vim(task: Task, wider: float = 1.0, deeper: float = 1.0, rounding: str = "", *, name: str, width: int) -> nn.Module:
    """The network at any width and depth, on patches of 16 pixels, or of 4 pixels for small images."""
    channels, layers = channels_by(rounding, width, wider), repeats_by(rounding, LAYERS, deeper)
    return VisionMamba(task, patch_for(name, task, PATCH), channels, layers)


# name, width, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, int, int, float, float], ...] = (
    ("vim_tiny", 192, 7_148_008, 1_351_036_416, 23.9, 7.0),
    ("vim_small", 384, 25_796_584, 4_967_881_728, 19.5, 4.9),
)

for _name, _width, _params, _macs, _top1, _top5 in NETWORKS:
    _card = ModelCard(
        name=_name,
        family="vim",
        paper=PAPER,
        year=2024,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(Result("top1_error", _top1, README, "R"), Result("top5_error", _top5, README, "R")),
        verified="C",
        note="the recurrence itself is no multiply-add that is counted; patches of 4 px up to 64 px",
    )
    _build = partial(vim, name=_name, width=_width)
    register(_card, scaled=on_patches(_build, PATCH))(_build)

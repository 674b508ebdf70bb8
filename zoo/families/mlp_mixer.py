"""timm's MLP-Mixer (Tolstikhin et al. 2021, arXiv:2105.01601). The patches must tile the image."""

from timm.models.mlp_mixer import MlpMixer
from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.library import IMAGENET, timm_weights
from zoo.patches import on_patches, patch_for
from zoo.registry import register

PAPER = "Tolstikhin et al. 2021, arXiv:2105.01601"
SIZES = {"s": (8, 512), "b": (12, 768), "l": (24, 1024)}
"""Layers and hidden width (table 1)."""


def _register(size: str, patch: int, params: int, macs: int, results: tuple[Result, ...] = (), tag: str = "") -> None:
    name = f"mixer_{size}{patch}"

    def build(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
        blocks, hidden = SIZES[size]
        side = patch_for(name, task, patch)
        return MlpMixer(
            num_classes=task.num_classes,
            img_size=task.image_size,
            in_chans=task.channels,
            patch_size=side,
            num_blocks=repeats_by(rounding, blocks, depth),
            embed_dim=channels_by(rounding, hidden, width),
        )

    card = ModelCard(
        name=name,
        family="mlp_mixer",
        paper=PAPER,
        year=2021,
        task=IMAGENET,
        params=params,
        macs=macs,
        results=results,
        verified="C",
        origin="timm",
        note="patches of 4 px up to 64 px",
    )
    register(card, timm_weights(tag) if tag else None, on_patches(build, patch))(build)


_register("s", 32, 19_104_624, 1_002_426_368)
_register("s", 16, 18_528_264, 3_776_958_464)
_register("b", 32, 60_293_428, 3_237_722_112)
_register(
    "b",
    16,
    59_880_472,
    12_601_767_936,
    (
        Result("top1_error", 23.38, "timm mixer_b16_224.goog_in21k_ft_in1k (pre-trained on ImageNet-21k)", "R"),
        Result("top5_error", 7.75, "timm mixer_b16_224.goog_in21k_ft_in1k (pre-trained on ImageNet-21k)", "R"),
        Result("top1_error", 23.56, f"{PAPER}: ImageNet-1k alone", "M"),
    ),
    "mixer_b16_224.goog_in21k_ft_in1k",
)
_register("l", 32, 206_939_264, 11_253_293_056)
_register(
    "l",
    16,
    208_196_168,
    44_547_678_208,
    (
        Result("top1_error", 27.92, "timm mixer_l16_224.goog_in21k_ft_in1k (pre-trained on ImageNet-21k)", "R"),
        Result("top5_error", 12.37, "timm mixer_l16_224.goog_in21k_ft_in1k (pre-trained on ImageNet-21k)", "R"),
        Result("top1_error", 28.24, f"{PAPER}: ImageNet-1k alone", "M"),
    ),
    "mixer_l16_224.goog_in21k_ft_in1k",
)

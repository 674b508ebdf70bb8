"""torchvision's vision transformers (Dosovitskiy et al. 2021, arXiv:2010.11929). The patches must tile the image."""

from dataclasses import dataclass

from torch import nn
from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import repeats_by
from zoo.library import IMAGENET, input_channels, load_by_name, torchvision_state
from zoo.patches import on_patches, patch_for
from zoo.published import of_torchvision
from zoo.registry import register

PAPER = "Dosovitskiy et al. 2021, arXiv:2010.11929"


@dataclass(frozen=True)
class Width:
    """Layers, heads, hidden width and MLP width of a size (table 1)."""

    layers: int
    heads: int
    hidden: int
    mlp: int


ROUNDS = (
    "layers up; heads to the nearest, and hidden and MLP width with them; pixels to a multiple of the patch; position "
    "embeddings are built for the resolution"
)
BASE, LARGE, HUGE = Width(12, 12, 768, 3072), Width(24, 16, 1024, 4096), Width(32, 16, 1280, 5120)


def _register(
    name: str, width: Width, patch: int, params: int, macs: int, weights: str, results: tuple[Result, ...], note: str
) -> None:
    def build(task: Task, wider: float = 1.0, deeper: float = 1.0, rounding: str = "") -> nn.Module:
        heads = max(1, round(width.heads * wider))
        network = VisionTransformer(
            image_size=task.image_size,
            patch_size=patch_for(name, task, patch),
            num_layers=repeats_by(rounding, width.layers, deeper),
            num_heads=heads,
            hidden_dim=width.hidden // width.heads * heads,
            mlp_dim=width.mlp // width.heads * heads,
            num_classes=task.num_classes,
        )
        return input_channels(network, task.channels)

    def load(network: nn.Module) -> None:
        assert isinstance(network, VisionTransformer), network
        state = torchvision_state(weights)
        if network.patch_size == patch:  # resamples the position embeddings to the image size
            state = interpolate_embeddings(network.image_size, patch, dict(state))
        load_by_name(network, state)

    card = ModelCard(
        name=name,
        family="vit",
        paper=PAPER,
        year=2020,
        task=IMAGENET,
        params=params,
        macs=macs,
        results=results,
        verified="C",
        origin="torchvision",
        note=note + "; patches of 4 px up to 64 px",
    )
    register(card, of_torchvision(weights, load), on_patches(build, patch, ROUNDS))(build)


_SCRATCH = "published result: trained from scratch on ImageNet-1k by torchvision"
_register(
    "vit_b_16",
    BASE,
    16,
    86_567_656,
    17_563_828_224,
    "ViT_B_16_Weights.IMAGENET1K_V1",
    (
        Result("top1_error", 18.93, "torchvision ViT_B_16 IMAGENET1K_V1", "R"),
        Result("top5_error", 4.68, "torchvision ViT_B_16 IMAGENET1K_V1", "R"),
        Result("top1_error", 16.03, f"{PAPER}: pre-trained on ImageNet-21k, 384 px", "M"),
    ),
    _SCRATCH,
)
_register(
    "vit_b_32",
    BASE,
    32,
    88_224_232,
    4_409_186_304,
    "ViT_B_32_Weights.IMAGENET1K_V1",
    (
        Result("top1_error", 24.09, "torchvision ViT_B_32 IMAGENET1K_V1", "R"),
        Result("top5_error", 7.53, "torchvision ViT_B_32 IMAGENET1K_V1", "R"),
        Result("top1_error", 18.72, f"{PAPER}: pre-trained on ImageNet-21k, 384 px", "M"),
    ),
    _SCRATCH,
)
_register(
    "vit_l_16",
    LARGE,
    16,
    304_326_632,
    61_554_712_576,
    "ViT_L_16_Weights.IMAGENET1K_V1",
    (
        Result("top1_error", 20.34, "torchvision ViT_L_16 IMAGENET1K_V1", "R"),
        Result("top5_error", 5.36, "torchvision ViT_L_16 IMAGENET1K_V1", "R"),
        Result("top1_error", 14.85, f"{PAPER}: pre-trained on ImageNet-21k, 384 px", "M"),
    ),
    _SCRATCH,
)
_register(
    "vit_l_32",
    LARGE,
    32,
    306_535_400,
    15_377_539_072,
    "ViT_L_32_Weights.IMAGENET1K_V1",
    (
        Result("top1_error", 23.03, "torchvision ViT_L_32 IMAGENET1K_V1", "R"),
        Result("top5_error", 6.93, "torchvision ViT_L_32 IMAGENET1K_V1", "R"),
        Result("top1_error", 19.1, f"{PAPER}: pre-trained on ImageNet-21k, 384 px", "M"),
    ),
    _SCRATCH,
)
_register(
    "vit_h_14",
    HUGE,
    14,
    632_045_800,
    167_295_109_120,
    "ViT_H_14_Weights.IMAGENET1K_SWAG_LINEAR_V1",
    (
        Result("top1_error", 14.29, "torchvision ViT_H_14 IMAGENET1K_SWAG_LINEAR_V1", "R"),
        Result("top5_error", 2.27, "torchvision ViT_H_14 IMAGENET1K_SWAG_LINEAR_V1", "R"),
        Result("top1_error", 11.45, f"{PAPER}: pre-trained on JFT-300M, 518 px", "M"),
    ),
    "published result: pre-trained on 3.6 billion Instagram images, a linear head on top (weights CC-BY-NC 4.0)",
)

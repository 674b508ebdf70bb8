"""timm's ResMLP (Touvron et al. 2021, arXiv:2105.03404). The patches must tile the image."""

from functools import partial

from timm.models.mlp_mixer import Affine, MlpMixer, ResBlock
from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.library import IMAGENET, timm_weights
from zoo.patches import on_patches, patch_for
from zoo.registry import register

PAPER = "Touvron et al. 2021, arXiv:2105.03404"


def _register(
    name: str,
    blocks: int,
    hidden: int,
    patch: int,
    scale: float,
    params: int,
    macs: int,
    tag: str,
    top1: float,
    top5: float,
    note: str = "",
) -> None:
    def build(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
        return MlpMixer(
            num_classes=task.num_classes,
            img_size=task.image_size,
            in_chans=task.channels,
            patch_size=patch_for(name, task, patch),
            num_blocks=repeats_by(rounding, blocks, depth),
            embed_dim=channels_by(rounding, hidden, width),
            mlp_ratio=4,
            block_layer=partial(ResBlock, init_values=scale),  # type: ignore[arg-type]
            norm_layer=Affine,
        )

    card = ModelCard(
        name=name,
        family="resmlp",
        paper=PAPER,
        year=2021,
        task=IMAGENET,
        params=params,
        macs=macs,
        results=(Result("top1_error", top1, f"timm {tag}", "R"), Result("top5_error", top5, f"timm {tag}", "R")),
        verified="C",
        origin="timm",
        note=f"{note}patches of 4 px up to 64 px",
    )
    register(card, timm_weights(tag), on_patches(build, patch))(build)


_register("resmlp_12", 12, 384, 16, 1e-4, 15_350_872, 3_009_739_776, "resmlp_12_224.fb_in1k", 23.34, 6.83)
_register("resmlp_24", 24, 384, 16, 1e-5, 30_020_680, 5_961_292_800, "resmlp_24_224.fb_in1k", 20.62, 5.45)
_register("resmlp_36", 36, 384, 16, 1e-6, 44_690_488, 8_912_845_824, "resmlp_36_224.fb_in1k", 20.23, 5.11)
_register(
    "resmlp_b24_8",
    24,
    768,
    8,
    1e-6,
    129_138_280,
    100_230_739_968,
    "resmlp_big_24_224.fb_in1k",
    18.97,
    5.03,
    "papers list 116M params; ",
)

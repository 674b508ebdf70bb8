"""timm's gMLP (Liu et al. 2021, arXiv:2105.08050). The patches must tile the image."""

from timm.layers.mlp import GatedMlp
from timm.models.mlp_mixer import MlpMixer, SpatialGatingBlock
from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.library import IMAGENET, timm_weights
from zoo.patches import on_patches, patch_for
from zoo.registry import register

PAPER = "Liu et al. 2021, arXiv:2105.08050"
PATCH, BLOCKS, RATIO = 16, 30, 6
"""The same for all three sizes (table 1)."""


def _register(name: str, hidden: int, params: int, macs: int, results: tuple[Result, ...], tag: str = "") -> None:
    def build(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
        return MlpMixer(
            num_classes=task.num_classes,
            img_size=task.image_size,
            in_chans=task.channels,
            patch_size=patch_for(name, task, PATCH),
            num_blocks=repeats_by(rounding, BLOCKS, depth),
            embed_dim=channels_by(rounding, hidden, width),
            mlp_ratio=RATIO,
            block_layer=SpatialGatingBlock,
            mlp_layer=GatedMlp,
        )

    card = ModelCard(
        name=name,
        family="gmlp",
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
    register(card, timm_weights(tag) if tag else None, on_patches(build, PATCH))(build)


_QUOTED = "quoted in later papers' tables"
_TRAINED = "timm gmlp_s16_224.ra3_in1k"
_register("gmlp_ti", 128, 5_867_328, 1_328_989_184, (Result("top1_error", 27.7, PAPER + ", quoted", "S"),))
_register(
    "gmlp_s",
    256,
    19_422_656,
    4_392_060_928,
    (
        Result("top1_error", 20.35, _TRAINED, "R"),
        Result("top5_error", 5.38, _TRAINED, "R"),
        Result("top1_error", 20.4, _QUOTED, "S"),
    ),
    "gmlp_s16_224.ra3_in1k",
)
_register("gmlp_b", 512, 73_075_392, 15_720_452_096, (Result("top1_error", 18.4, _QUOTED, "S"),))

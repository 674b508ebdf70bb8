"""ResNet-RS (Bello et al. 2021, arXiv:2103.07579): timm's networks, scaled in depth and slowly in resolution.

A deep stem without pooling, average pooling in the shortcuts, and squeeze-and-excite.
"""

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import large_only
from zoo.library import imagenet_at
from zoo.registry import Scaling, register
from zoo.third_party import from_timm

PAPER = "Bello et al. 2021, arXiv:2103.07579"
RELEASED = "github.com/tensorflow/tpu, resnet_rs"
STEM, CHANNELS = 32, (64, 128, 256, 512)
# layers, units of the stages, pixels, params, MACs, top-1 accuracy at those pixels
NETWORKS: tuple[tuple[int, tuple[int, ...], int, int, int, float], ...] = (
    (50, (3, 4, 6, 3), 160, 35_691_912, 2_278_629_376, 78.8),
    (101, (3, 4, 23, 3), 192, 63_618_696, 6_012_157_952, 81.2),
    (152, (3, 8, 36, 3), 256, 86_621_576, 15_527_886_848, 83.0),
    (200, (3, 24, 36, 3), 256, 93_209_992, 20_093_386_752, 83.4),
    (270, (4, 29, 53, 4), 256, 129_861_448, 26_950_189_056, 83.8),
    (350, (4, 36, 72, 4), 256, 163_956_168, 34_376_597_504, 84.0),
    (420, (4, 44, 87, 4), 320, 191_891_656, 63_942_344_704, 84.4),
)


def _register(layers: int, units: tuple[int, ...], pixels: int, params: int, macs: int, top1: float) -> None:
    def build(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
        return from_timm(
            f"resnetrs{layers}",
            task,
            layers=tuple(repeats_by(rounding, count, depth) for count in units),
            channels=tuple(channels_by(rounding, maps, width) for maps in CHANNELS),
            stem_width=channels_by(rounding, STEM, width),
        )

    card = ModelCard(
        name=f"resnet_rs_{layers}",
        family="resnet_rs",
        paper=PAPER,
        year=2021,
        task=imagenet_at(pixels),
        params=params,
        macs=macs,
        results=(Result("top1_error", round(100 - top1, 1), RELEASED, "R"),),
        verified="C",
        origin="timm",
        note=f"timm's resnetrs{layers}; large images only",
    )
    large = large_only(card, build, "resnet50")
    register(card, scaled=Scaling(large))(large)


for _network in NETWORKS:
    _register(*_network)

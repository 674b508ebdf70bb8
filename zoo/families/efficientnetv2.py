"""EfficientNetV2 (Tan and Le 2021, arXiv:2104.00298): timm's networks in TensorFlow's form.

S, M and L have tables of their own. B1 to B3 are B0 by the coefficients of EfficientNet B1 to B3.
"""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.forms import large_only
from zoo.library import imagenet_at, timm_weights
from zoo.registry import Scaling, fixed, register
from zoo.third_party import from_timm

PAPER = "Tan and Le 2021, arXiv:2104.00298"
RELEASED = "github.com/google/automl, efficientnetv2"
# name, pixels, params, MACs, top-1 accuracy
NETWORKS: tuple[tuple[str, int, int, int, float], ...] = (
    ("b0", 224, 7_139_704, 718_086_176, 78.7),
    ("b1", 240, 8_141_052, 1_196_819_360, 79.8),
    ("b2", 260, 10_096_086, 1_697_542_832, 80.5),
    ("b3", 300, 14_358_406, 3_011_458_816, 82.1),
    ("s", 384, 21_458_488, 8_365_617_152, 83.9),
    ("m", 480, 54_139_356, 24_582_460_384, 85.2),
    ("l", 480, 118_515_272, 56_079_699_008, 85.7),
)
OF_B0 = ("b1", "b2", "b3")


def _register(name: str, pixels: int, params: int, macs: int, top1: float) -> None:
    library = f"tf_efficientnetv2_{name}"

    def scaled(task: Task, width: float, depth: float) -> nn.Module:
        return from_timm(library, task, channel_multiplier=width, depth_multiplier=depth)

    card = ModelCard(
        name=f"efficientnetv2_{name}",
        family="efficientnetv2",
        paper=PAPER,
        year=2021,
        task=imagenet_at(pixels),
        params=params,
        macs=macs,
        results=(Result("top1_error", round(100 - top1, 1), RELEASED, "R"),),
        verified="C",
        origin="timm",
        note=f"timm's {library}; large images only",
    )
    scaling = Scaling(large_only(card, scaled, "efficientnet_b0"), roundings=False)
    if name in OF_B0:
        scaling = fixed("timm builds it at one size; efficientnetv2_b0 scales")
    register(card, timm_weights(f"{library}.in1k"), scaling)(
        large_only(card, partial(from_timm, library), "efficientnet_b0")
    )


for _network in NETWORKS:
    _register(*_network)

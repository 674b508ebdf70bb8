"""EfficientNet B0 to B7 (Tan and Le 2019, arXiv:1905.11946)."""

from dataclasses import dataclass, replace

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.mbconv import StageNet, scaled, small_image
from nasbench.nn.mbconv_published import EFFICIENTNET_B0
from zoo.library import imagenet_at, is_small, load_in_order, torchvision_state
from zoo.published import of_torchvision
from zoo.registry import Scaling, register

PAPER = "Tan and Le 2019, arXiv:1905.11946"
TABLE = "Tan and Le 2019, table 2"
TORCHVISION_EPS = {name: 1e-5 if name <= "b4" else 1e-3 for name in ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7")}
"""The epsilon of the batch normalisations with which torchvision's weights were trained. In the paper it is 1e-3."""

HEAD_RATIO = 4
"""Channels of the head, divided by the channels of the last stage."""


@dataclass(frozen=True)
class Scale:
    """A published size: multipliers, image size in pixels, dropout, counts, and top-1 and top-5 error in percent."""

    width: float
    depth: float
    image_size: int
    dropout: float
    params: int
    macs: int
    top1_error: float
    top5_error: float


PUBLISHED = {
    "b0": Scale(1.0, 1.0, 224, 0.2, 5_288_548, 385_814_752, 22.9, 6.7),
    "b1": Scale(1.0, 1.1, 240, 0.2, 7_794_184, 686_802_832, 20.9, 5.6),
    "b2": Scale(1.1, 1.2, 260, 0.3, 9_109_994, 993_561_872, 19.9, 5.1),
    "b3": Scale(1.2, 1.4, 300, 0.3, 12_233_232, 1_827_141_392, 18.4, 4.3),
    "b4": Scale(1.4, 1.8, 380, 0.4, 19_341_616, 4_393_771_024, 17.1, 3.6),
    "b5": Scale(1.6, 2.2, 456, 0.4, 30_389_784, 10_266_384_752, 16.4, 3.3),
    "b6": Scale(1.8, 2.6, 528, 0.5, 43_040_704, 19_067_593_536, 16.0, 3.2),
    "b7": Scale(2.0, 3.1, 600, 0.5, 66_347_960, 37_745_884_192, 15.7, 3.0),
}
"""The released multipliers. They do not follow from powers of a single phi."""


def efficientnet(
    task: Task, width: float, depth: float, dropout: float = 0.2, bn_eps: float = 1e-3, rounding: str = ""
) -> nn.Module:
    """B0 at any width and depth, without drop path. Up to 64 px, it halves the image three times instead of five.

    By EfficientNet's rounding the head has four times the channels of the last stage, as in torchvision. The released
    code rounds the head separately. The results are equal at all published widths, but differ at some others
    (1552 instead of 1536 at a width of 1.21).
    """
    blueprint = scaled(EFFICIENTNET_B0, width, depth, rounding)
    head = blueprint.head if rounding else HEAD_RATIO * blueprint.stages[-1].channels
    blueprint = replace(blueprint, head=head, dropout=dropout, bn_eps=bn_eps)
    return StageNet(small_image(blueprint) if is_small(task) else blueprint, task)


def _register(name: str, scale: Scale) -> None:
    def build(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
        return efficientnet(task, width * scale.width, depth * scale.depth, scale.dropout, rounding=rounding)

    weights = f"EfficientNet_{name.upper()}_Weights.IMAGENET1K_V1"

    def load(network: nn.Module) -> None:
        load_in_order(network, torchvision_state(weights))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = TORCHVISION_EPS[name]

    card = ModelCard(
        name=f"efficientnet_{name}",
        family="efficientnet",
        paper=PAPER,
        year=2019,
        task=imagenet_at(scale.image_size),
        params=scale.params,
        macs=scale.macs,
        results=(
            Result("top1_error", scale.top1_error, TABLE, "P"),
            Result("top5_error", scale.top5_error, TABLE, "P"),
        ),
        verified="C",
        note=f"width {scale.width}, depth {scale.depth}; outputs equal torchvision's at its epsilon of "
        f"{TORCHVISION_EPS[name]:g}",
    )
    register(card, of_torchvision(weights, load), Scaling(build))(build)


for _name, _scale in PUBLISHED.items():
    _register(_name, _scale)

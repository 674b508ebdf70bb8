"""torchvision's ConvNeXts (Liu et al. 2022, arXiv:2201.03545): a ResNet with the choices of a transformer."""

from functools import partial

from torch import nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import large_only
from zoo.library import IMAGENET, input_channels
from zoo.registry import Scaling, register
from zoo.third_party import from_torchvision, torchvision_loader


def convnext(
    task: Task, width: float, depth: float, rounding: str = "", *, channels: int, blocks: int, drop_path: float
) -> nn.Module:
    """The network at any width and depth. `channels` are the first stage's, `blocks` the third's; others have 3."""
    widths = [channels_by(rounding, channels * 2**stage, width) for stage in range(4)]
    stages = [
        CNBlockConfig(width, following, repeats_by(rounding, count, depth))
        for width, following, count in zip(widths, [*widths[1:], None], (3, 3, blocks, 3), strict=True)
    ]
    return input_channels(ConvNeXt(stages, drop_path, num_classes=task.num_classes), task.channels)


# name, channels of the first stage, blocks of the third, drop path, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, int, float, int, int, float, float], ...] = (
    ("Tiny", 96, 9, 0.1, 28_589_128, 4_455_531_264, 17.48, 3.854),
    ("Small", 96, 27, 0.4, 50_223_688, 8_683_712_256, 16.384, 3.35),
    ("Base", 128, 27, 0.5, 88_591_464, 15_354_729_472, 15.938, 3.13),
    ("Large", 192, 27, 0.5, 197_767_336, 34_361_433_600, 15.586, 3.024),
)

for _size, _channels, _blocks, _drop_path, _params, _macs, _top1, _top5 in NETWORKS:
    _name = f"convnext_{_size.lower()}"
    _trained = f"torchvision ConvNeXt_{_size} IMAGENET1K_V1"
    _card = ModelCard(
        name=_name,
        family="convnext",
        paper="Liu et al. 2022, arXiv:2201.03545",
        year=2022,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(Result("top1_error", _top1, _trained, "R"), Result("top5_error", _top5, _trained, "R")),
        verified="C",
        origin="torchvision",
        note="large images only",
    )
    _scale = partial(convnext, channels=_channels, blocks=_blocks, drop_path=_drop_path)
    _scaling = Scaling(large_only(_card, _scale, "preresnet164"), "blocks up; channels to multiples of 8")
    register(_card, torchvision_loader(f"ConvNeXt_{_size}_Weights.IMAGENET1K_V1"), _scaling)(
        large_only(_card, partial(from_torchvision, _name), "preresnet164")
    )

"""torchvision's Swin transformers (Liu et al. 2021, arXiv:2103.14030): attention in windows that shift."""

from functools import partial

from torch import nn
from torchvision.models.swin_transformer import SwinTransformer

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import repeats_by
from zoo.forms import large_only
from zoo.library import IMAGENET, input_channels
from zoo.registry import Scaling, register
from zoo.third_party import from_torchvision, torchvision_loader

ROUNDS = "blocks up; heads to the nearest, and channels with them, 32 for each"
HEAD, PATCH, WINDOW = 32, 4, 7
"""Channels of a head, and sides of a patch and of a window."""


def swin(
    task: Task, width: float, depth: float, rounding: str = "", *, heads: int, blocks: int, drop_path: float
) -> nn.Module:
    """The network at any width and depth. `heads` are the first stage's, `blocks` the third's; others have 2."""
    first = max(1, round(heads * width))
    network = SwinTransformer(
        patch_size=[PATCH, PATCH],
        embed_dim=HEAD * first,
        depths=[repeats_by(rounding, count, depth) for count in (2, 2, blocks, 2)],
        num_heads=[first * 2**stage for stage in range(4)],
        window_size=[WINDOW, WINDOW],
        stochastic_depth_prob=drop_path,
        num_classes=task.num_classes,
    )
    return input_channels(network, task.channels)


# name, heads of the first stage, blocks of the third, drop path, params, MACs, top-1 and top-5 error
NETWORKS: tuple[tuple[str, int, int, float, int, int, float, float], ...] = (
    ("T", 3, 6, 0.2, 28_288_354, 4_490_566_656, 18.526, 4.224),
    ("S", 3, 18, 0.3, 49_606_258, 8_740_875_264, 16.804, 3.64),
    ("B", 4, 18, 0.5, 87_768_224, 15_430_946_816, 16.418, 3.36),
)

for _size, _heads, _blocks, _drop_path, _params, _macs, _top1, _top5 in NETWORKS:
    _name = f"swin_{_size.lower()}"
    _trained = f"torchvision Swin_{_size} IMAGENET1K_V1"
    _card = ModelCard(
        name=_name,
        family="swin",
        paper="Liu et al. 2021, arXiv:2103.14030",
        year=2021,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(Result("top1_error", _top1, _trained, "R"), Result("top5_error", _top5, _trained, "R")),
        verified="C",
        origin="torchvision",
        note="windows of 7 x 7 patches; large images only",
    )
    _scale = partial(swin, heads=_heads, blocks=_blocks, drop_path=_drop_path)
    _scaling = Scaling(large_only(_card, _scale, "vit_b_16"), ROUNDS)
    register(_card, torchvision_loader(f"Swin_{_size}_Weights.IMAGENET1K_V1"), _scaling)(
        large_only(_card, partial(from_torchvision, _name), "vit_b_16")
    )

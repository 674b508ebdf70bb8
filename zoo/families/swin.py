"""torchvision's Swin transformers (Liu et al. 2021, arXiv:2103.14030): attention in windows that shift."""

from functools import partial

from nasbench.core.spec import ModelCard, Result
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import register
from zoo.third_party import from_torchvision, torchvision_loader

# name, params, MACs, top-1 and top-5 error of torchvision's weights
NETWORKS: tuple[tuple[str, int, int, float, float], ...] = (
    ("T", 28_288_354, 4_490_566_656, 18.526, 4.224),
    ("S", 49_606_258, 8_740_875_264, 16.804, 3.64),
    ("B", 87_768_224, 15_430_946_816, 16.418, 3.36),
)

for _size, _params, _macs, _top1, _top5 in NETWORKS:
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
    register(_card, torchvision_loader(f"Swin_{_size}_Weights.IMAGENET1K_V1"))(
        large_only(_card, partial(from_torchvision, _name), "vit_b_16")
    )

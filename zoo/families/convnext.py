"""torchvision's ConvNeXts (Liu et al. 2022, arXiv:2201.03545): a ResNet with the choices of a transformer."""

from functools import partial

from nasbench.core.spec import ModelCard, Result
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import register
from zoo.third_party import from_torchvision, torchvision_loader

# name, params, MACs, top-1 and top-5 error of torchvision's weights
NETWORKS: tuple[tuple[str, int, int, float, float], ...] = (
    ("Tiny", 28_589_128, 4_455_531_264, 17.48, 3.854),
    ("Small", 50_223_688, 8_683_712_256, 16.384, 3.35),
    ("Base", 88_591_464, 15_354_729_472, 15.938, 3.13),
    ("Large", 197_767_336, 34_361_433_600, 15.586, 3.024),
)

for _size, _params, _macs, _top1, _top5 in NETWORKS:
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
    register(_card, torchvision_loader(f"ConvNeXt_{_size}_Weights.IMAGENET1K_V1"))(
        large_only(_card, partial(from_torchvision, _name), "preresnet164")
    )

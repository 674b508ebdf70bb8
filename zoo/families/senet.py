"""Squeeze-and-excitation networks (Hu et al. 2017, arXiv:1709.01507) for ImageNet and CIFAR."""

from functools import partial

from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.families.bn_inception import BNInception
from zoo.families.preactivation import study_net
from zoo.families.resnet import scaled_resnet
from zoo.families.wide_resnet import wide_resnet
from zoo.forms import CIFAR10, large_only, small_only
from zoo.library import IMAGENET, timm_weights
from zoo.registry import MODULES_DIFFER, Scaling, fixed, register
from zoo.third_party import from_timm, with_cifar_stem

PAPER = "Hu et al. 2017, arXiv:1709.01507"
README = "github.com/hujie-frank/SENet"
QUOTED = "quoted from " + PAPER
REDUCTION = 16


class SqueezeExcite(nn.Module):
    """Multiplies every map by a gate in (0, 1): (B, C, H, W) -> (B, C, H, W).

    Two dense layers compute the gates from the means of all maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // REDUCTION)
        self.gate = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        context = x.mean(dim=(2, 3))  # (B, C)
        gate: Tensor = self.gate(context)[:, :, None, None]  # (B, C, 1, 1)
        return x * gate  # (B, C, H, W)


def se_inception(task: Task) -> nn.Module:
    """BN-Inception with a gate after each of its ten modules."""
    return BNInception(task, SqueezeExcite)


def _se_resnet50(task: Task) -> nn.Module:
    return with_cifar_stem(from_timm("seresnet50", task), task)


INCEPTION = ModelCard(
    name="se_inception",
    family="senet",
    paper=PAPER,
    year=2017,
    task=IMAGENET,
    params=11_941_638,
    macs=2_033_239_424,
    results=(
        Result("top1_error", 24.23, QUOTED, "S"),
        Result("top5_error", 7.14, QUOTED, "S"),
        Result("top1_error", 23.62, README + ", trained again", "R"),
        Result("top5_error", 7.04, README + ", trained again", "R"),
    ),
    verified="C",
    note="SE-BN-Inception: bn_inception with a gate after each module",
)
RESNET_50 = ModelCard(
    name="se_resnet50",
    family="senet",
    paper=PAPER,
    year=2017,
    task=IMAGENET,
    params=28_088_024,
    macs=4_091_699_200,
    results=(
        Result("top1_error", 22.37, README + ", trained again", "R"),
        Result("top5_error", 6.36, README + ", trained again", "R"),
        Result("top1_error", 23.29, PAPER, "M"),
        Result("top5_error", 6.62, QUOTED, "S"),
    ),
    verified="C",
    origin="timm",
    note="timm's seresnet50, stride in the 3x3; small images: 3x3 stem without pooling",
)
SENET_154 = ModelCard(
    name="senet154",
    family="senet",
    paper=PAPER,
    year=2017,
    task=IMAGENET,
    params=115_088_984,
    macs=20_688_363_520,
    results=(
        Result("top1_error", 18.68, README, "R"),
        Result("top5_error", 4.47, README, "R"),
        Result("top1_error", 17.3, "arXiv:1707.07012, table 2, 320 px (82.7 / 96.2)", "P"),
        Result("top5_error", 3.8, "arXiv:1707.07012, table 2, 320 px (82.7 / 96.2)", "P"),
    ),
    verified="C",
    origin="timm",
    note="comparisons list SENet with 146M parameters; every open SENet-154 has these",
)

register(INCEPTION, scaled=fixed(MODULES_DIFFER))(large_only(INCEPTION, se_inception, "se_resnet50"))
register(
    RESNET_50, timm_weights("seresnet50.ra2_in1k"), Scaling(partial(scaled_resnet, layers=50, gate=SqueezeExcite))
)(_se_resnet50)
register(
    SENET_154,
    timm_weights("senet154.gluon_in1k"),
    fixed("timm builds it, with its stages and channels fixed; se_resnet50 scales"),
)(large_only(SENET_154, partial(from_timm, "senet154"), "se_resnet50"))

# depth, params, MACs, CIFAR-10 error
CIFAR: tuple[tuple[int, int, int, float | None], ...] = (
    (20, 272_095, 40_553_056, None),
    (56, 860_137, 125_491_744, None),
    (110, 1_742_200, 252_899_776, 5.21),
    (164, 1_905_362, 244_694_528, 4.39),
)
for _depth, _params, _macs, _error in CIFAR:
    _card = ModelCard(
        name=f"se_resnet{_depth}",
        family="senet",
        paper=PAPER,
        year=2017,
        task=CIFAR10,
        params=_params,
        macs=_macs,
        results=() if _error is None else (Result("cifar10_error", _error, QUOTED, "S"),),
        verified="C",
        note="a gate at the end of every branch of the pre-activated network, the form of the published CIFAR results",
    )
    _build = partial(study_net, variant="preact", depth=_depth, gate=SqueezeExcite)
    _small = small_only(_card, _build, "se_resnet50")
    register(_card, scaled=Scaling(_small))(_small)

WRN = ModelCard(
    name="se_wrn_16_8",
    family="senet",
    paper=PAPER,
    year=2017,
    task=CIFAR10,
    params=11_049_290,
    macs=1_548_231_680,
    results=(Result("cifar10_error", 3.88, QUOTED, "S"),),
    verified="C",
    note="wrn_16_8 with a gate at the end of every branch",
)
_wrn = small_only(WRN, partial(wide_resnet, depth=16, widen=8, gate=SqueezeExcite), "se_resnet50")
register(WRN, scaled=Scaling(_wrn))(_wrn)

"""ResNeXt (Xie et al. 2016, arXiv:1611.05431): bottlenecks with grouped 3x3 convolutions.

Own code builds the CIFAR networks of 29 layers. The others are torchvision's and timm's.
"""

from functools import partial

from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.families.resnet import scaled_resnet
from zoo.forms import CIFAR10, small_only
from zoo.library import IMAGENET, timm_weights
from zoo.registry import Scaling, register
from zoo.residual import Head, Residual, bottleneck_branch, he_normal, shortcut_of, stem
from zoo.third_party import from_timm, from_torchvision, torchvision_loader, with_cifar_stem

PAPER = "Xie et al. 2016, arXiv:1611.05431"
README = "github.com/facebookresearch/ResNeXt"


ROUNDS = "repeats up; channels to multiples of 8; channels of a group to the nearest whole, the number of groups stays"


class CifarResNeXt(nn.Module):
    """29 layers: three stages of three units with 256, 512 and 1,024 maps. (B, C, H, W) -> (B, num_classes).

    The 3x3 convolutions have `cardinality` groups of `width` maps in the first stage; each stage doubles the width.
    `wider` multiplies all maps, those of each group to the nearest whole, and `deeper` the units of every stage.
    """

    def __init__(
        self, task: Task, wider: float = 1.0, deeper: float = 1.0, rounding: str = "", *, cardinality: int, width: int
    ) -> None:
        super().__init__()
        c_in = channels_by(rounding, 64, wider)
        self.stem = stem(task.channels, c_in, small=True)
        units: list[nn.Module] = []
        for stage in range(3):
            c_out = channels_by(rounding, 256 * 2**stage, wider)
            inner = cardinality * max(1, round(width * 2**stage * wider))
            for repeat in range(repeats_by(rounding, 3, deeper)):
                stride = 2 if stage > 0 and repeat == 0 else 1
                branch = bottleneck_branch(c_in, inner, c_out, stride, groups=cardinality)
                units.append(Residual(branch, shortcut_of("B", c_in, c_out, stride)))
                c_in = c_out
        self.units = nn.Sequential(*units)
        self.head = Head(c_in, task.num_classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.units(self.stem(x)))
        return logits


def _from_torchvision(task: Task, name: str) -> nn.Module:
    return with_cifar_stem(from_torchvision(name, task), task)


def _from_timm(task: Task, name: str) -> nn.Module:
    return with_cifar_stem(from_timm(name, task), task)


for _cardinality, _params, _macs, _error_10, _error_100 in (
    (8, 34_426_698, 5_387_266_048, 3.65, 17.77),
    (16, 68_155_210, 10_688_866_304, 3.58, 17.31),
):
    _card = ModelCard(
        name=f"resnext29_{_cardinality}x64d",
        family="resnext",
        paper=PAPER,
        year=2016,
        task=CIFAR10,
        params=_params,
        macs=_macs,
        results=(Result("cifar10_error", _error_10, PAPER, "P"), Result("cifar100_error", _error_100, PAPER, "P")),
        verified="C",
    )
    _build = small_only(_card, partial(CifarResNeXt, cardinality=_cardinality, width=64), "resnext50_32x4d")
    register(_card, scaled=Scaling(_build, ROUNDS))(_build)

NOTE = "small images: 3x3 stem without pooling"
RESNEXT_50 = ModelCard(
    name="resnext50_32x4d",
    family="resnext",
    paper=PAPER,
    year=2016,
    task=IMAGENET,
    params=25_028_904,
    macs=4_230_479_872,
    results=(
        Result("top1_error", 22.2, README, "R"),
        Result("top1_error", 22.382, "torchvision IMAGENET1K_V1", "R"),
        Result("top5_error", 6.302, "torchvision IMAGENET1K_V1", "R"),
    ),
    verified="C",
    origin="torchvision",
    note=NOTE,
)
RESNEXT_101_32X4D = ModelCard(
    name="resnext101_32x4d",
    family="resnext",
    paper=PAPER,
    year=2016,
    task=IMAGENET,
    params=44_177_704,
    macs=7_969_996_800,
    results=(Result("top1_error", 21.2, README, "R"),),
    verified="C",
    origin="timm",
    note=NOTE,
)
RESNEXT_101_64X4D = ModelCard(
    name="resnext101_64x4d",
    family="resnext",
    paper=PAPER,
    year=2016,
    task=IMAGENET,
    params=83_455_272,
    macs=15_460_270_080,
    results=(
        Result("top1_error", 20.4, README, "R"),
        Result("top1_error", 19.1, "arXiv:1707.07012, table 2, 320 px", "P"),
        Result("top5_error", 4.4, "arXiv:1707.07012, table 2, 320 px", "P"),
        Result("top1_error", 16.754, "torchvision IMAGENET1K_V1, a later recipe", "R"),
    ),
    verified="C",
    origin="torchvision",
    note=NOTE,
)

_wider = partial(scaled_resnet, groups=32, base_width=4)
register(
    RESNEXT_50,
    torchvision_loader("ResNeXt50_32X4D_Weights.IMAGENET1K_V1"),
    Scaling(partial(_wider, layers=50), ROUNDS),
)(partial(_from_torchvision, name="resnext50_32x4d"))
register(RESNEXT_101_32X4D, timm_weights("resnext101_32x4d.gluon_in1k"), Scaling(partial(_wider, layers=101), ROUNDS))(
    partial(_from_timm, name="resnext101_32x4d")
)
register(
    RESNEXT_101_64X4D,
    torchvision_loader("ResNeXt101_64X4D_Weights.IMAGENET1K_V1"),
    Scaling(partial(scaled_resnet, layers=101, groups=64, base_width=4), ROUNDS),
)(partial(_from_torchvision, name="resnext101_64x4d"))

"""Residual networks with option A and plain networks for CIFAR (He et al. 2015, arXiv:1512.03385, section 4.2), and the
residual networks with stochastic depth (Huang et al. 2016, arXiv:1603.09382).
"""

from functools import partial

import torch
from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import CIFAR10, small_only
from zoo.registry import Scaling, register
from zoo.residual import Head, Residual, Shortcut, basic_branch, he_normal, shortcut_of, stem

PAPER = "He et al. 2015, arXiv:1512.03385"
STOCHASTIC_PAPER = "Huang et al. 2016, arXiv:1603.09382"


class StochasticDepth(nn.Module):
    """In training mode, sets a branch to zero for a whole batch with probability `p`, otherwise divides it by 1 - p."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        if not self.training or self.p == 0.0:
            return x
        keep = 1.0 - self.p
        return x * torch.empty((1, 1, 1, 1), dtype=x.dtype, device=x.device).bernoulli_(keep).div_(keep)  # (B, C, H, W)


class CifarResNet(nn.Module):
    """6n + 2 layers: three stages of n units with 16, 32 and 64 maps. (B, C, H, W) -> (B, num_classes).

    With `final_survival` below 1, the branch of unit l of L is dropped for a whole batch with probability
    l / L * (1 - final_survival). A branch that is kept is divided by its survival probability in training. The paper
    multiplies by it in evaluation instead; the expectation is the same. `wider` multiplies all maps, `deeper` the
    units of every stage.
    """

    def __init__(
        self,
        task: Task,
        wider: float = 1.0,
        deeper: float = 1.0,
        rounding: str = "",
        *,
        depth: int,
        shortcut: Shortcut,
        final_survival: float = 1.0,
    ) -> None:
        super().__init__()
        assert depth % 6 == 2, depth
        repeats = repeats_by(rounding, (depth - 2) // 6, deeper)
        c_in = channels_by(rounding, 16, wider)
        self.stem = stem(task.channels, c_in, small=True)
        units: list[nn.Module] = []
        for published in (16, 32, 64):
            width = channels_by(rounding, published, wider)
            for repeat in range(repeats):
                stride = 2 if published > 16 and repeat == 0 else 1
                dropped = (1.0 - final_survival) * (len(units) + 1) / (3 * repeats)
                drop = StochasticDepth(dropped) if dropped else None
                units.append(
                    Residual(basic_branch(c_in, width, stride), shortcut_of(shortcut, c_in, width, stride), drop)
                )
                c_in = width
        self.units = nn.Sequential(*units)
        self.head = Head(c_in, task.num_classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.units(self.stem(x)))
        return logits


# depth, params, MACs, the residual network's CIFAR-10 error
DEPTHS: tuple[tuple[int, int, int, float], ...] = (
    (20, 269_722, 40_551_040, 8.75),
    (32, 464_154, 68_862_592, 7.51),
    (44, 658_586, 97_174_144, 7.17),
    (56, 853_018, 125_485_696, 6.97),
    (110, 1_727_962, 252_887_680, 6.43),
    (1202, 19_421_274, 2_829_238_912, 7.93),
)


def _enter(card: ModelCard, depth: int, shortcut: Shortcut, final_survival: float = 1.0) -> None:
    network = partial(CifarResNet, depth=depth, shortcut=shortcut, final_survival=final_survival)
    build = small_only(card, network, "plain18" if shortcut == "plain" else "resnet18")
    register(card, scaled=Scaling(build))(build)


for _depth, _params, _macs, _error in DEPTHS:
    _results: tuple[Result, ...] = (Result("cifar10_error", _error, PAPER + ", table 6", "P"),)
    if _depth == 110:
        _results += (Result("cifar10_error", 6.61, PAPER + ", table 6, mean of 5 (deviation 0.16)", "P"),)
    _note = "option A: shortcuts without parameters"
    _enter(
        ModelCard(f"resnet{_depth}", "resnet_cifar", PAPER, 2015, CIFAR10, _params, _macs, _results, "C", note=_note),
        _depth,
        "A",
    )
    _note = f"resnet{_depth} without shortcuts"
    _enter(
        ModelCard(f"plain{_depth}", "resnet_cifar", PAPER, 2015, CIFAR10, _params, _macs, (), "C", note=_note),
        _depth,
        "plain",
    )

_NOTE = (
    "the last unit survives with probability 0.5, linear decay; surviving branches are scaled in "
    "training, not in evaluation"
)
_RESULTS = (
    Result("cifar10_error", 5.25, "github.com/yueatsprograms/Stochastic_Depth", "R"),
    Result("cifar100_error", 24.98, STOCHASTIC_PAPER, "M"),
)
for _depth, _params, _macs, _results in (
    (110, 1_727_962, 252_887_680, _RESULTS),
    (1202, 19_421_274, 2_829_238_912, (Result("cifar10_error", 4.91, STOCHASTIC_PAPER, "M"),)),
):
    _name = f"resnet{_depth}_stochastic_depth"
    _enter(
        ModelCard(_name, "resnet_cifar", STOCHASTIC_PAPER, 2016, CIFAR10, _params, _macs, _results, "C", note=_NOTE),
        _depth,
        "A",
        0.5,
    )

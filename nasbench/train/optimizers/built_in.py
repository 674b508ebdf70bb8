"""The optimisers that a recipe can name without an import path.

Each group carries its own `weight_decay`, so that no function here needs the recipe's.
"""

from typing import Any

import torch
from torch import optim

from nasbench.core.registry import optimizers
from nasbench.train.optimizers.muon import Muon
from nasbench.train.optimizers.rmsprop import RMSProp

RMSPROP_DECAY = 0.9
"""Of the mean square, in the ImageNet trainings of NASNet, AmoebaNet and EfficientNet."""


@optimizers.register("sgd")
def sgd(groups: list[dict[str, Any]], lr: float, momentum: float, nesterov: bool) -> optim.Optimizer:
    """Gradient descent with momentum; the weight decay is an L2 penalty in the gradient."""
    made = optim.SGD(groups, lr, momentum=momentum, nesterov=nesterov, fused=_on_cuda(groups))
    if momentum and made.defaults["fused"]:
        made.register_step_pre_hook(_begin_momenta)
    return made


@optimizers.register("rmsprop")
def rmsprop(groups: list[dict[str, Any]], lr: float, momentum: float, rmsprop_eps: float) -> optim.Optimizer:
    """TensorFlow's RMSProp; the weight decay is an L2 penalty in the gradient."""
    return RMSProp(groups, lr, decay=RMSPROP_DECAY, eps=rmsprop_eps, momentum=momentum)


@optimizers.register("adamw")
def adamw(groups: list[dict[str, Any]], lr: float) -> optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101)."""
    return optim.AdamW(groups, lr, fused=_on_cuda(groups))


@optimizers.register("muon")
def muon(groups: list[dict[str, Any]], lr: float, momentum: float) -> optim.Optimizer:
    """Muon for filters, Nesterov's momentum for all else (Jordan et al. 2024)."""
    return Muon(groups, lr, momentum)


def _begin_momenta(optimizer: optim.Optimizer, *_: object) -> None:
    """Gives each parameter with a gradient its momentum, 0 at first.

    By itself the fused SGD has none for a parameter whose first gradient comes later than that of others, as in a
    supernet, and fails. If float16 overflows in the first step, it goes on from memory that nobody has written to.
    """
    for group in optimizer.param_groups:
        for each in group["params"]:
            if each.grad is not None and optimizer.state[each].get("momentum_buffer") is None:
                optimizer.state[each]["momentum_buffer"] = torch.zeros_like(each.grad)


def _on_cuda(groups: list[dict[str, Any]]) -> bool | None:
    """True where one kernel can update many parameters; None leaves the choice to PyTorch."""
    return True if all(each.is_cuda for group in groups for each in group["params"]) else None

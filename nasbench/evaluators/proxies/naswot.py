"""naswot: how well the ReLUs of an untrained network tell images apart (Mellor et al. 2021, arXiv:2006.04647v3)."""

from functools import partial
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.proxy import needs
from nasbench.core.registry import proxies
from nasbench.evaluators.proxies.gradients import fresh

RELUS = nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU


@proxies.register("naswot")
@needs(batch_size=128)
def naswot(network: nn.Module, images: Tensor) -> float:
    """log |det K|, where K[i, j] is the number of ReLU units that are both on or both off for images i and j.

    One batch of 128 images (B, C, H, W), in training mode; units of all ReLUs that run are counted, each time they run.
    TrialFailed where the network has no ReLU as a module, and where K is singular: two images look the same to it.
    """
    network = fresh(network)
    kernel = torch.zeros(len(images), len(images), dtype=torch.float64)  # (B, B)
    found = [module for module in network.modules() if isinstance(module, RELUS)]
    if not found:
        raise TrialFailed("naswot counts units of ReLU modules, and the network has none")
    for module in found:
        module.register_forward_hook(partial(_count, kernel))
    with torch.no_grad():
        network(images)
    value = log_determinant(kernel)
    if not isfinite(value):
        raise TrialFailed("naswot is not defined: its kernel is singular, two images switch the same ReLU units on")
    return value


def agreement(on: Tensor) -> Tensor:
    """bool (B, units) -> float64 (B, B): the number of units in which two rows agree."""
    bits = on.float()
    both = bits @ bits.T + (1 - bits) @ (1 - bits.T)  # (B, B); whole numbers below 2**24 are exact in float32
    return both.double() if both.device.type != "mps" else both.cpu().double()


def log_determinant(kernel: Tensor) -> float:
    """log |det K| of a kernel (B, B); minus infinity where it is singular."""
    return float(torch.linalg.slogdet(kernel.double()).logabsdet)


def _count(kernel: Tensor, _module: nn.Module, inputs: tuple[Any, ...], _output: Tensor) -> None:
    kernel += agreement(inputs[0].flatten(1) > 0).cpu()  # in place, it has overwritten its input: with the same signs

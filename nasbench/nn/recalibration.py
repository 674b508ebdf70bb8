"""The running statistics of one path of a supernet, measured anew.

While a supernet is trained, every layer sees the outputs of many paths. Statistics that are averaged over them fit no
path, so they are measured for each architecture before it is scored.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.nn.supernet import Supernet


class _Average:
    """Means of the statistics of the batches that a normalisation sees, weighted by their numbers of images."""

    def __init__(self, channels: int, like: Tensor) -> None:
        self.images = 0
        self.mean, self.var = like.new_zeros(channels), like.new_zeros(channels)  # (C,) each

    def add(self, x: Tensor) -> None:
        x, others = x.to(self.mean.dtype), [0, *range(2, x.dim())]
        mean = x.mean(others, keepdim=True)  # two passes by hand take half the time of torch.var_mean
        mean, var = mean.flatten(), (x - mean).square_().mean(others)  # (C,) each
        self.images += len(x)
        self.mean += (mean - self.mean) * (len(x) / self.images)
        self.var += (var - self.var) * (len(x) / self.images)


@torch.no_grad()
def recalibrate(supernet: Supernet, architecture: Architecture, batches: Iterable[Tensor]) -> None:
    """Sets the running statistics of the architecture's path, and of no other layer.

    batches  training images (B, channels, H, W), on the supernet's device; single-path one-shot takes 200 batches of
             128, Once-for-All 20 of 100

    Each statistic is the plain average over the batches, not an exponential one, of the batch's mean and of its
    variance over all values of a channel (divided by their number), as in the released code of Once-for-All (Cai et al.
    2020, arXiv:1908.09791). A smaller batch has a smaller weight. Layers see inputs that are normalised by the batch;
    everything but normalisations is in evaluation mode. Modes are restored. Raises UsageError without batches.
    """
    modules = list(supernet.modules())
    norms = [module for module in modules if isinstance(module, _BatchNorm) and module.track_running_stats]
    training = [module for module in modules if module.training]
    found: dict[_BatchNorm, _Average] = {}

    def observe(norm: nn.Module, arguments: tuple[Tensor]) -> None:  # before the layer runs
        x = arguments[0]
        assert isinstance(norm, _BatchNorm)
        assert norm.running_mean is not None
        if norm not in found:
            found[norm] = _Average(x.shape[1], norm.running_mean)
        found[norm].add(x)
        norm.training = True

    hooks = [norm.register_forward_pre_hook(observe) for norm in norms]
    try:
        for module in training:
            module.training = False
        for images in batches:
            supernet(images, architecture)
    finally:
        for hook in hooks:
            hook.remove()
        for norm in found:
            norm.training = False
        for module in training:
            module.training = True
    if norms and not found:
        raise UsageError("running statistics are measured on at least one batch of images; got none")
    for norm, average in found.items():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean[: len(average.mean)] = average.mean
        norm.running_var[: len(average.var)] = average.var

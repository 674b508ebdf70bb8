"""fisher: how much the loss depends on each channel (Turner et al. 2020, arXiv:1906.04113), summed over the network by
Abdelfattah et al. (2021, arXiv:2101.08134, section 3.2).
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies
from nasbench.evaluators.proxies.gradients import backward, fresh, layers


@proxies.register("fisher")
@needs(batch_size=64)
def fisher(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over the channels c of the outputs a of convolutions and linear layers of

        1/2 mean_n (sum_p a[n, c, p] dL/da[n, c, p])^2

    n are the images of a batch of 64, p the positions. L is their mean cross-entropy, in training mode. The outputs are
    those before the normalisation, as in the released code (SamsungLabs/zero-cost-nas).
    """
    network = fresh(network)
    sums: list[Tensor] = []
    for module in layers(network).values():
        module.register_forward_hook(partial(_watch, sums))
    backward(network, images, labels)
    return sum(float(each) for each in sums)


def _watch(sums: list[Tensor], _module: nn.Module, _inputs: Any, output: Tensor) -> None:
    if output.requires_grad:
        activation = output.detach().clone()  # the next layer may work in place
        output.register_hook(lambda gradient: sums.append(_information(activation, gradient)))


def _information(activation: Tensor, gradient: Tensor) -> Tensor:
    product = (activation * gradient).double() if activation.device.type != "mps" else activation * gradient
    channels = product.flatten(2).sum(dim=2) if product.dim() > 2 else product  # (B, C)
    return 0.5 * torch.sum(channels.square().mean(dim=0))

"""zico: the mean of gradients over their deviation between batches (Li et al. 2023, arXiv:2301.11300, equation 15)."""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies
from nasbench.evaluators.proxies.gradients import backward, fresh, layers


@proxies.register("zico")
@needs(batch_size=128, batches=2)
def zico(network: nn.Module, batches: Sequence[tuple[Tensor, Tensor]]) -> float:
    """Sum over convolutions and linear layers of log(sum over the weights w of mean_i |g_i(w)| / std_i g_i(w)).

    g_i is the gradient of the mean cross-entropy of batch i at initialisation, in training mode; two batches of 128
    images. Weights whose deviation is 0 are left out, and so are layers of such weights alone. The deviation (over the
    number of batches) is that of the signed gradient, as in the released code, by which the published figures were
    measured; the paper's equation has that of its absolute value.
    """
    network = fresh(network)
    gradients: dict[str, list[Tensor]] = {}
    for images, labels in batches:
        network.zero_grad()
        backward(network, images, labels)
        for name, module in layers(network).items():
            if module.weight.grad is not None:
                gradients.setdefault(name, []).append(module.weight.grad.flatten().cpu().double())
    return sum(layer_score(torch.stack(each)) for each in gradients.values())


def layer_score(gradients: Tensor) -> float:
    """float64 (batches, weights) -> the layer's part of the score; 0 where no gradient differs between the batches."""
    deviation = gradients.std(dim=0, correction=0)  # (weights)
    varies = deviation > 0
    total = float((gradients.abs().mean(dim=0)[varies] / deviation[varies]).sum())
    return log(total) if total > 0 else 0.0

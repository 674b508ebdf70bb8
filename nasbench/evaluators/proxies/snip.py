"""snip: how much the loss depends on each weight (Lee et al. 2019, arXiv:1810.02340), summed over the network by
Abdelfattah et al. (2021, arXiv:2101.08134, section 3.2).
"""

from torch import Tensor, nn

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies
from nasbench.evaluators.proxies.gradients import backward, fresh, weight_gradients


@proxies.register("snip")
@needs(batch_size=64)
def snip(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over the weights w of convolutions and linear layers of |w * dL/dw|.

    L is the mean cross-entropy of one batch of 64 images (B, C, H, W), in training mode.
    """
    network = fresh(network)
    backward(network, images, labels)
    return sum(float((weight * gradient).abs().double().sum()) for weight, gradient in weight_gradients(network))

"""grad_norm: the norm of the gradient at initialisation (Abdelfattah et al. 2021, arXiv:2101.08134, section 3.1)."""

from torch import Tensor, nn

from nasbench.core.proxy import needs
from nasbench.core.registry import proxies
from nasbench.evaluators.proxies.gradients import backward, fresh, weight_gradients


@proxies.register("grad_norm")
@needs(batch_size=64)
def grad_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over convolutions and linear layers of the Euclidean norm of dL/dW.

    L is the mean cross-entropy of one batch of 64 images (B, C, H, W), in training mode. Biases and normalisations are
    left out, as in the released code (SamsungLabs/zero-cost-nas).
    """
    network = fresh(network)
    backward(network, images, labels)
    return sum(float(gradient.double().norm()) for _, gradient in weight_gradients(network))

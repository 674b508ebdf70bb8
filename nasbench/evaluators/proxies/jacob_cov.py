"""jacob_cov: how little the input Jacobians of images correlate (Mellor et al. 2020, arXiv:2006.04647v1)."""

import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.proxy import needs
from nasbench.core.registry import proxies
from nasbench.evaluators.proxies.gradients import fresh, main_head

SMALLEST = 1e-5
"""Added to the eigenvalues, as published."""


@proxies.register("jacob_cov")
@needs(batch_size=64)
def jacob_cov(network: nn.Module, images: Tensor) -> float:
    """-sum over the eigenvalues v of the correlation matrix of the Jacobians of log(v + 1e-5) + 1 / (v + 1e-5).

    The Jacobian of an image is the gradient of the sum of its logits by its pixels; one batch of 64 images
    (B, C, H, W), in training mode. TrialFailed where the gradient of an image is constant: no correlation is defined.
    """
    network, pixels = fresh(network), images.clone().requires_grad_()
    main_head(network(pixels)).sum().backward()
    if pixels.grad is None:
        raise TrialFailed("jacob_cov is not defined: the output of the network does not depend on the image")
    return score_of_jacobians(pixels.grad.flatten(1).cpu().double())


def score_of_jacobians(jacobians: Tensor) -> float:
    """float64 (B, pixels) -> the score."""
    if bool((jacobians.std(dim=1) == 0).any()):
        raise TrialFailed("jacob_cov is not defined: the output of the network does not depend on an image")
    eigenvalues = torch.linalg.eigvalsh(torch.corrcoef(jacobians)).clamp(min=0.0) + SMALLEST  # (B)
    return -float((eigenvalues.log() + 1 / eigenvalues).sum())

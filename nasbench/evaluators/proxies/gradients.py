"""What several proxies share: a copy to work on, the layers with weights, and the gradient of the loss."""

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import TrialFailed

Layer = nn.Linear | nn.modules.conv._ConvNd


def fresh(network: nn.Module) -> nn.Module:
    """A copy in training mode and without gradients. What a proxy does to it leaves the network as it is."""
    made = copy.deepcopy(network).train()
    made.zero_grad()
    return made


def layers(network: nn.Module) -> Mapping[str, Layer]:
    """Name -> convolution or linear layer. TrialFailed where there is none: proxies of weights are sums over them."""
    found = {name: module for name, module in network.named_modules() if isinstance(module, Layer)}
    if not found:
        raise TrialFailed("the network has no convolution and no linear layer, over which this proxy is a sum")
    return found


def main_head(output: Any) -> Tensor:
    """The logits (B, num_classes) of the main head, which comes first where there are auxiliary ones."""
    logits: Tensor = output[0] if isinstance(output, tuple | list) else output
    return logits


def backward(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Leaves in the network's parameters the gradient of the mean cross-entropy of the main head."""
    F.cross_entropy(main_head(network(images)), labels).backward()


def weight_gradients(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """(weight, gradient) of every layer that the gradient reaches; the others add nothing to a sum."""
    weights = [module.weight for module in layers(network).values()]
    return [(weight.detach(), weight.grad) for weight in weights if weight.grad is not None]

"""synflow: the flow of signal through the absolute network (Tanaka et al. 2020, arXiv:2006.05467), summed over the
network by Abdelfattah et al. (2021, arXiv:2101.08134, section 3.2). It reads no images.
"""

from math import isfinite, log
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.proxy import PARTS, SCORES, needs
from nasbench.core.registry import proxies
from nasbench.core.spec import Task
from nasbench.core.typed import FARTHEST
from nasbench.evaluators.proxies.gradients import fresh, layers, main_head, weight_gradients


@proxies.register("synflow")
@needs(parts=PARTS["synflow"], score=SCORES["synflow"])
def synflow(network: nn.Module, task: Task) -> dict[str, float | None]:
    """`synflow`, the sum over the weights w of convolutions and linear layers of |w * dR/dw|, and its natural
    logarithm, `log_synflow`, which is the score: both rank alike, and the sum of a deep network is beyond what a log of
    trials holds (1e60). Then it is None.

    R is the sum of the logits for one image of ones, (1, C, H, W), when every parameter is replaced by its absolute
    value and every batch normalisation by the identity. In float64: without normalisation, sums grow with each layer.
    In a chain of linear layers without biases, each layer adds R itself. TrialFailed where the sum is 0 or infinite.
    """
    network = fresh(network).eval()
    first = next(network.parameters(), None)
    device = torch.device("cpu") if first is None or first.device.type == "mps" else first.device
    network.to(device, torch.float64)
    layers(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.register_forward_hook(_input_of)
    image = torch.ones(1, task.channels, task.image_size, task.image_size, dtype=torch.float64, device=device)
    main_head(network(image)).sum().backward()
    total = sum(float((weight * gradient).abs().sum()) for weight, gradient in weight_gradients(network))
    if total == 0:
        raise TrialFailed("synflow is 0: nothing of the image reaches the logits")
    if not isfinite(total):
        raise TrialFailed(
            f"synflow is not defined: its sum is {total}, the network is too deep or too wide for float64"
        )
    return {"synflow": total if total <= FARTHEST else None, "log_synflow": log(total)}


def _input_of(_module: nn.Module, inputs: tuple[Any, ...], _output: Tensor) -> Tensor:
    found: Tensor = inputs[0]
    return found

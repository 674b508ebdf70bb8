"""az-nas: four properties of an untrained network, combined by their ranks in a population (Lee and Ham 2024,
arXiv:2403.19232). It reads no images.

One network has the four properties alone. The score is computed where a population is known (`nasbench fidelity`): the
sum over the properties of log(rank / m) among m networks, rank m the best.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import TrialFailed
from nasbench.core.proxy import PARTS, needs
from nasbench.core.registry import proxies
from nasbench.core.spec import Task
from nasbench.evaluators.proxies.gradients import Layer, fresh

BATCH = 64


@proxies.register("az-nas")
@needs(parts=PARTS["az-nas"])
def az_nas(network: nn.Module, task: Task, macs: int) -> dict[str, float | None]:
    """The four properties of which az-nas makes a score. None where one is not defined: it then ranks last.

        expressivity   sum over cells l of E_l, the entropy of the normalised eigenvalues of the channels' covariance
        progressivity  the least E_l - E_(l-1)
        trainability   mean over cells of 2 - s - 1/s, where s is the largest singular value of
                       G_in^T G_out / (B H W): G_out is random -1 or 1, G_in its gradient by the cell's input
        macs           multiply-adds of one image

    Weights are drawn anew (He, fan-in), biases 0, for 64 images of standard normal noise, in training mode. Outputs are
    those of the stem and of each cell: the children of the network's longest sequence of modules.
    """
    network = fresh(network)
    network.apply(_initialise)
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    outputs: list[Tensor] = []
    blocks = cells(network)
    blocks[0].register_forward_pre_hook(lambda _module, inputs: outputs.append(inputs[0]))
    for block in blocks:
        block.register_forward_hook(partial(_keep, outputs))
    noise = torch.randn(BATCH, task.channels, task.image_size, task.image_size, device=device)
    network(noise.requires_grad_())
    outputs = [output for output in outputs if output.dim() == 4]
    if len(outputs) < 2:
        raise TrialFailed("az-nas compares the outputs (B, C, H, W) of cells, and fewer than two were run")
    entropies = torch.tensor([entropy(output.detach()) for output in outputs], dtype=torch.float64)  # (L + 1)
    steps = torch.tensor([step(*pair) for pair in pairwise(outputs)], dtype=torch.float64)  # (L)
    return {
        "expressivity": _defined(entropies.sum()),
        "progressivity": _defined(entropies.diff().min()),
        "trainability": _defined(steps.mean()),
        "macs": macs,
    }


def cells(network: nn.Module) -> Sequence[nn.Module]:
    """The modules of the longest sequence right below the network, stages of blocks as one sequence of blocks; those of
    the network itself where it is nothing but a sequence.

    TrialFailed where there is no sequence.
    """
    sequences = [
        list(child.children()) for child in network.children() if isinstance(child, nn.Sequential | nn.ModuleList)
    ]
    if not sequences and isinstance(network, nn.Sequential):
        sequences = [list(network)]
    longest = max(sequences, key=len, default=[])
    if longest and all(isinstance(each, nn.Sequential) for each in longest):
        longest = [block for stage in longest for block in stage.children()]
    if len(longest) < 2:
        raise TrialFailed("az-nas compares cells, and the network has no sequence of modules right below it")
    return longest


def entropy(features: Tensor) -> float:
    """(B, C, H, W) -> the entropy of the eigenvalues of the channels' covariance, in nats; NaN where all are 0."""
    rows = features.transpose(0, 1).flatten(1)  # (C, B H W)
    rows = rows - rows.mean(dim=1, keepdim=True)
    values = torch.linalg.eigvalsh((rows @ rows.T / rows.shape[1]).cpu().double())  # (C)
    if float(values.abs().max()) == 0.0:
        return float("nan")
    shares = values / values.sum()
    return float((-shares * torch.log(shares.clamp(min=0.0) + 1e-8)).sum())


def step(before: Tensor, after: Tensor) -> float:
    """2 - s - 1/s of one cell; minus infinity where the gradient passes through it unchanged, as published."""
    sent = torch.empty_like(after).bernoulli_(0.5).mul_(2).sub_(1)  # (B, C, H, W)
    found = None
    if after.requires_grad:
        found = torch.autograd.grad(after, before, sent, retain_graph=True, allow_unused=True)[0]
    got = torch.zeros_like(before) if found is None else found
    if got.shape == sent.shape and bool((got == sent).all()):
        return float("-inf")
    stride = before.shape[2] // after.shape[2]
    if stride > 1:  # the pixels that one output comes from are channels of it
        side = stride * after.shape[2], stride * after.shape[3]
        got = F.pixel_unshuffle(got[:, :, : side[0], : side[1]], stride)
    ins, outs = (each.transpose(0, 1).flatten(1) for each in (got, sent))  # (C_in, B H W), (C_out, B H W)
    largest = float(torch.linalg.matrix_norm((ins @ outs.T / outs.shape[1]).cpu().double(), ord=2))
    return 2 - largest - 1 / (largest + 1e-6)


def _keep(outputs: list[Tensor], _module: nn.Module, _inputs: Any, output: Any) -> None:
    if isinstance(output, Tensor):
        outputs.append(output if output.requires_grad else output.requires_grad_())  # zeros that nothing computed


def _initialise(module: nn.Module) -> None:
    if isinstance(module, Layer):
        nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
    elif isinstance(module, nn.modules.batchnorm._BatchNorm | nn.GroupNorm) and module.affine:
        nn.init.ones_(module.weight)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def _defined(value: Tensor) -> float | None:
    return float(value) if bool(torch.isfinite(value)) else None

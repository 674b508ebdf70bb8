"""Counts: parameters and multiply-adds, on the meta device, so that nothing is computed and no memory is taken."""

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasbench.core.spec import Task


def count(model: nn.Module, task: Task) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image of `task` in evaluation mode). The model stays as and where it is.

    PyTorch's counter reports 2 x MACs of convolutions, matrix products and attention; normalisation, activations and pooling
    count nothing. An auxiliary head adds to the parameters alone: evaluation does not run it.
    """
    ghost = _meta_copy(model)
    image = torch.empty(1, task.channels, task.image_size, task.image_size, device="meta")
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        ghost(image)
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad), counter.get_total_flops() // 2


def _meta_copy(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose tensors have shapes and no data; no weight is copied on the way."""
    tensors: dict[int, object] = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), requires_grad=p.requires_grad) for p in model.parameters()
    }
    tensors |= {id(b): torch.empty_like(b, device="meta") for b in model.buffers()}
    return copy.deepcopy(model, tensors).eval()

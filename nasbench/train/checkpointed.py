"""Gradient checkpointing: a network's repeated parts are computed twice, so that what is inside them is not kept.

Chen et al. 2016 (arXiv:1604.06174). Random numbers are the same both times, and running statistics change once, so
that a training comes to the same numbers. It takes about a third more time, and the memory of a part at a time.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from nasbench.core.errors import UsageError
from nasbench.train.compiled import parts_of


def checkpoint_parts(model: nn.Module) -> int:
    """Has the repeated parts of `model` computed twice in training, in place, and returns their number.

    UsageError if nothing is repeated.
    """
    parts = parts_of(model)
    if not parts:
        raise UsageError(
            f"{type(model).__name__} has no repeated parts whose activations could be left out; leave "
            "--checkpoint-activations out"
        )
    for part in parts:
        setattr(part, "forward", MethodType(_forward, part))  # noqa: B010 -- a copy of the part has a method of its own
    return len(parts)


def _forward(part: nn.Module, *inputs: Any, **options: Any) -> Any:
    compute = partial(type(part).forward, part)
    if not (part.training and torch.is_grad_enabled()):
        return compute(*inputs, **options)
    return checkpoint(compute, *inputs, use_reentrant=False, context_fn=partial(_contexts, part), **options)


def _contexts(part: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Around the first computation, and around the second."""
    return nullcontext(), _statistics_stay(part)


@contextmanager
def _statistics_stay(part: nn.Module) -> Iterator[None]:
    """A context in which batch normalisations normalise as in training and leave their running statistics alone.

    With a momentum of 0 these come to themselves. Not to track them would keep other tensors than the first time.
    """
    tracking = [each for each in part.modules() if isinstance(each, _BatchNorm) and each.track_running_stats]
    before: list[tuple[float | None, Tensor, Tensor]] = []
    for each in tracking:
        batches = each.num_batches_tracked
        assert batches is not None  # as it tracks
        before.append((each.momentum, batches, batches.clone()))
    for each in tracking:
        each.momentum = 0.0
    try:
        yield
    finally:
        for each, (momentum, batches, as_it_was) in zip(tracking, before, strict=True):
            each.momentum = momentum
            batches.copy_(as_it_was)

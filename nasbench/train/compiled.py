"""Compiling a network for training region by region: its repeated parts, each on its own, so that parts of one shape
share their code.

A NASNet of 18 normal cells has 11 different ones, compiled in as many pieces; the whole network as one graph takes many
times as long. Evaluation stays eager: it has other batch sizes, each of which would be compiled anew.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from nasbench.core.errors import UsageError
from nasbench.nn.drop_path import hold_probabilities

CONTAINERS = (nn.Sequential, nn.ModuleList)
BACKEND = "inductor"


def compile_parts(model: nn.Module) -> int:
    """Compiles the repeated parts of `model`, which is on its device, in place; their number. The code is made at the
    first call.
    """
    parts = parts_of(model)
    if not parts:
        raise UsageError(
            f"{type(model).__name__} has no parts of one kind that could be compiled one by one; leave --compile out"
        )
    hold_probabilities(model)
    limits = torch._dynamo.config
    limits.recompile_limit = max(
        limits.recompile_limit, 2 * len(parts)
    )  # each shape of a part is a recompilation of the first one
    for part in parts:
        part.compile(dynamic=False, backend=BACKEND)
    return len(parts)


def parts_of(model: nn.Module) -> list[nn.Module]:
    """The outermost modules of which there are several of one kind: the cells of a cell network, the blocks of a
    ResNet.
    """
    level = [model]
    while level:
        level = [child for module in level for child in _unpacked(module)]
        counts = Counter(map(type, level))
        repeated = [module for module in level if counts[type(module)] > 1]
        if repeated:
            return repeated
    return []


def eagerly(model: nn.Module) -> AbstractContextManager[object]:
    """Inside, compiled parts of `model` run as they are written."""
    if any(module._compiled_call_impl is not None for module in model.modules()):
        eager: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
        return eager
    return nullcontext()


def _unpacked(module: nn.Module) -> Iterator[nn.Module]:
    """The children, plain containers opened, layers left out."""
    for child in module.children():
        if type(child) in CONTAINERS:
            yield from _unpacked(child)
        elif any(True for _ in child.children()):
            yield child

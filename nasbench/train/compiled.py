"""Compiles a network for training part by part: each repeated part alone, so that parts of one shape share their code.

A NASNet of 18 normal cells has 11 different cells, so 11 pieces of code are compiled. Compiling the whole network as
one graph takes many times as long. Evaluation stays eager, since each of its batch sizes would need another
compilation.
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
    """Marks the repeated parts of `model` for compilation, in place, and returns their number.

    `model` must be on its device already. The first forward pass compiles. UsageError if nothing is repeated.
    """
    parts = parts_of(model)
    if not parts:
        raise UsageError(
            f"{type(model).__name__} has no repeated parts that could be compiled one by one; leave --compile out"
        )
    hold_probabilities(model)
    limits = torch._dynamo.config
    # To PyTorch, each further shape of a part is a recompilation of the first one.
    limits.recompile_limit = max(limits.recompile_limit, 2 * len(parts))
    for part in parts:
        part.compile(dynamic=False, backend=BACKEND)
    return len(parts)


def parts_of(model: nn.Module) -> list[nn.Module]:
    """The outermost modules whose class occurs more than once: the cells of a cell network, the blocks of a ResNet."""
    level = [model]
    while level:
        level = [child for module in level for child in _unpacked(module)]
        counts = Counter(map(type, level))
        repeated = [module for module in level if counts[type(module)] > 1]
        if repeated:
            return repeated
    return []


def eagerly(model: nn.Module) -> AbstractContextManager[object]:
    """A context in which the compiled parts of `model` run eagerly, without their compiled code."""
    if any(module._compiled_call_impl is not None for module in model.modules()):
        eager: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
        return eager
    return nullcontext()


def _unpacked(module: nn.Module) -> Iterator[nn.Module]:
    """The children: a plain container is replaced by its own children, and a layer without children is left out."""
    for child in module.children():
        if type(child) in CONTAINERS:
            yield from _unpacked(child)
        elif any(True for _ in child.children()):
            yield child

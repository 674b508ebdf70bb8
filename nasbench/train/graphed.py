"""The forward and backward pass of a training step as one CUDA graph.

A step of a cell network launches thousands of small kernels, and the processor needs longer to launch them than the GPU
to run them. A graph is captured once and replayed by one call, with the same numbers.
"""

import os
import sys
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from nasbench.core.stop_signals import from_outside

SWITCH = "NASBENCH_CUDA_GRAPHS"
"""Environment variable. 0: no step is captured."""
BROKEN_CAPTURE = "CUDA error while a step was captured as a graph"
WARM_UP_STEPS = 3
"""Real training steps before the capture: in them, libraries choose their kernels."""
KNOWN = ("torch", "torchvision", "timm", "nasbench", "zoo", "search_spaces")
"""Packages whose layers and losses do the same in every step. Others may decide by a Python number that changes, which
a graph would keep as it was at the capture.
"""

Pass = Callable[[Tensor, Tensor], Tensor]
"""(images, labels) -> the losses. Gradients are left in the parameters, whose gradients of before are forgotten."""


def can_be_captured(model: nn.Module, loss: object, device: torch.device) -> bool:
    """Whether the steps of `model` are to be captured: on a CUDA device, if all its layers and the part that the recipe
    names as its loss come from packages that are known, and the environment does not forbid it.
    """
    if device.type != "cuda" or os.environ.get(SWITCH) == "0":
        return False
    return all(each.__module__.partition(".")[0] in KNOWN for each in (loss, *model.modules()))


class GraphedPass:
    """A pass that is captured after WARM_UP_STEPS and then replayed.

    If one of the first steps waits for the device (it reads a value back), nothing is ever captured.
    """

    def __init__(self) -> None:
        self._done = 0
        self._waits = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._given: tuple[Tensor, Tensor]
        self._losses: Tensor

    @property
    def is_captured(self) -> bool:
        return self._graph is not None

    def __call__(self, run: Pass, images: Tensor, labels: Tensor) -> Tensor:
        """What `run` returns. It is a tensor of its own memory only until the next call.

        Images and labels must have the same shapes and types in each call.
        """
        if self._waits:
            return run(images, labels)
        if self._done < WARM_UP_STEPS:
            self._done += 1
            losses, waits = _aside(run, images, labels)
            self._waits = self._waits or waits
            return losses
        if self._graph is None:
            self._given = (images.clone(), labels.clone())
            self._graph, self._losses = _captured(run, self._given)
        for held, given in zip(self._given, (images, labels), strict=True):
            held.copy_(given)
        self._graph.replay()
        return self._losses


def _captured(run: Pass, given: tuple[Tensor, Tensor]) -> tuple[torch.cuda.CUDAGraph, Tensor]:
    """The graph, and the tensor in which each replay leaves the losses.

    RuntimeError where the pass fails or cannot be captured. Its text says BROKEN_CAPTURE, as PyTorch's random numbers
    may be unusable in this process from then on.
    """
    graph, first = torch.cuda.CUDAGraph(), None
    try:
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            try:
                losses = run(*given)
            except BaseException as error:
                first = error  # what ends the capture hides it by an error of its own
                raise
    except BaseException as error:
        fault = first or error
        if from_outside(fault):
            raise fault from None
        raise RuntimeError(f"{BROKEN_CAPTURE}: {fault}. {SWITCH}=0 runs steps one by one.") from fault
    return graph, losses


def _aside(run: Pass, images: Tensor, labels: Tensor) -> tuple[Tensor, bool]:
    """One pass on a stream of its own, as PyTorch asks for before a capture, and whether it waited for the device."""
    here, stream = torch.cuda.current_stream(), torch.cuda.Stream()
    stream.wait_stream(here)
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with torch.cuda.stream(stream):
                losses = run(images, labels)
        finally:
            torch.cuda.set_sync_debug_mode(before)
    here.wait_stream(stream)
    waits = False
    for each in told:
        if "synchronizing CUDA operation" in str(each.message):
            waits = True
        elif "Synchronization debug mode" not in str(each.message):
            sys.stderr.write(warnings.formatwarning(each.message, each.category, each.filename, each.lineno))
    return losses, waits

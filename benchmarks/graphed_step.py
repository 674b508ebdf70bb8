"""A training step as one CUDA graph: its thousands of kernels are captured once and replayed by one call, so that the
processor's time to launch each of them is gone.
"""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP_STEPS = 3
"""Libraries choose their kernels, and the optimiser makes its state, in the first steps; neither can be captured."""


def graphed_step(step: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """`step` as a graph. It must read its images from the same memory each time, and decide nothing by a value on the
    device; what it returns is the same tensor each time, with the newest loss.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP_STEPS):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay() -> Tensor:
        graph.replay()
        return loss

    return replay

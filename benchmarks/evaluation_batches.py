"""How many images an evaluation takes at once on a CPU: images a second with other sizes of a batch.

    python benchmarks/evaluation_batches.py       prints, and writes results/evaluation_batches.json

Each network runs in every size of a batch in turn, ROUNDS times; told is the median of the rounds, by the processor
time of one thread, as a ratio to the batch that evaluations take.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from time import process_time

import torch
from torch import nn

from nasbench.core.spec import Size, Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve
from nasbench.engine.run.provenance import provenance
from nasbench.train.evaluation import batch_on
from search_spaces.nasnet.space import NasnetSpace

RESULTS = Path(__file__).parent / "results" / "evaluation_batches.json"
TIMES = (0.25, 1, 4)
"""Sizes of a batch, in those that evaluations take."""
ROUNDS = 3
CPU = torch.device("cpu")


def cell(pixels: int) -> nn.Module:
    """A random cell as a child of a search on few images is: N = 1, F = 8."""
    space = NasnetSpace()
    return space.build(space.draw(Random(1)), Size(1, 8, skeleton="cifar"), Task(image_size=pixels))


def zoo(name: str) -> nn.Module:
    return build(resolve(f"zoo:{name}", ModelOverrides()))


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "a NASNet cell, N = 1, F = 8": (lambda: cell(16), 16),
    "the same at 32 pixels": (lambda: cell(32), 32),
    "the same at 64 pixels": (lambda: cell(64), 64),
    "resnet20": (lambda: zoo("resnet20"), 32),
    "resnet18": (lambda: zoo("resnet18"), 224),
}


def rates(network: nn.Module, pixels: int) -> dict[int, float]:
    """Images of a batch -> images a second."""
    network.eval().to(memory_format=torch.channels_last)
    sizes = [int(times * batch_on(CPU, pixels)) for times in TIMES]
    images = torch.randn(max(sizes), 3, pixels, pixels).to(memory_format=torch.channels_last)
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    with torch.inference_mode():
        network(images)
        for _ in range(ROUNDS):
            for size in sizes:
                start = process_time()
                for first in range(0, len(images), size):
                    network(images[first : first + size])
                seconds[size].append((process_time() - start) / len(images))
    return {size: 1 / median(found) for size, found in seconds.items()}


def main() -> None:
    torch.set_num_threads(1)
    found = []
    for name, (make, pixels) in NETWORKS.items():
        measured = rates(make(), pixels)
        chosen = batch_on(CPU, pixels)
        row = {"network": name, "pixels": pixels, "batch": chosen, "images_a_second": round(measured[chosen], 1)}
        row["ratios"] = {size: round(rate / measured[chosen], 2) for size, rate in measured.items()}
        found.append(row)
        print(row, flush=True)
    record = {**provenance(["benchmarks/evaluation_batches.py", *sys.argv[1:]]), "threads": 1, "networks": found}
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()

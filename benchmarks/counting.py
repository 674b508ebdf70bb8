"""How long it takes to build and count the networks of the zoo: on PyTorch's meta device with its counter, and here.

    python benchmarks/counting.py

Both ways count every network in the same run, one after the other; it stops where the counts differ.
"""

import os
from time import perf_counter

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import torch
from torch.utils.flop_counter import FlopCounterMode

import zoo
from nasbench.blank import blank
from nasbench.profile import count


def by_pytorch(name: str) -> int:
    """Multiply-adds by PyTorch's counter."""
    task = zoo.entry(name).card.task
    with torch.device("meta"):
        network = zoo.create(name).eval()
        image = torch.empty(1, task.channels, task.image_size, task.image_size)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    return int(counter.get_total_flops()) // 2


def by_shapes(name: str) -> int:
    """The same by `nasbench.profile.count`."""
    with blank():
        network = zoo.create(name)
    return count(network, zoo.entry(name).card.task)[1]


def main() -> None:
    names = list(zoo.entries())
    by_pytorch(names[0]), by_shapes(names[0])  # imports
    spent = {by_pytorch: 0.0, by_shapes: 0.0}
    for name in names:
        found = []
        for way in spent:
            start = perf_counter()
            found.append(way(name))
            spent[way] += perf_counter() - start
        assert found[0] == found[1], (name, found)
    theirs, ours = spent.values()
    print(
        f"{len(names)} networks: {theirs:.1f} s, and {ours:.1f} s here: {theirs / ours:.2f} times as fast; equal counts"
    )


if __name__ == "__main__":
    main()

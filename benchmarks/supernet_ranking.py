"""How well a supernet ranks: NAS-Bench-201's is trained on CIFAR-10 for some minutes, and its scores of random cells
are compared with the published table.

    python benchmarks/supernet_ranking.py DATA --minutes 4

DATA is the directory of data sets. Prints Kendall's tau of the scores (negative loss, and accuracy, on validation
images after recalibration) and the table's validation accuracy after 200 epochs: over all cells, and within the better
half of them, because most of a tau over all cells comes from telling bad cells from good ones. The number of
parameters, which needs no training, stands beside it. One seed and a small supernet: a check that weight sharing works,
not a result.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from nasbench.core.arch import Architecture
from nasbench.core.registry import samplers
from nasbench.core.spec import Size, Task
from nasbench.evaluators.table import TableEvaluator
from nasbench.nn.recalibration import recalibrate
from nasbench.nn.supernet import Supernet
from nasbench.report.run.statistics import kendall_tau
from nasbench.samplers.uniform import Uniform
from nasbench.train.augment import flip, pad_crop
from nasbench.train.data import Split, at_size, normalise
from nasbench.train.source import DataSource
from search_spaces.nasbench201.space import NasBench201Space

Batches = Callable[[Split, Tensor], tuple[Tensor, Tensor]]
"""(split, indices of images) -> images as a network sees them, and labels."""


def train(
    supernet: Supernet, sampler: str, num_steps: int, batch: Callable[[torch.Generator], tuple[Tensor, Tensor]]
) -> Iterator[float]:
    """Yields the loss of each step: the paths' gradients are summed, and divided by their number."""
    generator, rng = torch.Generator().manual_seed(0), Random(0)
    paths_of = samplers.make(sampler, NasBench201Space()).paths
    optimizer = torch.optim.SGD(supernet.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * min(1.0, step / num_steps)))
    )
    supernet.train()
    while True:
        images, labels = batch(generator)
        optimizer.zero_grad(set_to_none=True)  # weights off the paths stay as they are
        paths, losses = paths_of(rng), 0.0
        for path in paths:
            loss = functional.cross_entropy(supernet(images, path), labels) / len(paths)
            loss.backward()
            losses += loss.item()
        torch.nn.utils.clip_grad_norm_(supernet.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        yield losses


@torch.no_grad()
def score(
    supernet: Supernet, path: Architecture, seen: list[Tensor], images: Tensor, labels: Tensor
) -> tuple[float, float]:
    """(negative loss, accuracy) on validation images, after recalibration on the training images `seen`."""
    recalibrate(supernet, path, seen)
    logits = supernet.eval()(images, path)  # (B, num_classes)
    return -functional.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--minutes", type=float, default=4.0, help="of training")
    parser.add_argument("--cells", type=int, default=1, help="N")
    parser.add_argument("--filters", type=int, default=8, help="C")
    parser.add_argument("--pixels", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--sampler", default="uniform")
    parser.add_argument("--scored", type=int, default=150, help="random cells that are scored")
    parser.add_argument("--val-images", type=int, default=1000)
    options = parser.parse_args()

    data, space = DataSource("cifar10", options.data).read(), NasBench201Space()
    assert isinstance(data.train, Split)
    assert isinstance(data.val, Split)
    train_split = data.train

    def seen(split: Split, indices: Tensor) -> tuple[Tensor, Tensor]:
        pixels = at_size(split.images[indices], options.pixels)
        return normalise(pixels, data.mean, data.std), split.labels[indices]

    def batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, labels = seen(train_split, torch.randint(len(train_split), (options.batch_size,), generator=generator))
        return flip(pad_crop(images, 2, generator), generator), labels

    torch.manual_seed(0)
    size = Size(options.cells, options.filters, skeleton="cifar")
    supernet = space.supernet(size, Task(10, options.pixels, 3))
    start = time.perf_counter()
    for _ in zip(range(20), train(supernet, options.sampler, 20, batch), strict=False):
        pass
    num_steps = int(60 * options.minutes / ((time.perf_counter() - start) / 20))
    torch.manual_seed(0)
    supernet = space.supernet(size, Task(10, options.pixels, 3))
    recent = 0.0
    for step, loss in zip(range(1, num_steps + 1), train(supernet, options.sampler, num_steps, batch), strict=False):
        recent += (loss - recent) * max(0.01, 1 / step)
        if step % max(1, num_steps // 10) == 0:
            print(f"step {step:,} of {num_steps:,}: loss {recent:.3f}, {time.perf_counter() - start:.0f} s", flush=True)

    recalibration = [seen(train_split, torch.arange(128 * index, 128 * (index + 1)))[0] for index in range(8)]
    images, labels = seen(data.val, torch.arange(options.val_images))
    table = TableEvaluator("nasbench201-cifar10", space, "val_accuracy_200", None, ("params",))
    sampler, rng = Uniform(space), Random(1)
    cells = list(dict.fromkeys(path for _ in range(options.scored) for path in sampler.paths(rng)))
    rows = [(table.row(cell), score(supernet, cell, recalibration, images, labels)) for cell in cells]
    rows.sort(key=lambda row: row[0]["val_accuracy_200"])
    for name, value in (
        ("negative loss", lambda row: row[1][0]),
        ("accuracy", lambda row: row[1][1]),
        ("parameters", lambda row: row[0]["params"]),
    ):
        taus = []
        for part in (rows, rows[len(rows) // 2 :]):
            found = kendall_tau([value(row) for row in part], [row[0]["val_accuracy_200"] for row in part])
            taus.append(f"{found[0]:+.3f}" if found else "undefined")
        print(f"{name}: tau {taus[0]} over {len(rows)} cells, {taus[1]} in their better half")
    best = max(rows, key=lambda row: row[1][0])
    rank = len(rows) - rows.index(best)
    print(f"predicted best: {best[0]['val_accuracy_200']:.2f} %, rank {rank} of {len(rows)}; best {rows[-1][0]}")


if __name__ == "__main__":
    main()

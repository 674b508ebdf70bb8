"""Loader processes on a folder of many small images: how long they take to start, their memory, and images a second.

    python benchmarks/image_loaders.py DIR --loaders 2 --out benchmarks/results/image_loaders.json

DIR is filled with 1,000 classes of 20 training and 2 test images unless it has them. `bare` is how many images a second
one process decodes and augments without a loader, which K loaders cannot exceed K times.
"""

import argparse
import json
import os
import resource
from pathlib import Path
from random import Random
from time import perf_counter

import torch
from PIL import Image

from nasbench.core.recipe import Recipe
from nasbench.train import loader
from nasbench.train.datasets import resolve_dataset
from nasbench.train.file_batches import FileBatches

CLASSES, TRAIN, TEST, SIDE = 1000, 20, 2, 64
RECIPE = Recipe("loaders", 1, epochs=1, batch_size=100, lr_peak=0.1, random_resized_crop=0.35, flip=True)


def fill(root: Path) -> None:
    """Photograph-like JPEGs: smooth noise, SIDE pixels."""
    rng = Random(0)
    for split, count in (("train", TRAIN), ("val", TEST)):
        for label in range(CLASSES):
            folder = root / split / f"n{label:08d}"
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                small = Image.frombytes("RGB", (8, 8), rng.randbytes(192))
                small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{label:08d}_{index}.jpg")


def own_mib(process: int) -> float:
    """Memory that a process shares with no other, in MiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def children() -> list[int]:
    """The processes that decode images: below this one, or below its server."""
    found, waiting = [], [os.getpid()]
    while waiting:
        path = Path(f"/proc/{waiting.pop()}/task")
        below = [int(c) for task in path.iterdir() for c in (task / "children").read_text().split()]
        found += below
        waiting += below
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--loaders", type=int, default=2)
    parser.add_argument("--times", type=int, default=1, help="list every file so many times, as of a larger data set")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if not (asked.directory / "val").exists():
        fill(asked.directory)
    data = resolve_dataset("imagenet").load(asked.directory, 32, False)
    split = data.train.take(torch.arange(len(data.train)).repeat(asked.times))
    transform = loader._train_transform(32, RECIPE)

    start, some = perf_counter(), 400
    here = FileBatches(split, transform, torch.device("cpu"))
    for _ in here([(index, index) for index in range(some)], 100):
        pass
    bare = some / (perf_counter() - start)

    start = perf_counter()
    many = FileBatches(split, transform, torch.device("cpu"), loaders=asked.loaders)
    batches = many([(index % len(split), index) for index in range(4000)], 100)
    next(batches)
    started = perf_counter() - start
    start = perf_counter()
    seen = sum(len(labels) for _, labels in batches)
    rate = seen / (perf_counter() - start)
    workers = sorted((own_mib(process) for process in children()), reverse=True)
    record = {
        "files": len(split),
        "loaders": asked.loaders,
        "seconds_to_first_batch": round(started, 2),
        "own_mib_of_each_process": [round(mib, 1) for mib in workers],
        "peak_mib_of_this_process": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "images_per_second": round(rate, 1),
        "bare_images_per_second_of_one_process": round(bare, 1),
    }
    text = json.dumps(record, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()

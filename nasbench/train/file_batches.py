"""Files decoded into batches, in this process or in loader processes, which share one list of the files."""

import os
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nasbench.core.errors import UsageError
from nasbench.train.data import FileSplit
from nasbench.train.decoding import Fault, read_noted, reason_of, refusal
from nasbench.train.device import isolated_rng
from nasbench.train.reading import Reading
from nasbench.train.shared_files import SharedFiles

if TYPE_CHECKING:
    from torchvision.transforms import v2  # a second to import, and images in memory seldom need it

MAX_WORKERS = 8
CPU = torch.device("cpu")


class FileBatches:
    """Decodes files into uint8 batches on the device. Its worker processes, if any, live as long as the object.

    `side` is what the transform resizes the shorter side of an image to, where it resizes the whole image.

    If no file of a batch can be read, the batch is left out. With `all_needed` it is an error instead, since other
    replicas would wait for this replica's part.
    """

    def __init__(
        self,
        split: FileSplit,
        transform: "v2.Transform",
        device: torch.device,
        all_needed: bool = False,
        side: int | None = None,
        loaders: int | None = None,
    ) -> None:
        self._device, self._order, self._corrupt, self._all_needed = device, _Order(), split.corrupt, all_needed
        self._reading = split.reading
        self.passed = 0
        """Batches that were read since the last call, those included of which no file can be read."""
        # A training on the CPU needs all cores itself; a GPU would wait for images that one process decodes.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
        workers = (0 if device.type == "cpu" else min(MAX_WORKERS, cores)) if loaders is None else loaders
        self._loader = DataLoader(
            _Files(SharedFiles(split, shared=workers > 0), transform, side),
            batch_sampler=self._order,
            num_workers=workers,
            collate_fn=_collate,
            pin_memory=device.type == "cuda",
            generator=torch.Generator(),  # without it, the global generator would give the base seed
            persistent_workers=workers > 0,
            multiprocessing_context=_prepared_server() if workers else None,
        )

    def __call__(self, keys: list[tuple[int, int]], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The images at (index, seed) of each key."""
        self._order.batches = [keys[start : start + batch_size] for start in range(0, len(keys), batch_size)]
        self.passed = 0
        for images, labels, faults, notes in self._loader:
            self.passed += 1
            if faults and self._corrupt is None:
                raise refusal(faults, len(labels) + len(faults))
            leave_out(faults, self._corrupt, self._reading)
            for path, kinds in notes:
                self._reading.note(path, kinds)
            if len(labels) == 0:
                if self._all_needed:
                    hint = "They are all images of a batch that this process has to compute."
                    raise refusal(faults, len(faults), hint)
                continue
            yield images.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)


def _prepared_server() -> BaseContext:
    """Where loader processes come from: a server that has imported what they need, so that they start at once.

    A server that something else has started before is used as it is.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, "torchvision.transforms.v2"])
    return context


class _Order:
    """A batch sampler whose batches are set from outside before each epoch."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[int, int]]] = []

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


Decoded = tuple[Tensor, int, Path, tuple[str, ...]]
"""An image uint8 (3, S, S), its label, its file, and what was done to it when it was read."""


class _Files(Dataset[Decoded | Fault]):
    """Returns an error as a value: if a worker process raised it, its message would be wrapped in a traceback."""

    def __init__(self, files: SharedFiles, transform: "v2.Transform", side: int | None) -> None:
        self._files, self._transform, self._side = files, transform, side

    def __getitem__(self, key: tuple[int, int]) -> Decoded | Fault:
        index, seed = key
        path = self._files.path(index)
        try:
            image, notes = read_noted(path, self._side)
        except UsageError as error:
            return path, error
        with isolated_rng(CPU, seed):
            return self._transform(image), self._files.label(index), path, notes


def _collate(
    items: Sequence[Decoded | Fault],
) -> tuple[Tensor, Tensor, list[Fault], list[tuple[Path, tuple[str, ...]]]]:
    images, labels, faults, notes = [], [], [], []
    for item in items:
        if len(item) == 2:
            faults.append(item)
            continue
        image, label, path, kinds = item
        images.append(image)
        labels.append(label)
        if kinds:
            notes.append((path, kinds))
    stacked = torch.stack(images) if images else torch.empty(0)
    return stacked, torch.tensor(labels), faults, notes  # uint8 (B, 3, S, S), int64 (B)


def leave_out(faults: Sequence[Fault], corrupt: set[Path] | None, reading: Reading) -> None:
    """Counts files that cannot be read and are left out."""
    if corrupt is not None:
        corrupt.update(path for path, _ in faults)
        for path, error in faults:
            reading.leave_out(path, reason_of(path, error))

"""The files of a split in memory that loader processes share: no process has a copy of its own, however many files.

PyTorch hands a tensor in shared memory to another process as a handle. Names and labels become three such tensors.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nasbench.train.data import FileSplit
from nasbench.train.paths import Paths, name_at, texts


class SharedFiles:
    """Path and label of each file of a split, by its index. Negative indices and slices are not known."""

    def __init__(self, split: FileSplit, shared: bool) -> None:
        paths = split.paths if isinstance(split.paths, Paths) else Paths("", texts(split.paths))
        text, ends = paths.packed
        self._root, self._num_files = paths.root, len(paths)
        self._text, self._ends = _tensor(text, torch.uint8), _tensor(ends, torch.int64)
        self._labels = torch.tensor(split.labels, dtype=torch.int64)
        if shared:
            for tensor in (self._text, self._ends, self._labels):
                tensor.share_memory_()

    def __len__(self) -> int:
        return self._num_files

    def path(self, index: int) -> Path:
        """The file at `index`."""
        names: memoryview = self._text.numpy().data
        ends: Sequence[int] = self._ends.numpy().data
        return Path(self._root, name_at(names, ends, index))

    def label(self, index: int) -> int:
        """The class of the file at `index`."""
        return int(self._labels[index])


def _tensor(values: object, kind: torch.dtype) -> Tensor:
    """The same bytes in memory of their own, as numbers of `kind`."""
    data = memoryview(values).cast("B")  # type: ignore[arg-type]
    return torch.frombuffer(bytearray(data), dtype=kind) if len(data) else torch.empty(0, dtype=kind)

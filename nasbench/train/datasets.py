"""Data sets by name. Nothing touches the network unless asked to.

One's own is `package.module:MyDataset`: a class without arguments, or an object, with the three functions of `DataSet`.
The built-in ones obey the same protocol.
"""

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.registry import datasets
from nasbench.core.spec import Task
from nasbench.train.data import AnySplit, ImageData, Split, carve, validation_size


@runtime_checkable
class DataSet(Protocol):
    """Where images come from. `data_dir` None is the default directory, `image_size` None the data set's own."""

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:
        """What networks are built for, without reading the images where that can be."""

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:
        """The training and the validation split, the same at every call. UsageError where something is missing or
        broken.
        """

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> AnySplit:
        """The test split, which no search may touch."""


def resolve_dataset(name: str, skip_corrupt: bool = False) -> DataSet:
    """The data set with that name, at that import path, or in that folder ('folder:PATH').

    `skip_corrupt` leaves out files that cannot be read, where the data set is one of files.
    """
    if name == "folder" or name.startswith("folder:"):
        path = name.removeprefix("folder").removeprefix(":")
        if not path:
            raise UsageError(
                "--dataset folder needs the path of the images: folder:PATH, with PATH/train/<class> and "
                "PATH/val/<class>"
            )
        made: Any = datasets.get("folder")(Path(path))
    else:
        part = datasets.get(name)
        made = part() if isinstance(part, type) else part
    if skip_corrupt and hasattr(made, "corrupt"):
        made = replace(made, corrupt=set())
    if not isinstance(made, DataSet):
        raise UsageError(
            f"{name!r} is no data set: it needs task(), load() and load_test() (see nasbench.train.datasets.DataSet)"
        )
    return made


def task_of(name: str, data_dir: Path | None, image_size: int | None) -> Task:
    """What networks on this data set are built for; reads no more than it must."""
    return resolve_dataset(name).task(data_dir, image_size)


@lru_cache(maxsize=1)
def read_once(
    name: str, data_dir: Path, image_size: int | None, download: bool, skip_corrupt: bool = False
) -> ImageData:
    """The data set, read once in a process: a warm worker keeps it."""
    return resolve_dataset(name, skip_corrupt).load(data_dir, image_size, download)


@lru_cache(maxsize=1)
def on_device_once(
    device: torch.device, name: str, data_dir: Path, image_size: int | None, download: bool, skip_corrupt: bool = False
) -> ImageData:
    """The same with its images on `device`, copied once in a process."""
    return read_once(name, data_dir, image_size, download, skip_corrupt).to(device)


def default_data_dir() -> Path:
    """$NASBENCH_DATA, else the user cache."""
    given = os.environ.get("NASBENCH_DATA")
    if given:
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "nasbench"


@dataclass(frozen=True)
class Digits:
    """1,797 real scans, 8 x 8, of 43 people's digits (UCI, by way of scikit-learn): 1,200 to train, 300 to validate,
    297 to test.
    """

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:  # noqa: ARG002 - it comes with scikit-learn
        return Task(10, image_size or 8, 1)

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:  # noqa: ARG002
        rest, _ = self._parts()
        train, val = rest.take(torch.arange(300, len(rest))), rest.first(300)
        return ImageData("digits", train, val, (0.3053,), (0.3760,), tuple("0123456789"), image_size or 8)

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> Split:  # noqa: ARG002
        return self._parts()[1]

    def _parts(self) -> tuple[Split, Split]:
        """Everything but the test split, and the test split."""
        from sklearn.datasets import load_digits

        scans = load_digits()
        pixels = torch.from_numpy(scans.images).mul(255 / 16).round().to(torch.uint8)  # (N, 8, 8), of 0..16
        every = Split(pixels.unsqueeze(1), torch.from_numpy(scans.target).long())  # (N, 1, 8, 8)
        rest, test = carve(len(every), 297)
        return every.take(rest), every.take(test)


@dataclass(frozen=True)
class TorchvisionData:
    """A data set of torchvision's: `kind` is its class there, `layout` what has to lie in the data directory.

    A tenth of the official training images, in a fixed random order, is the validation split: CIFAR's 5,000 of 50,000.
    """

    name: str
    kind: str
    layout: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    num_classes: int

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:  # noqa: ARG002 - known without
        return Task(self.num_classes, image_size or self.side, len(self.mean))

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:
        official, names = self._read(data_dir, True, download)
        train, val = carve(len(official), validation_size(len(official)))
        return ImageData(
            self.name, official.take(train), official.take(val), self.mean, self.std, names, image_size or self.side
        )

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> Split:  # noqa: ARG002
        return self._read(data_dir, False, download)[0]

    def _read(self, data_dir: Path | None, train: bool, download: bool) -> tuple[Split, tuple[str, ...]]:
        import torchvision

        root = data_dir or default_data_dir()
        try:
            made = getattr(torchvision.datasets, self.kind)(root, train=train, download=download)
        except Exception as error:  # not found, torn, or not to be fetched: torchvision raises several types for each
            if download:
                raise RunFailed(
                    f"cannot fetch {self.name} into {root}: {error}. Check the network, or put {self.layout} there by "
                    "hand."
                ) from error
            raise UsageError(
                f"{self.name} is not in {root} (missing or incomplete). Put {self.layout} there, name another "
                "directory with "
                "--data-dir or $NASBENCH_DATA, or let it be fetched with --download."
            ) from error
        return Split(_channels_first(torch.as_tensor(made.data)), torch.as_tensor(made.targets).long()), tuple(
            made.classes
        )


def _channels_first(pixels: Tensor) -> Tensor:
    """(N, H, W) or (N, H, W, C) -> (N, C, H, W)."""
    return pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2).contiguous()


datasets.register("digits")(Digits())

# Means and deviations of the official training images.
datasets.register("cifar10")(
    TorchvisionData(
        "cifar10",
        "CIFAR10",
        "the folder cifar-10-batches-py",
        32,
        (0.4914, 0.4822, 0.4465),
        (0.2470, 0.2435, 0.2616),
        num_classes=10,
    )
)
datasets.register("cifar100")(
    TorchvisionData(
        "cifar100",
        "CIFAR100",
        "the folder cifar-100-python",
        32,
        (0.5071, 0.4865, 0.4409),
        (0.2673, 0.2564, 0.2762),
        num_classes=100,
    )
)
datasets.register("mnist")(
    TorchvisionData(
        "mnist", "MNIST", "the folder MNIST/raw with its idx files", 28, (0.1307,), (0.3081,), num_classes=10
    )
)
datasets.register("fashion-mnist")(
    TorchvisionData(
        "fashion-mnist",
        "FashionMNIST",
        "the folder FashionMNIST/raw with its idx files",
        28,
        (0.2860,),
        (0.3530,),
        num_classes=10,
    )
)

"""Data sets by name. Nothing is downloaded unless the user asks for it.

Your own data set is `package.module:MyDataset`: a class whose constructor needs no arguments, or an object, with the
three methods of `DataSet`. The built-in data sets follow the same protocol.
"""

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from nasbench.core.answers import checked_task, wrong
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.not_written import of_a_download
from nasbench.core.preprocessing import Seen
from nasbench.core.registry import datasets
from nasbench.core.shown import sentence
from nasbench.core.spec import Task
from nasbench.train.data import AnySplit, ImageData, Split, carve, validation_size
from nasbench.train.location import FOLDERS, default_data_dir, folder_path, missing
from nasbench.train.reading import Reading
from nasbench.train.weaknesses import weaknesses


@runtime_checkable
class DataSet(Protocol):
    """Where images come from. `data_dir` None: the default directory. `image_size` None: the data set's own size."""

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:
        """The task that networks are built for. Reads the images only if the answer depends on them."""

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:
        """The training and the validation split, equal at every call. UsageError if a file is missing or broken."""

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> AnySplit:
        """The test split, which no search may read."""


def resolve_dataset(
    name: str,
    skip_corrupt: bool = False,
    reading: Reading | None = None,
    judged_at: int | None = None,
    shown_as: Seen | None = None,
) -> DataSet:
    """The data set with that name, at that import path, or in that folder ('folder:PATH').

    If the data set reads its images from files, `skip_corrupt` leaves out files that cannot be read, `reading` is told
    what was met, and `judged_at` is the image size by which evaluation shows whole images or their centre, and
    `shown_as` is how published weights ask for images to be shown.
    """
    if name == "folder" or name.startswith("folder:"):
        made: Any = datasets.get("folder")(folder_path(name))
    elif name == "shards" or name.startswith("shards:"):
        made = datasets.get("shards")(folder_path(name, "shards"))
    else:
        part = datasets.get(name)
        made = part() if isinstance(part, type) else part
    if skip_corrupt and hasattr(made, "corrupt"):
        made = replace(made, corrupt=set())
    if (
        is_dataclass(made)
        and not isinstance(made, type)
        and {"reading", "judged_at", "shown_as"} <= {each.name for each in fields(made)}
    ):
        made = replace(made, reading=reading or Reading(), judged_at=judged_at, shown_as=shown_as)
    if not isinstance(made, DataSet):
        raise UsageError(
            f"{name!r} is no data set: it needs task(), load() and load_test() (see nasbench.train.datasets.DataSet)"
        )
    return made


def task_of(name: str, data_dir: Path | None, image_size: int | None) -> Task:
    """The task that networks on this data set are built for; see `DataSet.task`."""
    dataset = resolve_dataset(name)
    return checked_task(f"the data set {name!r}", dataset, dataset.task(data_dir, image_size))


def reading_of(name: str, data_dir: Path, skip_corrupt: bool = False) -> Reading:
    """What this process met in the data set, whichever split and size it read."""
    return _reading_of(name, data_dir, skip_corrupt, Path.cwd())


@cache
def _reading_of(*where: object) -> Reading:  # noqa: ARG001 - one for each
    return Reading()


@lru_cache(maxsize=1)
def read_once(
    name: str,
    data_dir: Path,
    image_size: int | None,
    download: bool,
    skip_corrupt: bool = False,
    judged_at: int | None = None,
    where: Path | None = None,  # noqa: ARG001 - in another working directory, a name is another folder's
    shown_as: Seen | None = None,
    val_share: float | None = None,
) -> ImageData:
    """The data set. A process reads it once and keeps it, so that a worker's next training starts sooner."""
    reading = reading_of(name, data_dir, skip_corrupt)
    dataset = resolve_dataset(name, skip_corrupt, reading, judged_at, shown_as)
    data = dataset.load(data_dir, image_size, download)
    if not isinstance(data, ImageData):
        raise wrong(f"the data set {name!r}", dataset, "load()", data, "a nasbench.train.data.ImageData")
    if shown_as is not None:
        data = data.shown_as(shown_as)
    if val_share is not None:
        data = data.divided(val_share)
    reading.images.update(training=len(data.train), validation=len(data.val))
    reading.warnings[:] = weaknesses(data)
    return data


@lru_cache(maxsize=1)
def on_device_once(
    device: torch.device,
    name: str,
    data_dir: Path,
    image_size: int | None,
    download: bool,
    skip_corrupt: bool = False,
    judged_at: int | None = None,
    where: Path | None = None,
    shown_as: Seen | None = None,
    val_share: float | None = None,
) -> ImageData:
    """The same with its images on `device`. A process copies them once."""
    return read_once(name, data_dir, image_size, download, skip_corrupt, judged_at, where, shown_as, val_share).to(
        device
    )


@dataclass(frozen=True)
class Digits:
    """1,797 scans, 8 x 8 pixels, of digits that 43 people wrote (UCI; they come with scikit-learn).

    1,200 are for training, 300 for validation, 297 for the test.
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
        """The images of training and validation, and the images of the test."""
        every = _digits()
        rest, test = carve(len(every), 297)
        return every.take(rest), every.take(test)


@cache
def _digits() -> Split:
    """All scans, parsed once, from the file of scikit-learn, whose import would take nearly as long as PyTorch's."""
    package = find_spec("sklearn")
    folders = (package and package.submodule_search_locations) or ()
    files = [file for folder in folders if (file := Path(folder, "datasets", "data", "digits.csv.gz")).is_file()]
    if not files:
        raise UsageError(
            "the scans of digits, datasets/data/digits.csv.gz, are not in scikit-learn "
            f"({', '.join(folders) or 'missing'}): pip install --force-reinstall scikit-learn"
        )
    rows = torch.from_numpy(np.loadtxt(files[0], delimiter=","))  # (N, 65): 64 pixels and the class
    pixels = rows[:, :64].reshape(-1, 8, 8).mul(255 / 16).round().to(torch.uint8)  # from 0..16 to 0..255
    return Split(pixels.unsqueeze(1), rows[:, 64].long())  # (N, 1, 8, 8)


@dataclass(frozen=True)
class TorchvisionData:
    """A data set of torchvision: `kind` is its class there.

    A tenth of the official training images, drawn at random once and for all, is the validation split.
    """

    name: str
    kind: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    num_classes: int

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:  # noqa: ARG002 - known without reading
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
        except Exception as error:  # missing, broken or not reachable: torchvision raises several types for each
            if download and (full := of_a_download(root, error)) is not None:
                raise full from error
            if download:
                raise RunFailed(
                    f"cannot download {self.name} to {root}: {sentence(error)} "
                    f"Check the network, or put {FOLDERS[self.name][1]} there by hand."
                ) from error
            raise missing(self.name, root) from error
        split = Split(_channels_first(torch.as_tensor(made.data)), torch.as_tensor(made.targets).long())
        return split, tuple(made.classes)


def _channels_first(pixels: Tensor) -> Tensor:
    """(N, H, W) or (N, H, W, C) -> (N, C, H, W)."""
    return pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2).contiguous()


datasets.register("digits")(Digits())

# Means and deviations of the official training images.
datasets.register("cifar10")(
    TorchvisionData(
        "cifar10",
        "CIFAR10",
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
        32,
        (0.5071, 0.4865, 0.4409),
        (0.2673, 0.2564, 0.2762),
        num_classes=100,
    )
)
datasets.register("mnist")(TorchvisionData("mnist", "MNIST", 28, (0.1307,), (0.3081,), num_classes=10))
datasets.register("fashion-mnist")(
    TorchvisionData(
        "fashion-mnist",
        "FashionMNIST",
        28,
        (0.2860,),
        (0.3530,),
        num_classes=10,
    )
)

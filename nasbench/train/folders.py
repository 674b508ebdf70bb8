"""Images in folders: `train/<class>/...` and `val/<class>/...`.

`val` is the test split. The validation split is a part of `train`.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from PIL import Image
from torchvision.transforms import v2

from nasbench.core.errors import UsageError
from nasbench.core.registry import datasets
from nasbench.core.spec import Task
from nasbench.train.data import AnySplit, FileSplit, ImageData, Split, carve, validation_size
from nasbench.train.datasets import default_data_dir
from nasbench.train.loader import Fault, read_image, refusal

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")

IN_MEMORY_BYTES = 2**30
"""Training images up to this total size, at the side that is asked for, are decoded once and stay on the device.

Larger data sets are read batch by batch.
"""

LARGEST_OWN_SIDE = 224
"""If no image size is given, it is the shorter side of the first image, but at most this."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and deviation of ImageNet's training images, which are the usual values for photographs."""


@dataclass(frozen=True)
class Folder:
    """The images under `path`.

    path         the root directory; None: the data directory
    stream       True: read images batch by batch; False: do so only if they need more than IN_MEMORY_BYTES
    side         the image size in pixels if the user gives none; None: see LARGEST_OWN_SIDE
    num_classes  the number of class folders that must be there; None: any number
    corrupt      None: a file that cannot be read ends the run; a set: such files are left out and added to it
    """

    path: Path | None = None
    name: str = "folder"
    stream: bool = False
    side: int | None = None
    num_classes: int | None = None
    corrupt: set[Path] | None = field(default=None, compare=False)

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:
        root = self._root(data_dir)
        return Task(len(self._names(root)), image_size or self._own_side(self._files(root / "train")), 3)

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:  # noqa: ARG002 - nothing to fetch
        root = self._root(data_dir)
        files, names = self._files(root / "train"), self._names(root)
        self._files(root / "val")  # so that a class without images is an error now, not after the training
        side = image_size or self._own_side(files)
        every: AnySplit = files if self._streams(len(files), side) else _decode(files, side)
        train, val = carve(len(every), validation_size(len(every)))
        return ImageData(
            self.name, every.take(train), every.take(val), IMAGENET_MEAN, IMAGENET_STD, names, side, self.corrupt
        )

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> AnySplit:  # noqa: ARG002
        root = self._root(data_dir)
        self._names(root)
        files = self._files(root / "val")
        side = image_size or self._own_side(self._files(root / "train"))
        return files if self._streams(len(files), side) else _decode(files, side)

    def _names(self, root: Path) -> tuple[str, ...]:
        """The names of the classes. UsageError if the splits differ, or their number is not `num_classes`."""
        names = _classes(root / "train")
        _check_same(names, root)
        if self.num_classes is not None and len(names) != self.num_classes:
            raise UsageError(
                f"{root / 'train'} and {root / 'val'} have {len(names):,} class folders; "
                f"{self.name} has {self.num_classes:,} classes. "
                f"Put the missing ones there, or use the present ones: --dataset folder:{root}"
            )
        return names

    def _files(self, directory: Path) -> FileSplit:
        return replace(_files(directory), corrupt=self.corrupt)

    def _root(self, data_dir: Path | None) -> Path:
        root = self.path or data_dir or default_data_dir()
        if not root.is_dir():
            raise UsageError(
                f"no directory at {root}. {self.name} needs {root}/train/<class> and {root}/val/<class> with images."
            )
        return root

    def _streams(self, num_images: int, side: int) -> bool:
        return self.stream or num_images * 3 * side * side > IN_MEMORY_BYTES

    def _own_side(self, files: FileSplit) -> int:
        return self.side or min(LARGEST_OWN_SIDE, *_first_readable(files).size)


datasets.register("folder")(Folder)
datasets.register("imagenet")(Folder(name="imagenet", stream=True, side=224, num_classes=1000))


def _classes(directory: Path) -> tuple[str, ...]:
    """The names of the class folders, sorted. The label of a class is its index here."""
    if not directory.is_dir():
        raise UsageError(f"no directory at {directory}. Put a folder of images for each class there.")
    names = sorted(entry.name for entry in directory.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise UsageError(f"no class folders in {directory}. Put a folder of images for each class there, two at least.")
    if len(names) == 1:
        raise UsageError(
            f"only one class in {directory}: {names[0]!r}. Put a folder of images for each class there, two at least."
        )
    return tuple(names)


def _files(directory: Path) -> FileSplit:
    """All images, class by class and sorted by path."""
    paths: list[Path] = []
    labels: list[int] = []
    empty: list[str] = []
    names = _classes(directory)
    for label, name in enumerate(names):
        found = sorted(
            Path(folder) / file
            for folder, _, files in os.walk(directory / name, followlinks=True)
            for file in files
            if file.lower().endswith(SUFFIXES) and not file.startswith(".")
        )
        if not found:
            empty.append(str(directory / name))
        paths += found
        labels += [label] * len(found)
    if empty:
        raise UsageError(
            f"no images in {_some(empty)} ({len(empty):,} of {len(names):,} class folders). "
            f"Put some there ({', '.join(SUFFIXES)}), or delete the folders in both splits."
        )
    return FileSplit(tuple(paths), tuple(labels))


def _check_same(names: tuple[str, ...], root: Path) -> None:
    """UsageError if `val` and `train` have different classes."""
    others = _classes(root / "val")
    every = len({*names, *others})
    lacks = [
        f"{root / where} lacks {_some(missing)} ({len(missing):,} of {every:,} classes)"
        for where, missing in (("val", sorted(set(names) - set(others))), ("train", sorted(set(others) - set(names))))
        if missing
    ]
    if lacks:
        raise UsageError(f"{'; '.join(lacks)}. Give both the same class folders.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _first_readable(files: FileSplit) -> Image.Image:
    for path in files.paths[:-1]:
        with suppress(UsageError):  # files that cannot be read are counted later, when all are read
            return read_image(path)
    return read_image(files.paths[-1])


def _decode(files: FileSplit, side: int) -> Split:
    """Every image: its shorter side is resized to `side`, then the centre square is cut out."""
    transform = v2.Compose([v2.Resize(side, antialias=True), v2.CenterCrop(side), v2.PILToTensor()])
    images = torch.empty(len(files), 3, side, side, dtype=torch.uint8)
    readable: list[int] = []
    faults: list[Fault] = []
    for index, path in enumerate(files.paths):
        try:
            images[index] = transform(read_image(path))
            readable.append(index)
        except UsageError as error:
            faults.append((path, error))
    if faults and files.corrupt is None:
        raise refusal(faults, len(files))
    if files.corrupt is not None:
        files.corrupt.update(path for path, _ in faults)
    every = Split(images, torch.tensor(files.labels))
    return every if len(readable) == len(files) else every.take(torch.tensor(readable))

"""Images in folders: `train/<class>/...` and `val/<class>/...`, with `test` or without; or class folders alone.

See `layout` for which folder is which split, `listing` for which files count, `decoding` for how they are read.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import Seen
from nasbench.core.registry import datasets
from nasbench.core.spec import Task
from nasbench.train.data import (
    CROP_SHARE,
    AnySplit,
    FileSplit,
    ImageData,
    Split,
    carve,
    random_order,
    validation_size,
)
from nasbench.train.decoding import Fault, read_image, read_noted, refusal
from nasbench.train.file_batches import leave_out
from nasbench.train.layout import Layout, class_names, find_layout, split_by_name
from nasbench.train.listing import SUFFIXES, Listing, cannot_list, list_images, mark_foreign
from nasbench.train.loader import eval_transform, resized_to
from nasbench.train.location import checked_root, default_data_dir
from nasbench.train.paths import Paths, printable
from nasbench.train.reading import Reading

IN_MEMORY_BYTES = 2**30
"""Images up to this total size, at the side that is asked for, are decoded once and stay on the device.

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
    val_is_test  True: `val` is the test split, also beside a `test`, whose labels nobody has
    shown_as     how published weights ask for images to be shown; None: bilinear, the share as `judged_at` says
    judged_at    the image size by which evaluation shows whole images or their centre; None: the size that is asked for
    corrupt      None: a file that cannot be read ends the run; a set: such files are left out and added to it
    reading      is told what was left out, and what was done to images
    """

    path: Path | None = None
    name: str = "folder"
    stream: bool = False
    side: int | None = None
    num_classes: int | None = None
    val_is_test: bool = False
    judged_at: int | None = None
    shown_as: Seen | None = None
    corrupt: set[Path] | None = field(default=None, compare=False)
    reading: Reading = field(default_factory=Reading, compare=False)

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:
        root = self._root(data_dir)
        layout = self._layout(root)
        names = self._names(root, layout)
        return Task(len(names), image_size or self._own_side(self._splits(root, layout, names).train), 3)

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:  # noqa: ARG002 - nothing to fetch
        root = self._root(data_dir)
        layout = self._layout(root)
        names = self._names(root, layout)
        splits = self._splits(root, layout, names)  # the test split too: what is wrong with it is said now
        side = image_size or self._own_side(splits.train)
        shown = self._shown(splits, side)
        train: AnySplit
        val: AnySplit
        if splits.val is None:
            every = self._read(splits.train, side, shown)
            if len(every) < 2:
                raise UsageError(f"{root} has one training image that can be read: too few to train on")
            indices, val_indices = carve(len(every), validation_size(len(every)))
            train, val = every.take(indices), every.take(val_indices)
        else:
            many = len(splits.train) + len(splits.val)
            train, val = (self._read(split, side, shown, many) for split in (splits.train, splits.val))
        self.reading.images.update(training=len(train), validation=len(val), test=len(splits.test))
        self.reading.layout = layout.text
        return ImageData(
            self.name,
            train,
            val,
            IMAGENET_MEAN,
            IMAGENET_STD,
            names,
            side,
            self.corrupt,
            crop_share=shown,
            own_val=layout.val is not None,
        )

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> AnySplit:  # noqa: ARG002
        root = self._root(data_dir)
        layout = self._layout(root)
        splits = self._splits(root, layout, self._names(root, layout))
        side = image_size or self._own_side(splits.train)
        test = self._read(splits.test, side, self._shown(splits, side))
        self.reading.images["test"] = len(test)
        return test

    def _layout(self, root: Path) -> Layout:
        return find_layout(root, self.name, self.val_is_test)

    def _names(self, root: Path, layout: Layout) -> tuple[str, ...]:
        """The names of the classes. UsageError if the splits differ, or their number is not `num_classes`."""
        names = class_names(root / layout.train)
        _check_same({folder: class_names(root / folder) for folder in layout.folders}, root)
        if self.num_classes is not None and len(names) != self.num_classes:
            folders = " and ".join(str(root / folder) for folder in layout.folders)
            raise UsageError(
                f"{folders} have {quantity(len(names), 'class folder')}; {self.name} has "
                f"{quantity(self.num_classes, 'class', 'classes')}. "
                f"Put the missing ones there, or use the present ones: --dataset folder:{root}"
            )
        return names

    def _splits(self, root: Path, layout: Layout, names: Sequence[str]) -> "Splits":
        """The files of every split. UsageError for a class without images."""
        folders = {split: [f"{split}/{name}" if split else name for name in names] for split in layout.folders}
        listing = list_images(root, [folder for each in folders.values() for folder in each])
        for split in folders:
            mark_foreign(listing, root, split)
        self._report(listing)
        files = {split: self._files(root, each, listing) for split, each in folders.items()}
        if layout.test is not None:
            val = None if layout.val is None else files[layout.val]
            if val is not None:  # in a random order, as `carve` leaves them
                val = val.take(random_order(len(val)))
                files[layout.train] = files[layout.train].take(random_order(len(files[layout.train])))
            return Splits(files[layout.train], val, files[layout.test])
        every = files[layout.train]
        assert isinstance(every.paths, Paths)
        train, val, test = (
            every.take(torch.tensor(indices, dtype=torch.int64))
            for indices in split_by_name(every.paths.names, every.labels)
        )
        for found, lacks in ((train, "training"), (val, "validation"), (test, "test")):
            if not len(found):
                raise UsageError(
                    f"{root} has {quantity(len(every), 'image')} in class folders: none for the {lacks} split. "
                    "Put three images or more into each class."
                )
        return Splits(train, val, test)

    def _files(self, root: Path, folders: Sequence[str], listing: Listing) -> FileSplit:
        """The images of a split, class by class and sorted by path."""
        empty = [str(root / folder) for folder in folders if not listing.names[folder]]
        if empty:
            hints = [f"{kind.count:,} {name} ({kind})" for name, kind in listing.left_out.items()]
            raise UsageError(
                f"no images in {_some(empty)} ({len(empty):,} of {len(folders):,} class folders). "
                f"Put some there ({', '.join(SUFFIXES)}), or delete the folders in every split."
                + (f" Left out there: {'; '.join(hints)}." if hints else "")
            )
        names = [name for folder in folders for name in listing.names[folder]]
        labels = [label for label, folder in enumerate(folders) for _ in listing.names[folder]]
        return FileSplit(Paths(str(root), names), tuple(labels), self.corrupt, self.reading)

    def _report(self, listing: Listing) -> None:
        """Tells what was left out. UsageError for a folder that cannot be listed, unless faults are left out."""
        self.reading.left_out.clear()
        self.reading.left_out.update(listing.left_out)
        for path, reason in listing.faults:
            if self.corrupt is None:
                raise cannot_list(path, reason)
        faults = [(path, cannot_list(path, reason)) for path, reason in listing.faults]
        leave_out(faults, self.corrupt, self.reading)

    def _root(self, data_dir: Path | None) -> Path:
        return checked_root(self.path or data_dir or default_data_dir(), self.name, self.val_is_test)

    def _read(self, files: FileSplit, side: int, shown: float, many: int | None = None) -> AnySplit:
        """The files, or their images where these fit in memory; `many` are stored together with them."""
        if self._streams(many or len(files), side):
            return files
        return _decode(files, side, shown, self.shown_as.interpolation if self.shown_as else "bilinear")

    def _streams(self, num_images: int, side: int) -> bool:
        return self.stream or num_images * 3 * side * side > IN_MEMORY_BYTES

    def _shown(self, splits: "Splits", side: int) -> float:
        """The share of an image that evaluation shows, of every split alike: all of images that fit in memory."""
        if self.shown_as is not None:
            return self.shown_as.crop_share
        num_images = len(splits.train) + len(splits.val or ())
        return CROP_SHARE if self._streams(num_images, self.judged_at or side) else 1.0

    def _own_side(self, files: FileSplit) -> int:
        return self.side or min(LARGEST_OWN_SIDE, *_first_readable(files).size)


datasets.register("folder")(Folder)
datasets.register("imagenet")(Folder(name="imagenet", stream=True, side=224, num_classes=1000, val_is_test=True))


@dataclass(frozen=True)
class Splits:
    """The files of each split; `val` is None where validation is a part of `train`."""

    train: FileSplit
    val: FileSplit | None
    test: FileSplit


def _check_same(found: dict[str, tuple[str, ...]], root: Path) -> None:
    """UsageError if the splits have different classes."""
    every = {name for names in found.values() for name in names}
    lacks = [
        f"{root / folder} lacks {_some(missing)} ({len(missing):,} of {len(every):,} classes)"
        for folder, names in reversed(found.items())
        if (missing := sorted(every - set(names)))
    ]
    if lacks:
        empty = [
            printable(path)
            for folder, names in found.items()
            for name in names
            if not all(name in others for others in found.values()) and not os.listdir(path := root / folder / name)
        ]
        hint = f" {_some(empty)} {'is' if len(empty) == 1 else 'are'} empty: delete what is no class." if empty else ""
        raise UsageError(f"{'; '.join(lacks)}. Give each the same class folders.{hint}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:5])) + (", ..." if len(names) > 5 else "")


def _first_readable(files: FileSplit) -> Image.Image:
    for path in files.paths[:-1]:
        with suppress(UsageError):  # files that cannot be read are counted later, when all are read
            return read_image(path)
    return read_image(files.paths[-1])


def _decode(files: FileSplit, side: int, shown: float, interpolation: str = "bilinear") -> Split:
    """Every image: its shorter side is resized, then the centre square is cut out."""
    transform = eval_transform(side, shown, interpolation)
    images = torch.empty(len(files), 3, side, side, dtype=torch.uint8)
    readable: list[int] = []
    faults: list[Fault] = []
    for index, path in enumerate(files.paths):
        try:
            image, notes = read_noted(path, resized_to(side, shown))
        except UsageError as error:
            faults.append((path, error))
            continue
        images[index] = transform(image)
        readable.append(index)
        files.reading.note(path, notes)
    if faults and (files.corrupt is None or not readable):
        raise refusal(faults, len(files))
    leave_out(faults, files.corrupt, files.reading)
    every = Split(images, torch.tensor(files.labels))
    return every if len(readable) == len(files) else every.take(torch.tensor(readable))

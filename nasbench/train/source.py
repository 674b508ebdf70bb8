"""A data set as a command names it: where it lies, at which size its images are seen, what happens to broken files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.identity import settings
from nasbench.core.preprocessing import Preprocessing, Seen
from nasbench.core.spec import Task
from nasbench.train.content import content_of
from nasbench.train.data import AnySplit, FileSplit, ImageData, Split
from nasbench.train.datasets import on_device_once, read_once, reading_of, resolve_dataset, task_of
from nasbench.train.location import default_data_dir
from nasbench.train.reading import Reading

_Key = tuple[str, Path, int | None, bool, bool, int | None, Path, Seen | None, float | None]


@dataclass(frozen=True)
class DataSource:
    """A data set by name. Each process reads it once.

    Attributes:
        name: a data set by name, an import path, or folder:PATH.
        directory: where data sets lie; None is $NASBENCH_DATA, else the user cache.
        image_size: the side in pixels at which images are seen; None is the data set's own.
        download: fetch the data set if it is missing.
        skip_corrupt: leave out files that cannot be read.
        shown_as: how published weights ask for images to be shown; None is the data set's own way.
        val_share: share of the training images that are for validation; None is the data set's own split.
        loaders: processes that read images from files; None is as the device asks. No part of what the images are.
    """

    name: str
    directory: str | None = None
    image_size: int | None = None
    download: bool = False
    skip_corrupt: bool = False
    shown_as: Seen | None = None
    val_share: float | None = None
    loaders: int | None = None

    def task(self) -> Task:
        """What networks on this data set are built for. Reads no more than it must."""
        return task_of(self.name, self._directory, self.image_size)

    def read(self, pixels: int | None = None) -> ImageData:
        """The training and the validation split, at `pixels` or else at `image_size`. UsageError where they are
        missing.
        """
        return replace(read_once(*self._key(pixels)), loaders=self.loaders)

    def on(self, device: torch.device, pixels: int | None = None) -> ImageData:
        """The same, with images that are in memory copied to `device`."""
        return replace(on_device_once(device, *self._key(pixels)), loaders=self.loaders)

    def test(self, pixels: int | None = None) -> tuple[AnySplit, set[Path]]:
        """The test split, which no search may touch, and a set that gathers the files left out as it is read."""
        _, directory, size, _, skip_corrupt, judged_at, _, shown_as, _ = self._key(pixels)
        dataset = resolve_dataset(self.name, skip_corrupt, self.reading, judged_at, shown_as)
        split = dataset.load_test(directory, size, False)
        if len(split) == 0:
            raise UsageError(f"data set {self.name!r} has no test images")
        self.reading.images["test"] = len(split)
        left_out = getattr(dataset, "corrupt", None)
        return split, set() if left_out is None else left_out

    @property
    def reading(self) -> Reading:
        """What this process met in the data set: what was left out, and what was not read as it is in the files."""
        return reading_of(self.name, self._directory, self.skip_corrupt)

    def check(self) -> None:
        """UsageError where the data set is missing, or has too few images to train on."""
        data = self.read()
        images = len(data.train)
        if images < 2:
            raise UsageError(f"data set {self.name!r} has {quantity(images, 'training image')}: too few to train on")
        if len(data.val) == 0 and self.val_share is None:
            raise UsageError(f"data set {self.name!r} has no validation images")

    def identity(self, test: bool = False) -> Mapping[str, Any]:
        """Its content by digest, as JSON; with `test`, that of the test split too."""
        data = self.read()
        val = content_of(data.val) if len(data.val) else "none"
        found: dict[str, Any] = {"name": self.name, "train": content_of(data.train), "val": val}
        if test:
            split = self.test()[0]
            found["test"] = content_of(split)
            if isinstance(split, FileSplit) and isinstance(data.val, Split):
                found["test_shown"] = data.shown  # nasbench 0.1.0 showed less of it than of validation images
        if self.shown_as is not None:
            found["shown_as"] = settings(self.shown_as)
        return {**found, "skip_corrupt": True} if self.skip_corrupt else found

    def preprocessing(self, pixels: int | None = None) -> Preprocessing:
        """What an image goes through on its way to a network that sees it at `pixels`, else at `image_size`."""
        return self.read().preprocessing(pixels)

    @property
    def _directory(self) -> Path:
        return Path(self.directory) if self.directory else default_data_dir()

    def _key(self, pixels: int | None) -> _Key:
        """At another size than its own, evaluation shows as much of an image as at its own."""
        size, judged_at = pixels or self.image_size, None
        if size != self.image_size:
            judged_at = self.image_size or _own_size(self.name, self._directory, Path.cwd())
            if judged_at == size:
                size, judged_at = self.image_size, None  # the same under one key, so that it is read once
        faults, shown_as = self.skip_corrupt, self.shown_as
        return self.name, self._directory, size, self.download, faults, judged_at, Path.cwd(), shown_as, self.val_share


@lru_cache(maxsize=8)
def _own_size(name: str, directory: Path, _where: Path) -> int:
    """The side in pixels at which a data set's images are seen unless another is asked for."""
    return task_of(name, directory, None).image_size

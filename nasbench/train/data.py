"""Images as records: small images as byte tensors on the device, large images as files that are read batch by batch.

The validation split is taken from the training images under a fixed seed, never under the seed of a search: every
search on a data set sees the same split. The test split is not part of `ImageData`: it is read separately, once, at the
end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F

from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import Preprocessing, Seen
from nasbench.core.spec import Task
from nasbench.train.paths import Paths
from nasbench.train.reading import Reading
from nasbench.train.shares import SPLIT_SEED, VALIDATION_SHARE

CROP_SHARE = 224 / 256
"""Share of the shorter side of photographs that evaluation shows.

It is the centre 224 of 256 pixels, the usual evaluation on ImageNet (Krizhevsky et al. 2012).
"""


@dataclass(frozen=True)
class Split:
    """Images in memory: `images` uint8 (N, C, H, W) in 0..255, and `labels` int64 (N)."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        assert self.images.dtype == torch.uint8, self.images.dtype
        assert self.images.dim() == 4, self.images.shape
        assert self.labels.shape == self.images.shape[:1], (self.labels.shape, self.images.shape)

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "Split":
        """The first `count` images; None: all. Splits have a fixed random order, so these are a fixed random sample."""
        return self if count is None else Split(self.images[:count], self.labels[:count])

    def take(self, indices: Tensor) -> "Split":
        """The images at `indices`, int64 (M)."""
        return Split(self.images[indices], self.labels[indices])

    def to(self, device: torch.device) -> "Split":
        """The same images and labels on `device`."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class FileSplit:
    """Images that are decoded when they are needed: a path and a label for each.

    A file that cannot be read ends the run, unless `corrupt` is a set: then the file is left out and added to the set.
    `reading` is told what was done to images when they were read.
    """

    paths: Sequence[Path]
    labels: tuple[int, ...]
    corrupt: set[Path] | None = field(default=None, compare=False)
    reading: Reading = field(default_factory=Reading, compare=False)

    def __post_init__(self) -> None:
        assert len(self.paths) == len(self.labels), (len(self.paths), len(self.labels))

    def __len__(self) -> int:
        return len(self.paths)

    def first(self, count: int | None) -> "FileSplit":
        """The first `count` images; None: all. See `Split.first`."""
        if count is None:
            return self
        return replace(self, paths=self.paths[:count], labels=self.labels[:count])

    def take(self, indices: Tensor) -> "FileSplit":
        """The images at `indices`, int64 (M)."""
        chosen = indices.tolist()
        paths = self.paths.take(chosen) if isinstance(self.paths, Paths) else tuple(self.paths[i] for i in chosen)
        return replace(self, paths=paths, labels=tuple(self.labels[i] for i in chosen))

    def to(self, device: torch.device) -> "FileSplit":  # noqa: ARG002 - as Split
        """Returns itself: files stay on disk, and the loader moves their batches to the device."""
        return self


AnySplit = Split | FileSplit


@dataclass(frozen=True)
class ImageData:
    """What a training sees of a data set: a training and a validation split, never the test split.

    `mean` and `std` are per channel, of pixels in [0, 1]. `image_size` is the side in pixels at which networks see the
    images; images of another size are resized batch by batch on the device. `crop_share` is the share of the shorter
    side that evaluation shows of images that are read from files; None is CROP_SHARE. `interpolation` is how images are
    resized. `corrupt` collects the files that were left out because they cannot be read; None if such a file ends the
    run. `own_val`: the validation split is no part of the training images, but has a place of its own. `loaders` are
    the processes that read files; None: as the device asks.
    """

    name: str
    train: AnySplit
    val: AnySplit
    mean: tuple[float, ...]
    std: tuple[float, ...]
    class_names: tuple[str, ...]
    image_size: int
    corrupt: set[Path] | None = field(default=None, compare=False)
    crop_share: float | None = None
    interpolation: str = "bilinear"
    own_val: bool = field(default=False, compare=False)
    loaders: int | None = field(default=None, compare=False)

    @property
    def shown(self) -> float:
        """The share of an image's shorter side that evaluation shows: the same for all that is evaluated."""
        if self.crop_share is not None:
            return self.crop_share
        return CROP_SHARE if isinstance(self.val, FileSplit) else 1.0

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def task(self) -> Task:
        return Task(self.num_classes, self.image_size, len(self.mean))

    def preprocessing(self, image_size: int | None = None) -> Preprocessing:
        """What an image goes through on its way to a network that sees it at `image_size`, else at the data's own."""
        seen = Seen(self.mean, self.std, self.interpolation, self.shown)
        from_files = self.crop_share is not None or isinstance(self.val, FileSplit)
        return Preprocessing(image_size or self.image_size, seen, self.class_names, resizes_pixels=from_files)

    def shown_as(self, seen: Seen) -> "ImageData":
        """The same data, shown as published weights ask for. Mean and deviation stay if the channels differ in number.

        Images that are in memory as their data set has them are shown whole.
        """
        from_files = self.crop_share is not None or isinstance(self.val, FileSplit)
        fits = len(seen.mean) == len(self.mean)
        return replace(
            self,
            mean=seen.mean if fits else self.mean,
            std=seen.std if fits else self.std,
            interpolation=seen.interpolation,
            crop_share=seen.crop_share if from_files else None,
        )

    def divided(self, val_share: float) -> "ImageData":
        """The same images, `val_share` of them in the validation split: 0 leaves all for training.

        Both splits are in a fixed random order, so the first images are a random sample, and the split of another share
        is a part of this one or the other way round. UsageError if the data set has validation images of its own.
        """
        if self.own_val:
            raise UsageError(
                f"data set {self.name!r} has validation images in a place of their own: leave --val-split out, or put "
                "them among the training images"
            )
        every = _joined(self.val, self.train)
        if not 0 <= val_share < 1 or len(every) - round(val_share * len(every)) < 1:
            raise UsageError(f"--val-split takes a share from 0 to 0.9; got {val_share:g}")
        num_val = round(val_share * len(every))
        indices = torch.arange(len(every))
        return replace(self, val=every.take(indices[:num_val]), train=every.take(indices[num_val:]))

    def to(self, device: torch.device) -> "ImageData":
        """The same data; images in memory move to `device`, files stay on disk."""
        return replace(self, train=self.train.to(device), val=self.val.to(device))


def _joined(one: AnySplit, other: AnySplit) -> AnySplit:
    """The images of both, in their order."""
    if isinstance(one, Split) and isinstance(other, Split):
        return Split(torch.cat((one.images, other.images)), torch.cat((one.labels, other.labels)))
    if not (isinstance(one, FileSplit) and isinstance(other, FileSplit)):
        raise UsageError("--val-split needs training and validation images that are both in files, or both in memory")
    labels = (*one.labels, *other.labels)
    if isinstance(one.paths, Paths) and isinstance(other.paths, Paths) and one.paths.root == other.paths.root:
        return replace(other, paths=Paths(one.paths.root, (*one.paths.names, *other.paths.names)), labels=labels)
    return replace(other, paths=(*one.paths, *other.paths), labels=labels)


def carve(num_images: int, num_val: int) -> tuple[Tensor, Tensor]:
    """Splits `num_images` indices into (training, validation), int64 and disjoint, with `num_val` for validation.

    Both are in a random order that depends on `num_images` alone.
    """
    assert 0 < num_val < num_images, (num_images, num_val)
    order = random_order(num_images)
    return order[num_val:], order[:num_val]


def random_order(num_images: int) -> Tensor:
    """The indices of `num_images` images, int64, in an order that depends on their number alone."""
    rng = Random(SPLIT_SEED)
    draws = [rng.random() for _ in range(num_images)]  # Python promises that the numbers of random() never change
    return torch.tensor(sorted(range(num_images), key=draws.__getitem__))


def validation_size(num_images: int) -> int:
    """VALIDATION_SHARE of `num_images`, rounded, but at least one image in each of the two splits."""
    return min(max(1, round(VALIDATION_SHARE * num_images)), num_images - 1)


def at_size(images: Tensor, image_size: int, interpolation: str = "bilinear") -> Tensor:
    """uint8 (B, C, H, W) -> float32 (B, C, S, S) in 0..255; resized (antialiased) unless H and W are S."""
    pixels = images.float()
    if images.shape[-2:] == (image_size, image_size):
        return pixels
    return resized(pixels, (image_size, image_size), interpolation)  # (B, C, S, S)


def resized(pixels: Tensor, size: tuple[int, int], interpolation: str) -> Tensor:
    """float32 (B, C, H, W) -> (B, C, *size), with the values still in 0..255."""
    if interpolation == "nearest":
        return F.interpolate(pixels, size=size, mode="nearest-exact")
    found = F.interpolate(pixels, size=size, mode=interpolation, antialias=True, align_corners=False)
    return found if interpolation == "bilinear" else found.clamp(0.0, 255.0)


def normalise(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """float32 (B, C, H, W) in 0..255 -> (pixels / 255 - mean) / std for each channel."""
    return (pixels - _per_channel(mean, pixels.device)) / _per_channel(std, pixels.device)


@lru_cache
def _per_channel(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Cached, since copying the values to a GPU for each batch would make it wait."""
    return 255.0 * torch.tensor(values, device=device).view(1, -1, 1, 1)  # (1, C, 1, 1)

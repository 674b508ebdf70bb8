"""Images as records: small ones as byte tensors that live on the device, large ones as files that stream.

The validation split is carved from the training images by a split seed of its own, never by a search's: every search on
a data set sees the same one. The test split is not part of `ImageData`; it is read on its own, once, at the end.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F

from nasbench.core.spec import Task

SPLIT_SEED = 20_180_717
"""Carves validation splits. Changing it changes every data set here, and with it every result."""

VALIDATION_SHARE = 0.1
"""Of the training images, where a data set has no established validation split. CIFAR's is 5,000 of 50,000: the same
share.
"""


@dataclass(frozen=True)
class Split:
    """Images in memory. `images` uint8 (N, C, H, W) in 0..255, `labels` int64 (N)."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        assert self.images.dtype == torch.uint8, self.images.dtype
        assert self.images.dim() == 4, self.images.shape
        assert self.labels.shape == self.images.shape[:1], (self.labels.shape, self.images.shape)

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "Split":
        """The first `count` images (all for None). Splits are in a fixed random order, so a prefix is a fixed random
        sample.
        """
        return self if count is None else Split(self.images[:count], self.labels[:count])

    def take(self, indices: Tensor) -> "Split":
        """The images at `indices`, int64 (M)."""
        return Split(self.images[indices], self.labels[indices])

    def to(self, device: torch.device) -> "Split":
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class FileSplit:
    """Images that are decoded when they are needed: one path and one label each.

    Files that cannot be read end the run, or, where there is a set `corrupt`, are left out and entered there.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    corrupt: set[Path] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        assert len(self.paths) == len(self.labels), (len(self.paths), len(self.labels))

    def __len__(self) -> int:
        return len(self.paths)

    def first(self, count: int | None) -> "FileSplit":
        """The first `count` images (all for None); see `Split.first`."""
        return self if count is None else FileSplit(self.paths[:count], self.labels[:count], self.corrupt)

    def take(self, indices: Tensor) -> "FileSplit":
        """The images at `indices`, int64 (M)."""
        chosen = indices.tolist()
        return FileSplit(tuple(self.paths[i] for i in chosen), tuple(self.labels[i] for i in chosen), self.corrupt)

    def to(self, device: torch.device) -> "FileSplit":  # noqa: ARG002 - as Split
        """Files stay where they are; their batches go to the device."""
        return self


AnySplit = Split | FileSplit


@dataclass(frozen=True)
class ImageData:
    """What a training sees of a data set: a training and a validation split, never the test split.

    `mean` and `std` are per channel, of pixels in [0, 1]. `image_size` is the side in pixels at which networks see the
    images; those of another side are resized batch by batch on the device. `corrupt` gathers the files that were left
    out, where that was asked.
    """

    name: str
    train: AnySplit
    val: AnySplit
    mean: tuple[float, ...]
    std: tuple[float, ...]
    class_names: tuple[str, ...]
    image_size: int
    corrupt: set[Path] | None = field(default=None, compare=False)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def task(self) -> Task:
        return Task(self.num_classes, self.image_size, len(self.mean))

    def to(self, device: torch.device) -> "ImageData":
        """The same, with images that are in memory on `device`."""
        return replace(self, train=self.train.to(device), val=self.val.to(device))


def carve(num_images: int, num_val: int) -> tuple[Tensor, Tensor]:
    """Indices (training, validation) of `num_images`, int64, disjoint, both in a fixed random order that depends on the
    counts alone.
    """
    assert 0 < num_val < num_images, (num_images, num_val)
    rng = Random(SPLIT_SEED)
    draws = [rng.random() for _ in range(num_images)]  # the one stream that Python promises never to change
    order = torch.tensor(sorted(range(num_images), key=draws.__getitem__))
    return order[num_val:], order[:num_val]


def validation_size(num_images: int) -> int:
    """VALIDATION_SHARE of `num_images`, rounded, leaving at least one image on either side."""
    return min(max(1, round(VALIDATION_SHARE * num_images)), num_images - 1)


def at_size(images: Tensor, image_size: int) -> Tensor:
    """uint8 (B, C, H, W) -> float32 (B, C, S, S) in 0..255, bilinear with antialiasing where H or W
    is not S already.
    """
    pixels = images.float()
    if images.shape[-2:] == (image_size, image_size):
        return pixels
    return F.interpolate(
        pixels, size=(image_size, image_size), mode="bilinear", antialias=True, align_corners=False
    )  # (B, C, S, S)


def normalise(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """float32 (B, C, H, W) in 0..255 -> zero mean and unit deviation per channel, as far as `mean` and `std` are the
    data's.
    """
    return (pixels - _per_channel(mean, pixels.device)) / _per_channel(std, pixels.device)


@lru_cache
def _per_channel(values: tuple[float, ...], device: torch.device) -> Tensor:
    return 255.0 * torch.tensor(values, device=device).view(
        1, -1, 1, 1
    )  # (1, C, 1, 1); kept, since copying it would stall a GPU

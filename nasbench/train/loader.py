"""Batches for the trainer. Their order and augmentation depend only on (seed, epoch).

Images in memory are indexed, resized and augmented on their device. Files are decoded and augmented by torchvision's v2
transforms in worker processes. Each image has its own seed, so that the number of workers does not change the result.
"""

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nasbench.core.errors import UsageError, unknown
from nasbench.core.recipe import Recipe
from nasbench.core.seeds import derive
from nasbench.train.augment import cutout, flip, mix, pad_crop, random_resized_crop, upsample_crop
from nasbench.train.data import CROP_SHARE, AnySplit, ImageData, Split, at_size, normalise
from nasbench.train.decoding import read_image as read_image
from nasbench.train.device import isolated_rng
from nasbench.train.file_batches import FileBatches
from nasbench.train.replicas import ALONE, Replicas
from nasbench.train.within import Within

if TYPE_CHECKING:
    from torchvision.transforms import v2  # a second to import, and images in memory seldom need it

Batch = tuple[Tensor, Tensor]
"""Normalised images float32 (B, C, S, S) and labels int64 (B), or float32 (B, classes) if images are mixed."""

CPU = torch.device("cpu")


class TrainBatches:
    """Batches of the recipe's `batch_size` images, shuffled and augmented as the recipe says.

    The last images of an epoch are left out if they do not fill a batch. Each replica gets its part of every batch: the
    order is the same as in one process, but the augmentation has random numbers of the replica's own.
    """

    def __init__(
        self, data: ImageData, recipe: Recipe, seed: int, device: torch.device, replicas: Replicas = ALONE
    ) -> None:
        self._data, self._recipe, self._seed, self._device, self._replicas = data, recipe, seed, device, replicas
        self._split = data.train.first(recipe.train_images).to(device)
        self._batch_size = replicas.check_batch(min(recipe.batch_size, len(self._split)))
        self._policy = _policy(recipe)
        if recipe.alternate_flip and not isinstance(self._split, Split):
            raise UsageError(
                f"alternate_flip of recipe {recipe.name!r} is for images in memory; {data.name!r} is read from files. "
                "Take a recipe without it (see: nasbench list recipes)"
            )
        sides = torch.Generator().manual_seed(derive(seed, "sides"))
        self._sides = (
            torch.randint(0, 2, (len(self._split) * recipe.alternate_flip,), generator=sides).bool().to(device)
        )
        self._mirrored = self._sides
        self._files: FileBatches | None = None
        self._generator, self._rng, self._passed = torch.Generator(device), Random(), 0

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return len(self._split) // self._batch_size

    @property
    def images(self) -> int:
        """Images of a batch, those of all replicas."""
        return self._batch_size

    def epoch(self, epoch: int, within: Within | None = None) -> Iterator[Batch]:
        """The batches of epoch `epoch`, counted from 0; only those after `within`, if it is given."""
        shuffler = torch.Generator().manual_seed(derive(self._seed, "order", epoch))
        order = torch.randperm(len(self._split), generator=shuffler)
        order = self._replicas.part(order[: self.steps * self._batch_size].view(self.steps, self._batch_size))
        self._generator = torch.Generator(self._device).manual_seed(self._replicas.seed(self._seed, "augment", epoch))
        self._rng = Random(self._replicas.seed(self._seed, "mix", epoch))
        first, self._passed = 0, 0
        if within is not None:
            first, self._passed = within.step, within.passed
            within.restore_augmentation(self._generator, self._rng)
        recipe = self._recipe
        batches = self._raw(order[self._passed :].flatten(), epoch)
        for step, (images, labels) in enumerate(batches, first):
            pixels = self._augment(images, self._generator, self._replicas.seed(self._seed, "policy", epoch, step))
            if recipe.mixup or recipe.cutmix:
                pixels, labels = mix(pixels, labels, self._data.num_classes, recipe.mixup, recipe.cutmix, self._rng)
            yield pixels, labels

    def within(self, step: int, sums: Tensor) -> Within:
        """The place in the epoch that `epoch` gives the batches of, after `step` of them."""
        return Within.of(step, self._passed, sums, self._generator, self._rng)

    def _raw(self, order: Tensor, epoch: int) -> Iterator[Batch]:
        size = self._batch_size // self._replicas.count
        if isinstance(self._split, Split):
            for indices in order.to(self._device).split(size):
                if len(indices) == 0:
                    return
                taken = self._split.take(indices)
                if self._recipe.alternate_flip:
                    self._mirrored = self._sides[indices] ^ bool(epoch % 2)  # (B)
                self._passed += 1
                yield taken.images, taken.labels
            return
        if self._files is None:
            data = self._data
            transform = _train_transform(data.image_size, self._recipe, data.shown, data.interpolation)
            side = resized_to(self._data.image_size, self._data.shown)
            self._files = FileBatches(
                self._split,
                transform,
                self._device,
                all_needed=self._replicas.count > 1,
                side=side,
                loaders=data.loaders,
            )
        before = self._passed
        seeds = [derive(self._seed, "augment", epoch, index) for index in order.tolist()]
        for batch in self._files(list(zip(order.tolist(), seeds, strict=True)), size):
            self._passed = before + self._files.passed
            yield batch

    def _augment(self, images: Tensor, generator: torch.Generator, policy_seed: int) -> Tensor:  # uint8 (B, C, H, W)
        recipe = self._recipe
        if self._policy is not None and isinstance(self._split, Split):
            with isolated_rng(CPU, policy_seed):
                images = torch.stack([self._policy(image) for image in images])
        pixels = at_size(images, self._data.image_size, self._data.interpolation)  # (B, C, S, S)
        if isinstance(self._split, Split):
            if recipe.random_resized_crop:
                pixels = random_resized_crop(pixels, recipe.random_resized_crop, generator)
            if recipe.pad_crop:
                pixels = pad_crop(pixels, recipe.pad_crop, generator, recipe.pad_mode)
            if recipe.upsample_crop:
                pixels = upsample_crop(pixels, recipe.upsample_crop, generator)
            if recipe.flip and not recipe.alternate_flip:
                pixels = flip(pixels, generator)
            elif recipe.flip:
                pixels = torch.where(self._mirrored[:, None, None, None], pixels.flip(3), pixels)
        normal = normalise(pixels, self._data.mean, self._data.std)
        return cutout(normal, recipe.cutout, generator) if recipe.cutout else normal  # (B, C, S, S)


def eval_batches(split: AnySplit, data: ImageData, device: torch.device, batch_size: int) -> Iterator[Batch]:
    """Every image of `split` once, in order, normalised and not augmented. The last batch may be smaller."""
    if isinstance(split, Split):
        for images, labels in zip(split.images.split(batch_size), split.labels.split(batch_size), strict=True):
            pixels = at_size(images.to(device), data.image_size, data.interpolation)
            yield normalise(pixels, data.mean, data.std), labels.to(device)
        return
    transform = eval_transform(data.image_size, data.shown, data.interpolation)
    side = resized_to(data.image_size, data.shown)
    files = FileBatches(split, transform, device, side=side, loaders=data.loaders)
    for images, labels in files([(index, 0) for index in range(len(split))], batch_size):
        yield normalise(images.float(), data.mean, data.std), labels


def whole_batches(split: AnySplit, data: ImageData, device: torch.device, batch_size: int) -> Iterator[Batch]:
    """Every image of `split` once, in order, normalised and uncut: its shorter side has `data.image_size` pixels.

    Pictures in files have sides of their own, so each is a batch; images in memory come `batch_size` at a time.
    """
    if isinstance(split, Split):
        yield from eval_batches(split, data, device, batch_size)
        return
    transform = whole_transform(data.image_size, data.interpolation)
    files = FileBatches(split, transform, device, side=data.image_size)
    for images, labels in files([(index, 0) for index in range(len(split))], 1):
        yield normalise(images.float(), data.mean, data.std), labels


def _train_transform(
    image_size: int, recipe: Recipe, shown: float = CROP_SHARE, interpolation: str = "bilinear"
) -> "v2.Transform":
    from torchvision.transforms import InterpolationMode, v2

    if recipe.random_resized_crop:
        scale, mode = (recipe.random_resized_crop, 1.0), InterpolationMode(interpolation)
        crop: list[v2.Transform] = [v2.RandomResizedCrop(image_size, scale=scale, interpolation=mode, antialias=True)]
    else:
        crop = _centre_crop(image_size, shown, interpolation)
    mirror = [v2.RandomHorizontalFlip()] if recipe.flip else []
    policy = _policy(recipe)
    return v2.Compose([*crop, *mirror, v2.PILToTensor(), *([policy] if policy else [])])


def _policy(recipe: Recipe) -> "v2.Transform | None":
    """The augmentation policy of torchvision that a recipe names, for uint8 images.

    AutoAugment has the policy that was found for ImageNet (Cubuk et al. 2019).
    """
    if not recipe.policy:
        return None
    from torchvision.transforms import v2

    known: dict[str, type[v2.Transform]] = {
        "autoaugment": v2.AutoAugment,
        "randaugment": v2.RandAugment,
        "trivialaugment": v2.TrivialAugmentWide,
        "augmix": v2.AugMix,
    }
    if recipe.policy not in known:
        raise unknown(f"augmentation policy of recipe {recipe.name!r}", recipe.policy, known)
    return known[recipe.policy]()


def eval_transform(image_size: int, shown: float, interpolation: str = "bilinear") -> "v2.Transform":
    """What evaluation sees of a picture: the centre square of side `image_size`, once its shorter side is resized.

    `shown` is the share of the shorter side that the square has.
    """
    from torchvision.transforms import v2

    return v2.Compose([*_centre_crop(image_size, shown, interpolation), v2.PILToTensor()])


def whole_transform(side: int, interpolation: str = "bilinear") -> "v2.Transform":
    """The whole picture, its shorter side resized to `side` pixels."""
    from torchvision.transforms import InterpolationMode, v2

    return v2.Compose([v2.Resize(side, InterpolationMode(interpolation), antialias=True), v2.PILToTensor()])


def resized_to(image_size: int, shown: float) -> int:
    """Pixels of the shorter side before the centre square is cut out."""
    return round(image_size / shown)


def _centre_crop(image_size: int, shown: float, interpolation: str) -> "list[v2.Transform]":
    from torchvision.transforms import InterpolationMode, v2

    mode = InterpolationMode(interpolation)
    return [v2.Resize(resized_to(image_size, shown), mode, antialias=True), v2.CenterCrop(image_size)]

"""Batches for the trainer. Their order and augmentation depend only on (seed, epoch).

Images in memory are indexed, resized and augmented on their device. Files are decoded and augmented by torchvision's v2
transforms in worker processes. Each image has its own seed, so that the number of workers does not change the result.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from nasbench.core.errors import UsageError, unknown
from nasbench.core.recipe import Recipe
from nasbench.core.seeds import derive
from nasbench.train.augment import cutout, flip, mix, pad_crop, random_resized_crop
from nasbench.train.data import AnySplit, FileSplit, ImageData, Split, at_size, normalise
from nasbench.train.device import isolated_rng
from nasbench.train.replicas import ALONE, Replicas

Batch = tuple[Tensor, Tensor]
"""Normalised images float32 (B, C, S, S) and labels int64 (B), or float32 (B, classes) if images are mixed."""

MAX_WORKERS = 8
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
        self._files: _FileBatches | None = None

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return len(self._split) // self._batch_size

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of epoch `epoch`, counted from 0."""
        shuffler = torch.Generator().manual_seed(derive(self._seed, "order", epoch))
        order = torch.randperm(len(self._split), generator=shuffler)
        order = self._replicas.part(order[: self.steps * self._batch_size].view(self.steps, self._batch_size)).flatten()
        generator = torch.Generator(self._device).manual_seed(self._replicas.seed(self._seed, "augment", epoch))
        rng = Random(self._replicas.seed(self._seed, "mix", epoch))
        recipe = self._recipe
        for step, (images, labels) in enumerate(self._raw(order, epoch)):
            pixels = self._augment(images, generator, self._replicas.seed(self._seed, "policy", epoch, step))
            if recipe.mixup or recipe.cutmix:
                pixels, labels = mix(pixels, labels, self._data.num_classes, recipe.mixup, recipe.cutmix, rng)
            yield pixels, labels

    def _raw(self, order: Tensor, epoch: int) -> Iterator[Batch]:
        if isinstance(self._split, Split):
            for indices in order.to(self._device).split(self._batch_size // self._replicas.count):
                batch = self._split.take(indices)
                yield batch.images, batch.labels
            return
        if self._files is None:
            transform = _train_transform(self._data.image_size, self._recipe)
            self._files = _FileBatches(self._split, transform, self._device, all_needed=self._replicas.count > 1)
        seeds = [derive(self._seed, "augment", epoch, index) for index in order.tolist()]
        yield from self._files(list(zip(order.tolist(), seeds, strict=True)), self._batch_size // self._replicas.count)

    def _augment(self, images: Tensor, generator: torch.Generator, policy_seed: int) -> Tensor:  # uint8 (B, C, H, W)
        recipe = self._recipe
        if self._policy is not None and isinstance(self._split, Split):
            with isolated_rng(CPU, policy_seed):
                images = torch.stack([self._policy(image) for image in images])
        pixels = at_size(images, self._data.image_size)  # (B, C, S, S)
        if isinstance(self._split, Split):
            if recipe.random_resized_crop:
                pixels = random_resized_crop(pixels, recipe.random_resized_crop, generator)
            if recipe.pad_crop:
                pixels = pad_crop(pixels, recipe.pad_crop, generator)
            if recipe.flip:
                pixels = flip(pixels, generator)
        normal = normalise(pixels, self._data.mean, self._data.std)
        return cutout(normal, recipe.cutout, generator) if recipe.cutout else normal  # (B, C, S, S)


def eval_batches(split: AnySplit, data: ImageData, device: torch.device, batch_size: int) -> Iterator[Batch]:
    """Every image of `split` once, in order, normalised and not augmented. The last batch may be smaller."""
    if isinstance(split, Split):
        for images, labels in zip(split.images.split(batch_size), split.labels.split(batch_size), strict=True):
            yield normalise(at_size(images.to(device), data.image_size), data.mean, data.std), labels.to(device)
        return
    files = _FileBatches(split, _eval_transform(data.image_size), device)
    for images, labels in files([(index, 0) for index in range(len(split))], batch_size):
        yield normalise(images.float(), data.mean, data.std), labels


def read_image(path: str | os.PathLike[str]) -> Image.Image:
    """Reads an RGB image. UsageError, with the path, if the file is not a readable image."""
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:  # PIL raises these for broken files
        raise UsageError(f"cannot read the image {path}: {error}. Replace or delete it.") from error


Fault = tuple[Path, UsageError]
"""A file that cannot be read, and the reason."""


WITHOUT_THEM = "Or leave such files out: nasbench transfer --skip-corrupt."


def refusal(faults: Sequence[Fault], total: int, hint: str = WITHOUT_THEM) -> UsageError:
    """The error for files that cannot be read: it counts and names them. `total` files were tried."""
    names = ", ".join(str(path) for path, _ in faults[:5]) + (", ..." if len(faults) > 5 else "")
    return UsageError(f"{len(faults):,} of {total:,} images cannot be read ({names}). The first: {faults[0][1]} {hint}")


class _FileBatches:
    """Decodes files into uint8 batches on the device. Its worker processes, if any, live as long as the object.

    If no file of a batch can be read, the batch is left out. With `all_needed` it is an error instead, since other
    replicas would wait for this replica's part.
    """

    def __init__(
        self, split: FileSplit, transform: v2.Transform, device: torch.device, all_needed: bool = False
    ) -> None:
        self._device, self._order, self._corrupt, self._all_needed = device, _Order(), split.corrupt, all_needed
        # A training on the CPU needs all cores itself; a GPU would wait for images that one process decodes.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
        workers = 0 if device.type == "cpu" else min(MAX_WORKERS, cores)
        self._loader = DataLoader(
            _Files(split, transform),
            batch_sampler=self._order,
            num_workers=workers,
            collate_fn=_collate,
            pin_memory=device.type == "cuda",
            generator=torch.Generator(),  # without it, the global generator would give the base seed
            persistent_workers=workers > 0,
            multiprocessing_context="forkserver" if workers else None,
        )

    def __call__(self, keys: list[tuple[int, int]], batch_size: int) -> Iterator[Batch]:
        """The images at (index, seed) of each key."""
        self._order.batches = [keys[start : start + batch_size] for start in range(0, len(keys), batch_size)]
        for images, labels, faults in self._loader:
            if faults and self._corrupt is None:
                raise refusal(faults, len(labels) + len(faults))
            if self._corrupt is not None:
                self._corrupt.update(path for path, _ in faults)
            if len(labels) == 0:
                if self._all_needed:
                    hint = "They are all images of a batch that this process has to compute."
                    raise refusal(faults, len(faults), hint)
                continue
            yield images.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)


class _Order:
    """A batch sampler whose batches are set from outside before each epoch."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[int, int]]] = []

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Files(Dataset[tuple[Tensor, int] | Fault]):
    """Returns an error as a value: if a worker process raised it, its message would be wrapped in a traceback."""

    def __init__(self, split: FileSplit, transform: v2.Transform) -> None:
        self._split, self._transform = split, transform

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, int] | Fault:
        index, seed = key
        try:
            image = read_image(self._split.paths[index])
        except UsageError as error:
            return self._split.paths[index], error
        with isolated_rng(CPU, seed):
            return self._transform(image), self._split.labels[index]  # uint8 (3, S, S)


def _collate(items: Sequence[tuple[Tensor, int] | Fault]) -> tuple[Tensor, Tensor, list[Fault]]:
    images, labels, faults = [], [], []
    for first, second in items:
        if isinstance(second, UsageError):
            assert isinstance(first, Path), first
            faults.append((first, second))
        else:
            assert isinstance(first, Tensor), first
            images.append(first)
            labels.append(second)
    stacked = torch.stack(images) if images else torch.empty(0)
    return stacked, torch.tensor(labels), faults  # uint8 (B, 3, S, S), int64 (B)


def _train_transform(image_size: int, recipe: Recipe) -> v2.Transform:
    if recipe.random_resized_crop:
        scale = (recipe.random_resized_crop, 1.0)
        crop: list[v2.Transform] = [v2.RandomResizedCrop(image_size, scale=scale, antialias=True)]
    else:
        crop = _centre_crop(image_size)
    mirror = [v2.RandomHorizontalFlip()] if recipe.flip else []
    policy = _policy(recipe)
    return v2.Compose([*crop, *mirror, v2.PILToTensor(), *([policy] if policy else [])])


def _policy(recipe: Recipe) -> v2.Transform | None:
    """The augmentation policy of torchvision that a recipe names, for uint8 images.

    AutoAugment has the policy that was found for ImageNet (Cubuk et al. 2019).
    """
    known: dict[str, type[v2.Transform]] = {
        "autoaugment": v2.AutoAugment,
        "randaugment": v2.RandAugment,
        "trivialaugment": v2.TrivialAugmentWide,
        "augmix": v2.AugMix,
    }
    if not recipe.policy:
        return None
    if recipe.policy not in known:
        raise unknown(f"augmentation policy of recipe {recipe.name!r}", recipe.policy, known)
    return known[recipe.policy]()


def _eval_transform(image_size: int) -> v2.Transform:
    return v2.Compose([*_centre_crop(image_size), v2.PILToTensor()])


def _centre_crop(image_size: int) -> list[v2.Transform]:
    # The centre 224 of 256 pixels, the usual evaluation on ImageNet (Krizhevsky et al. 2012).
    return [v2.Resize(round(image_size * 256 / 224), antialias=True), v2.CenterCrop(image_size)]

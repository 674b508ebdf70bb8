"""Augmentation of whole batches on their device. Each image gets random draws of its own, from an explicit generator.

The generator must be on the images' device. All functions keep shape, type and device, and do not change their input.
"""

from math import log
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F

ASPECT_RATIOS = (3 / 4, 4 / 3)
"""Smallest and largest width divided by height of random resized crops (Szegedy et al. 2015, section 6)."""


def pad_crop(images: Tensor, padding: int, generator: torch.Generator, mode: str = "zeros") -> Tensor:
    """Pads each side with `padding` zeros, or with the image mirrored (`mode` reflect), and crops back to (H, W) at a
    place drawn uniformly for each image.

    With padding 4 at 32 pixels this is the crop of the CIFAR papers (He et al. 2016, section 4.2).
    """
    padded = F.pad(images, (padding,) * 4, mode="constant" if mode == "zeros" else mode)  # (B, C, H + 2p, W + 2p)
    return _windows(padded, padding, generator)


def upsample_crop(images: Tensor, margin: int, generator: torch.Generator) -> Tensor:
    """Enlarges images by `margin` pixels on each side, float32, and crops back to (H, W) at a place drawn uniformly for
    each image.

    With margin 4 at 32 pixels this is the crop of NASNet's trainings on CIFAR (Zoph et al. 2018, appendix A.3). The
    interpolation, which is not stated, is bilinear.
    """
    height, width = images.shape[-2:]
    size = (height + 2 * margin, width + 2 * margin)
    larger = F.interpolate(images.float(), size, mode="bilinear", align_corners=False)  # (B, C, H + 2m, W + 2m)
    return _windows(larger, margin, generator)


def _windows(images: Tensor, margin: int, generator: torch.Generator) -> Tensor:
    """A window of each image, `margin` pixels from each side smaller than it, at a place of its own."""
    batch, channels = images.shape[:2]
    height, width = images.shape[2] - 2 * margin, images.shape[3] - 2 * margin
    offsets = torch.randint(0, 2 * margin + 1, (2, batch, 1), generator=generator, device=images.device)  # (2, B, 1)
    rows = offsets[0] + torch.arange(height, device=images.device)  # (B, H)
    columns = offsets[1] + torch.arange(width, device=images.device)  # (B, W)
    sample = torch.arange(batch, device=images.device).view(-1, 1, 1, 1)
    channel = torch.arange(channels, device=images.device).view(1, -1, 1, 1)
    return images[sample, channel, rows.view(batch, 1, height, 1), columns.view(batch, 1, 1, width)]  # (B, C, H, W)


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrors each image left to right with probability one half."""
    coins = torch.randint(0, 2, (len(images), 1, 1, 1), generator=generator, device=images.device)
    mirrored = coins.bool()  # (B, 1, 1, 1)
    return torch.where(mirrored, images.flip(3), images)  # (B, C, H, W)


def cutout(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Zeroes a square of `side` pixels, centred on a pixel drawn uniformly for each image and clipped at the border.

    DeVries and Taylor 2017 (arXiv:1708.04552), on normalised images, where zero is the mean. An odd `side` is rounded
    down to an even one.
    """
    batch, _, height, width = images.shape
    half = side // 2
    centre_y = torch.randint(0, height, (batch, 1), generator=generator, device=images.device)  # (B, 1)
    centre_x = torch.randint(0, width, (batch, 1), generator=generator, device=images.device)  # (B, 1)
    y = torch.arange(height, device=images.device)
    x = torch.arange(width, device=images.device)
    rows = (y >= centre_y - half) & (y < centre_y + half)  # (B, H)
    columns = (x >= centre_x - half) & (x < centre_x + half)  # (B, W)
    hole = rows.view(batch, 1, height, 1) & columns.view(batch, 1, 1, width)  # (B, 1, H, W)
    return images.masked_fill(hole, 0.0)  # (B, C, H, W)


def random_resized_crop(images: Tensor, smallest: float, generator: torch.Generator) -> Tensor:
    """Crops each image and resizes the crop to (H, W), float32. Its share of the area is drawn from [smallest, 1].

    The aspect ratio is drawn from ASPECT_RATIOS (Szegedy et al. 2015, arXiv:1409.4842, section 6). A side that would be
    longer than the image's is shortened to it.
    """
    batch, _, height, width = images.shape
    draws = torch.rand(4, batch, generator=generator, device=images.device)  # (4, B)
    area = smallest + (1.0 - smallest) * draws[0]  # (B)
    low, high = (log(ratio) for ratio in ASPECT_RATIOS)
    root = torch.exp((low + (high - low) * draws[1]) / 2)  # (B), square root of the aspect ratio
    wide = (area.sqrt() * root).clamp(max=1.0)  # (B), shares of the image's sides
    tall = (area.sqrt() / root).clamp(max=1.0)
    left, top = (1.0 - wide) * (2 * draws[2] - 1), (1.0 - tall) * (2 * draws[3] - 1)  # centres in [-1, 1]
    zero = torch.zeros_like(wide)
    theta = torch.stack((torch.stack((wide, zero, left), 1), torch.stack((zero, tall, top), 1)), 1)  # (B, 2, 3)
    grid = F.affine_grid(theta, [batch, 1, height, width], align_corners=False)  # (B, H, W, 2)
    pixels = images.float()
    return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)  # (B, C, H, W)


def mix(
    images: Tensor, labels: Tensor, num_classes: int, mixup: float, cutmix: float, rng: Random
) -> tuple[Tensor, Tensor]:
    """Mixes each image with another of the batch; the labels become float32 (B, num_classes) shares of classes.

    Mixup blends two images with a weight from Beta(mixup, mixup) (Zhang et al. 2018, arXiv:1710.09412). CutMix keeps a
    share of the area from Beta(cutmix, cutmix) and pastes a rectangle of the other image over the rest (Yun et al.
    2019, arXiv:1905.04899). If both parameters are above 0, each batch gets one of the two with probability one half.
    """
    order = list(range(len(images)))
    rng.shuffle(order)
    others = torch.tensor(order, device=images.device)  # (B)
    shares = F.one_hot(labels, num_classes).float()  # (B, K)
    if mixup > 0 and (cutmix == 0 or rng.random() < 0.5):
        weight = rng.betavariate(mixup, mixup)
        mixed = weight * images + (1.0 - weight) * images[others]
    else:
        height, width = images.shape[-2:]
        side = (1.0 - rng.betavariate(cutmix, cutmix)) ** 0.5
        tall, wide = round(side * height), round(side * width)
        top, left = rng.randint(0, height - tall), rng.randint(0, width - wide)
        mixed = images.clone()
        mixed[:, :, top : top + tall, left : left + wide] = images[others, :, top : top + tall, left : left + wide]
        weight = 1.0 - tall * wide / (height * width)
    return mixed, weight * shares + (1.0 - weight) * shares[others]  # (B, C, H, W), (B, K)

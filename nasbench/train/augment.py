"""Augmentation of whole batches on their device, drawn for each image on its own from an explicit generator.

A generator lives on the images' device. All functions keep shape, type and device, and leave their input as it is.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def pad_crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Pads each side with `padding` zeros and crops back to (H, W) at a place drawn uniformly for each image.

    With padding 4 at 32 pixels this is the crop of the CIFAR papers (He et al. 2016, section 4.2).
    """
    batch, channels, height, width = images.shape
    padded = F.pad(images, (padding, padding, padding, padding))  # (B, C, H + 2p, W + 2p)
    offsets = torch.randint(0, 2 * padding + 1, (2, batch, 1), generator=generator, device=images.device)  # (2, B, 1)
    rows = offsets[0] + torch.arange(height, device=images.device)  # (B, H)
    columns = offsets[1] + torch.arange(width, device=images.device)  # (B, W)
    sample = torch.arange(batch, device=images.device).view(-1, 1, 1, 1)
    channel = torch.arange(channels, device=images.device).view(1, -1, 1, 1)
    return padded[sample, channel, rows.view(batch, 1, height, 1), columns.view(batch, 1, 1, width)]  # (B, C, H, W)


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrors each image left to right with probability one half."""
    mirrored = torch.randint(0, 2, (len(images), 1, 1, 1), generator=generator, device=images.device).bool()  # (B, 1, 1, 1)
    return torch.where(mirrored, images.flip(3), images)  # (B, C, H, W)


def cutout(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Zeroes a square of `side` pixels, centred on a pixel drawn uniformly for each image and clipped at the border.

    DeVries and Taylor 2017 (arXiv:1708.04552), on normalised images, where zero is the mean. An odd `side` counts as the even one below.
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

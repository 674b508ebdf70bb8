"""A data set of one's own: squares, discs and crosses, drawn on the spot.

    nasbench search --dataset examples.shapes_dataset:Shapes --recipe quick --strategy random --trials 3

A data set says what networks are built for, gives a training and a validation split, and keeps the test split apart.
"""

from pathlib import Path

import torch
from torch import Tensor

from nasbench.core.registry import datasets
from nasbench.core.spec import Task
from nasbench.train.data import ImageData, Split

PIXELS = 16
NAMES = ("square", "disc", "cross")


@datasets.register("shapes")
class Shapes:
    """Three shapes at random places and sizes, in noise: 900 training, 150 validation and 300 test images of 16
    pixels.
    """

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:  # noqa: ARG002 - nothing is read
        return Task(num_classes=len(NAMES), image_size=image_size or PIXELS, channels=1)

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> ImageData:  # noqa: ARG002 - nothing is read
        task = self.task(data_dir, image_size)
        return ImageData("shapes", _draw(900, seed=0), _draw(150, seed=1), (0.3,), (0.2,), NAMES, task.image_size)

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> Split:  # noqa: ARG002 - nothing is read
        return _draw(300, seed=2)


def _draw(count: int, seed: int) -> Split:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(len(NAMES), (count,), generator=generator)
    centres = torch.randint(5, PIXELS - 5, (count, 2), generator=generator)
    radii = torch.randint(2, 5, (count,), generator=generator)
    grid = torch.arange(PIXELS)
    dy = (grid[None, :, None] - centres[:, 0, None, None]).abs()  # (N, H, 1)
    dx = (grid[None, None, :] - centres[:, 1, None, None]).abs()  # (N, 1, W)
    radius = radii[:, None, None]
    inside: list[Tensor] = [
        torch.maximum(dy, dx) <= radius,
        dy**2 + dx**2 <= radius**2,
        (torch.minimum(dy, dx) == 0) & (dy + dx <= radius),
    ]
    shapes = torch.stack(inside, dim=1)[torch.arange(count), labels]  # (N, H, W)
    noise = torch.randint(0, 90, shapes.shape, generator=generator)
    return Split((shapes * 150 + noise).to(torch.uint8).unsqueeze(1), labels)  # images (N, 1, H, W)

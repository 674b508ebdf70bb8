"""Scores of a supernet's paths: recalibrated on training images, measured on validation images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.nn.recalibration import recalibrate
from nasbench.nn.supernet import Supernet
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.loader import eval_batches
from nasbench.train.trainer import Evaluation, evaluate

RECALIBRATION_IMAGES = 2048
"""Training images whose statistics a path gets. Once-for-All's released code takes 2,000, single-path one-shot 25,600.
"""
RECALIBRATION_BATCH = 128


class Path(nn.Module):
    """One path of a supernet as a network of its own: (B, channels, H, W) -> logits (B, num_classes).

    Images have their channels last, with which a CPU pools several times as fast.
    """

    def __init__(self, supernet: Supernet, architecture: Architecture) -> None:
        super().__init__()
        self.supernet, self.architecture = supernet, architecture
        self.training = supernet.training

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.supernet(x.contiguous(memory_format=torch.channels_last), self.architecture)
        return logits


@dataclass(frozen=True)
class PathImages:
    """What every path is scored on, so that scores differ by architecture alone.

    recalibration  batches of normalised training images, float32 (B, C, S, S), channels last, that are not augmented
    validation     the images that are classified
    """

    recalibration: Sequence[Tensor]
    validation: AnySplit

    @classmethod
    def of(
        cls,
        data: ImageData,
        device: torch.device,
        validation_images: int | None = None,
        recalibration_images: int = RECALIBRATION_IMAGES,
    ) -> "PathImages":
        """The first images of both splits, which are in random order; `validation_images` None: the whole split.

        UsageError if there is no image to recalibrate on.
        """
        shown = eval_batches(data.train.first(recalibration_images), data, device, RECALIBRATION_BATCH)
        batches = [images.contiguous(memory_format=torch.channels_last) for images, _ in shown]
        if not batches:
            raise UsageError("a path is recalibrated on training images, and none can be read")
        return cls(batches, data.val.first(validation_images))


def score_path(
    supernet: Supernet, architecture: Architecture, images: PathImages, data: ImageData, device: torch.device
) -> Evaluation:
    """What the path makes of the validation images. The running statistics of its normalisations are set anew.

    UsageError for an architecture that is not in the space.
    """
    recalibrate(supernet, architecture, images.recalibration)
    return evaluate(Path(supernet, architecture), images.validation, data, device)

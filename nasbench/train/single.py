"""One image from a file to the input of a network, as evaluation shows it."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms import v2

from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import Preprocessing
from nasbench.nn.preprocess import preprocessed
from nasbench.train.data import normalise
from nasbench.train.decoding import read_noted
from nasbench.train.loader import eval_transform, whole_transform
from nasbench.train.views import probabilities_of, sides_of


def check_channels(record: Preprocessing) -> None:
    """UsageError for a network that sees no images as files have them."""
    if record.channels not in (1, 3):
        raise UsageError(f"the network sees {record.channels} channels: image files have colours (3) or grey (1)")


def network_inputs(path: Path, record: Preprocessing, views: str) -> list[Tensor]:
    """The image in a file at each side that `views` need, float32 (1, C, R, R); for dense views of a photograph
    (1, C, H, W). UsageError if it cannot be read.
    """
    whole = views == "dense" and record.resizes_pixels
    at_sides = [
        replace(record, image_size=side, seen=replace(record.seen, crop_share=1.0))
        for side in sides_of(views, record.image_size)
    ]
    return [network_input(path, shown, whole) for shown in at_sides]


def network_input(path: Path, record: Preprocessing, whole: bool = False) -> Tensor:
    """The image in a file, float32 (1, C, S, S); with `whole` uncut, (1, C, H, W), its shorter side as the record has
    it. UsageError if it cannot be read. See `check_channels`.
    """
    image = read_noted(path, record.resized_to)[0]
    image = image.convert("L") if record.channels == 1 else image
    seen, side = record.seen, record.image_size
    if record.resizes_pixels:  # as files are decoded in a training
        centre = seen.crop_share, seen.interpolation
        transform = whole_transform(side, seen.interpolation) if whole else eval_transform(side, *centre)
        pixels = transform(image)[None]  # uint8 (1, C, S, S), or (1, C, H, W)
        return normalise(pixels.float(), seen.mean, seen.std)
    pixels = v2.functional.pil_to_tensor(image)[None]  # uint8 (1, C, H, W)
    return preprocessed(pixels, side, record.resized_to, seen.interpolation, False, seen.mean, seen.std)


@torch.no_grad()
def probabilities(network: torch.nn.Module, image: Tensor) -> list[float]:
    """What the network gives to each class for one image (1, C, S, S)."""
    found: list[float] = network(image).float().softmax(dim=1)[0].tolist()
    return found


@torch.no_grad()
def viewed(network: torch.nn.Module, images: list[Tensor], image_size: int, views: str) -> list[float]:
    """The same from several views of the image, which `network_inputs` gives; `network` is `prepared` for them."""
    found: list[float] = probabilities_of(network, images, image_size, views)[0].tolist()
    return found

"""One image from a file to the input of a network, as evaluation shows it."""

from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms import v2

from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import Preprocessing
from nasbench.nn.preprocess import preprocessed
from nasbench.train.data import normalise
from nasbench.train.decoding import read_noted
from nasbench.train.loader import eval_transform


def check_channels(record: Preprocessing) -> None:
    """UsageError for a network that sees no images as files have them."""
    if record.channels not in (1, 3):
        raise UsageError(f"the network sees {record.channels} channels: image files have colours (3) or grey (1)")


def network_input(path: Path, record: Preprocessing) -> Tensor:
    """The image in a file, float32 (1, C, S, S). UsageError if it cannot be read. See `check_channels`."""
    image = read_noted(path, record.resized_to)[0]
    image = image.convert("L") if record.channels == 1 else image
    seen, side = record.seen, record.image_size
    if record.resizes_pixels:  # as files are decoded in a training
        pixels = eval_transform(side, seen.crop_share, seen.interpolation)(image)[None]  # uint8 (1, C, S, S)
        return normalise(pixels.float(), seen.mean, seen.std)
    pixels = v2.functional.pil_to_tensor(image)[None]  # uint8 (1, C, H, W)
    return preprocessed(pixels, side, record.resized_to, seen.interpolation, False, seen.mean, seen.std)


@torch.no_grad()
def probabilities(network: torch.nn.Module, image: Tensor) -> list[float]:
    """What the network gives to each class for one image (1, C, S, S)."""
    found: list[float] = network(image).float().softmax(dim=1)[0].tolist()
    return found

"""How well the features of a network tell the classes of a data set apart, before it is trained there.

The nearest training images of each validation image vote on its class: by what the head sees, by every earlier stage,
and by the images themselves at 32 pixels, which are enough for neighbours (Torralba, Fergus and Freeman 2008).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from nasbench.core.errors import UsageError
from nasbench.train.data import AnySplit, ImageData
from nasbench.train.evaluation import batch_on
from nasbench.train.features import Batch, outputs, pooled, stages
from nasbench.train.freezing import head_of
from nasbench.train.loader import eval_batches
from nasbench.train.probes import neighbour_accuracy

COMPARED, ASKED = 2000, 1000
"""At most so many training and validation images; splits have a random order, so the first are a sample."""
TINY = 32
"""Pixels of a side at which images themselves are compared, at most."""
ERRORS = 2
"""Standard errors by which one accuracy has to be above another to be higher beyond chance."""
PIXELS = "pixels"


@dataclass(frozen=True)
class Neighbours:
    """Accuracies in [0, 1] of the vote of the nearest training images on validation images.

    Attributes:
        top: by the features that the head sees.
        earlier: stage -> by its features, in order.
        pixels: by the images themselves.
        chance: the share of the most frequent class among the validation images.
        compared: training images among which neighbours were looked for.
        asked: validation images.
    """

    top: float
    earlier: Mapping[str, float]
    pixels: float
    chance: float
    compared: int
    asked: int

    @property
    def likeness(self) -> float:
        """How much of what chance leaves the top's neighbours name: 1 for all, 0 or less for nothing."""
        return (self.top - self.chance) / (1 - self.chance) if self.chance < 1 else 0.0

    @property
    def best_stage(self) -> str | None:
        """The earlier stage with the highest accuracy, if it is above the top's."""
        best = max(self.earlier, key=lambda name: self.earlier[name], default=None)
        return best if best is not None and self.earlier[best] > self.top else None

    def beyond_chance(self, accuracy: float) -> bool:
        """Whether an accuracy on the same images is above the top's by more than ERRORS standard errors."""
        error = sqrt((self.top * (1 - self.top) + accuracy * (1 - accuracy)) / self.asked)
        return accuracy - self.top > ERRORS * error


def neighbours(network: nn.Module, data: ImageData, device: torch.device) -> Neighbours:
    """Looks for neighbours in `data`, with a network on `device`. UsageError where no image can be read, or where the
    last linear layer is no part of the network's way to its answer.
    """
    network.eval()
    image = torch.zeros(1, data.task.channels, data.image_size, data.image_size, device=device)
    head = head_of(network)[0]
    names = [name for name in stages(network, image) if name != head]
    splits: dict[str, AnySplit] = {"train": data.train.first(COMPARED), "test": data.val.first(ASKED)}
    seen = {name: _seen(network, names, split, data, device) for name, split in splits.items()}
    labels = {name: each for name, (_, each) in seen.items()}

    def accuracy(of: str) -> float:
        return neighbour_accuracy({name: features[of] for name, (features, _) in seen.items()}, labels)

    theirs = {name: accuracy(name) for name in names if not _same(seen["train"][0], name, head)}
    counts = labels["test"].bincount()
    chance = counts.max().item() / len(labels["test"])
    return Neighbours(accuracy(head), theirs, accuracy(PIXELS), chance, len(labels["train"]), len(labels["test"]))


def _seen(
    network: nn.Module, names: list[str], split: AnySplit, data: ImageData, device: torch.device
) -> tuple[dict[str, Tensor], Tensor]:
    """Stage, head and pixels -> what they see of every image, (N, C), and the labels (N)."""
    name, head = head_of(network)
    given: list[Tensor] = []
    tiny: list[Tensor] = []
    heard = head.register_forward_pre_hook(lambda _, inputs: given.append(pooled(inputs[0])))
    side = min(TINY, data.image_size)
    batches = eval_batches(split, data, device, batch_on(device, data.image_size))

    def shown() -> Iterator[Batch]:
        for images, targets in batches:
            tiny.append(adaptive_avg_pool2d(images, side).flatten(1).cpu())
            yield images, targets

    try:
        found, labels = outputs(network, names, shown(), pool=True)
    finally:
        heard.remove()
    if sum(map(len, given)) != len(labels):
        raise UsageError(f"{name}, the last linear layer of the network, is no part of its way to the answer")
    return {**found, name: torch.cat(given), PIXELS: torch.cat(tiny)}, labels


def _same(features: Mapping[str, Tensor], name: str, head: str) -> bool:
    """Whether a stage gives what the head sees."""
    one, other = features[name], features[head]
    return one.shape == other.shape and torch.allclose(one, other, atol=1e-5)

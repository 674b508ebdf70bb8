"""Published weights with what belongs to them: where they come from, and what images they were trained on.

torchvision and timm say of each of their weights how images were shown: mean and deviation, size, interpolation, crop.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from nasbench.core.preprocessing import Preprocessing, Seen


@dataclass(frozen=True)
class PublishedWeights:
    """A loader of weights, with their name in the library that publishes them.

    `library` is torchvision or timm. `name` is a member of torchvision's enumerations, such as
    'ResNet18_Weights.IMAGENET1K_V1', or a tag of timm's, such as 'gmlp_s16_224.ra3_in1k'.
    """

    library: str
    name: str
    load: Callable[[nn.Module], None]

    def __call__(self, network: nn.Module) -> None:
        """Copies the weights into a network for the published task."""
        self.load(network)

    def preprocessing(self) -> Preprocessing:
        """What the library's entry for these weights says. Nothing is fetched."""
        return _of_torchvision(self.name) if self.library == "torchvision" else _of_timm(self.name)


def of_torchvision(name: str, load: Callable[[nn.Module], None]) -> PublishedWeights:
    """torchvision's weights of that name, which `load` puts into a network."""
    return PublishedWeights("torchvision", name, load)


def of_timm(tag: str, load: Callable[[nn.Module], None]) -> PublishedWeights:
    """timm's weights of that tag, which `load` puts into a network."""
    return PublishedWeights("timm", tag, load)


def _of_torchvision(name: str) -> Preprocessing:
    import torchvision.models

    family, _, member = name.partition(".")
    weights = getattr(torchvision.models, family)[member]
    shown = weights.transforms()
    (side,), (resized) = shown.crop_size, shown.resize_size
    seen = Seen(tuple(shown.mean), tuple(shown.std), shown.interpolation.value, side / resized[0])
    return Preprocessing(side, seen, tuple(weights.meta["categories"]))


def _of_timm(tag: str) -> Preprocessing:
    import timm

    entry = timm.get_pretrained_cfg(tag)
    assert entry is not None, tag
    side = int(entry.input_size[-1])
    seen = Seen(tuple(entry.mean), tuple(entry.std), entry.interpolation, float(entry.crop_pct))
    return Preprocessing(side, seen, imagenet_classes())


def imagenet_classes() -> tuple[str, ...]:
    """The names of ImageNet's 1,000 classes, in the order of the outputs of networks that were trained on it."""
    from torchvision.models import ResNet18_Weights

    return tuple(ResNet18_Weights.IMAGENET1K_V1.meta["categories"])

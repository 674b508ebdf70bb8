"""The registry of the zoo: name -> card and builder. Every family is a module that registers its networks."""

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError, unknown
from nasbench.core.registry import load_plugins
from nasbench.core.spec import ModelCard, Task

if TYPE_CHECKING:
    from torch import nn

Builder = Callable[[Task], "nn.Module"]
"""Task -> newly initialised network: (B, channels, H, W) -> logits (B, num_classes). With auxiliary heads, training
mode returns a tuple with the auxiliary logits. The builder selects the stem for the task's image size. Raises
UsageError if the network does not exist for that size.
"""

Scaler = Callable[..., "nn.Module"]
"""(task, width, depth) -> the network with all channel counts times `width` and the repeats of all stages times
`depth`, with the published rounding; where the rounding has a name (`nasbench.nn.rounding`), that is the fourth. The
stem is selected by the task's image size, as in a builder; a function whose multipliers are 1 by default is both. The
network accepts images of other sizes too, unless its `Scaling` says that it is built for one.
"""


@dataclass(frozen=True)
class Scaling:
    """How a network of the zoo is scaled. It stands beside the network.

    build         the network at any width and depth; (1, 1) is the published network. None: neither can be scaled
    rounds        what is rounded to what, for people
    lacks         'depth', 'width' or 'resolution' -> why the network cannot be scaled in it
    built_for     it is built for one resolution: position embeddings, or layers that mix all places
    pixel_step    task -> the resolution is a multiple of this; None: of 1
    roundings     the build takes the name of another rounding than EfficientNet's as its fourth argument
    """

    build: Scaler | None
    rounds: str = "repeats up; channels to multiples of 8"
    lacks: Mapping[str, str] = field(default_factory=dict)
    built_for: bool = False
    pixel_step: Callable[[Task], int] | None = None
    roundings: bool = True


def fixed(why: str, resolution: str = "") -> Scaling:
    """Of a network that has neither a depth nor a width to scale, for that reason."""
    lacks = dict.fromkeys(("depth", "width"), why)
    return Scaling(None, "", {**lacks, "resolution": resolution} if resolution else lacks)


ONE_BY_ONE = "its layers are listed one by one, none of them repeated"
MODULES_DIFFER = "its modules differ from one another, each with a table of its own, so no number is a depth or a width"
"""Such reasons, of several families each."""


Loader = Callable[["nn.Module"], None]
"""Downloads published weights, checks their hash, and copies them into a network for the published task."""

SMALL_IMAGE = 64
"""Images of up to this many pixels a side are small: networks for large images use their small stem, as on CIFAR."""

FAMILIES: tuple[str, ...] = (
    "lenet",
    "alexnet",
    "zfnet",
    "vgg",
    "nin",
    "googlenet",
    "inception_example",
    "bn_inception",
    "inception",
    "resnet",
    "resnet_cifar",
    "preactivation",
    "wide_resnet",
    "resnext",
    "densenet",
    "senet",
    "squeezenet",
    "mobilenet",
    "shufflenet",
    "mnasnet",
    "efficientnet",
    "efficientnetv2",
    "tinynet",
    "regnet",
    "resnet_rs",
    "searched",
    "vit",
    "mlp_mixer",
    "resmlp",
    "gmlp",
    "s2mlp",
    "cyclemlp",
    "alexnet_bn",
    "deeper_residual",
    "squeezenet_forms",
    "enet",
    "inception_factorised",
    "deit",
    "swin",
    "vip",
    "convnext",
    "poolformer",
    "convmixer",
    "vim",
)


@dataclass(frozen=True)
class Entry:
    """A network of the zoo. `scaling` says how it is scaled; None if nobody has said. `module`: where it was
    registered.
    """

    card: ModelCard
    build: Builder
    load_pretrained: Loader | None = None
    scaling: Scaling | None = None
    module: str = ""

    @property
    def scaled(self) -> Scaler | None:
        """What builds it at any width and depth; None if neither can be scaled."""
        return self.scaling.build if self.scaling else None


_entries: dict[str, Entry] = {}


def register(
    card: ModelCard, load_pretrained: Loader | None = None, scaled: Scaling | Scaler | None = None
) -> Callable[[Builder], Builder]:
    """Decorator: registers a builder under the name of its card. Raises UsageError if the name is already taken.

    `scaled` says how the network is scaled; a function alone is what builds it at any width and depth.
    """

    module = str(sys._getframe(1).f_globals["__name__"])
    scaling = scaled if isinstance(scaled, Scaling) or scaled is None else Scaling(scaled, roundings=False)

    def enter(build: Builder) -> Builder:
        if card.name in _entries:
            raise UsageError(f"two networks register the name {card.name!r}; rename one")
        _entries[card.name] = Entry(card, build, load_pretrained, scaling, module)
        return build

    return enter


def registered() -> dict[str, Entry]:
    """The networks that have been registered so far; nothing is imported."""
    return dict(_entries)


def entries() -> dict[str, Entry]:
    """All networks by name, with plug-ins, sorted by year, then by name. Numbers in names are sorted by value."""
    return dict(sorted(_all().items(), key=lambda item: (item[1].card.year, _natural(item[0]))))


def _all() -> dict[str, Entry]:
    """All networks by name, with plug-ins, in the order in which they were registered."""
    for family in FAMILIES:
        importlib.import_module(f"zoo.families.{family}")
    load_plugins()
    return _entries


def _natural(name: str) -> tuple[tuple[str, int], ...]:
    """A sort key with resnet18 before resnet101: the pairs of letters and the number that follows them."""
    return tuple((letters, int(digits or -1)) for letters, digits in re.findall(r"(\D*)(\d*)", name))


def entry(name: str) -> Entry:
    """The network of that name. Raises UsageError with the most similar name if there is none."""
    known = _all()
    if name not in known:
        raise unknown("network in the zoo", name, entries(), "See: nasbench zoo")
    return known[name]


def scalable() -> list[str]:
    """The names of the networks that can be scaled in width and depth."""
    return sorted(
        name for name, each in entries().items() if each.scaling and each.scaling.build and not each.scaling.lacks
    )


def create(
    name: str,
    num_classes: int | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    pretrained: bool = False,
    stem: str | None = None,
) -> "nn.Module":
    """The network of that name; arguments that are None are as published. `pretrained` downloads published weights.

    `stem`, 'cifar' or 'imagenet', selects the form of a network that has two; None: by the image size.
    """
    found = entry(name)
    task = found.card.task
    asked = replace(
        task,
        num_classes=task.num_classes if num_classes is None else num_classes,
        image_size=task.image_size if image_size is None else image_size,
        channels=task.channels if channels is None else channels,
        stem=stem or task.stem,
    )
    if not pretrained:
        return found.build(asked)
    if found.load_pretrained is None:
        raise no_weights(name)
    if (asked.num_classes, asked.channels) != (task.num_classes, task.channels):
        raise UsageError(
            f"weights of {name!r} are published for {quantity(task.num_classes, 'class', 'classes')} and "
            f"{quantity(task.channels, 'channel')}; "
            "ask for those"
        )
    network = found.build(asked)  # before the download: an invalid task raises its error at once
    found.load_pretrained(network)
    return network


def no_weights(name: str) -> UsageError:
    """The error for a network without published weights. It lists networks with weights and similar names."""
    having = [other for other, each in entries().items() if each.load_pretrained]
    near = get_close_matches(name, having, n=5, cutoff=0.0)
    return UsageError(
        f"there are no published weights for {name!r} that can be loaded here. The nearest of the {len(having)} "
        f"networks with weights: {', '.join(near)}. The card says whether a network has weights: nasbench zoo NAME"
    )

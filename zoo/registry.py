"""The zoo's register: name -> card and builder. Every family is a module of this package that
registers its networks.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from torch import nn

from nasbench.core.errors import UsageError, unknown
from nasbench.core.registry import load_plugins
from nasbench.core.spec import ModelCard, Task

Builder = Callable[[Task], nn.Module]
"""Task -> network with fresh weights: (B, channels, H, W) -> (B, num_classes) logits (a tuple with auxiliary logits in
training mode where there are auxiliary heads). It picks the stem that suits the task's image size, and raises
UsageError where there is none."""

Scaler = Callable[[Task, float, float], nn.Module]
"""(task, width, depth) -> the network with every channel count times `width` and every stage's repeats times `depth`,
by the published rounding. The task's image size picks the stem, as for a builder; images of any other size may follow.
"""

Loader = Callable[[nn.Module], None]
"""Copies published weights into a network of the published task; downloads them, checked by hash."""

SMALL_IMAGE = 64
"""Up to this side in pixels, networks of larger images take their CIFAR-sized stem."""

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
    "searched",
    "vit",
    "mlp_mixer",
    "resmlp",
    "gmlp",
    "s2mlp",
    "cyclemlp",
)


@dataclass(frozen=True)
class Entry:
    """A network of the zoo. `scaled` builds it at any width and depth, and as published at 1 and 1; None: nobody wrote
    that down.
    """

    card: ModelCard
    build: Builder
    load_pretrained: Loader | None = None
    scaled: Scaler | None = None


_entries: dict[str, Entry] = {}


def register(
    card: ModelCard, load_pretrained: Loader | None = None, scaled: Scaler | None = None
) -> Callable[[Builder], Builder]:
    """Decorator: enters a builder under its card's name. A name entered twice is an error."""

    def enter(build: Builder) -> Builder:
        if card.name in _entries:
            raise UsageError(f"two networks register the name {card.name!r}; rename one")
        _entries[card.name] = Entry(card, build, load_pretrained, scaled)
        return build

    return enter


def entries() -> dict[str, Entry]:
    """All networks by name, plug-ins included, in order of year, then name, numbers in names by their size."""
    for family in FAMILIES:
        importlib.import_module(f"zoo.families.{family}")
    load_plugins()
    return dict(sorted(_entries.items(), key=lambda item: (item[1].card.year, _natural(item[0]))))


def _natural(name: str) -> tuple[tuple[str, int], ...]:
    """resnet18 before resnet101: every run of letters with the number after it."""
    return tuple((letters, int(digits or -1)) for letters, digits in re.findall(r"(\D*)(\d*)", name))


def entry(name: str) -> Entry:
    """One network. UsageError with the nearest name where there is none."""
    known = entries()
    if name not in known:
        raise unknown("network in the zoo", name, known, "See: nasbench zoo")
    return known[name]


def scalable() -> list[str]:
    """The networks that scale in width and depth, by name."""
    return sorted(name for name, each in entries().items() if each.scaled is not None)


def create(
    name: str,
    num_classes: int | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    pretrained: bool = False,
) -> nn.Module:
    """The network of that name; what is not given is as published. `pretrained` fetches published weights (needs the
    network).
    """
    found = entry(name)
    task = found.card.task
    asked = replace(
        task,
        num_classes=task.num_classes if num_classes is None else num_classes,
        image_size=task.image_size if image_size is None else image_size,
        channels=task.channels if channels is None else channels,
    )
    if not pretrained:
        return found.build(asked)
    if found.load_pretrained is None:
        raise no_weights(name)
    if (asked.num_classes, asked.channels) != (task.num_classes, task.channels):
        raise UsageError(
            f"weights of {name!r} are published for {task.num_classes} classes and {task.channels} channels; ask for "
            "those"
        )
    network = found.build(asked)  # before the download: a form that does not exist is answered at once
    found.load_pretrained(network)
    return network


def no_weights(name: str) -> UsageError:
    """The error for a network of the zoo without published weights: names those nearest to it that have some."""
    having = [other for other, each in entries().items() if each.load_pretrained]
    near = get_close_matches(name, having, n=5, cutoff=0.0)
    return UsageError(
        f"nobody publishes weights for {name!r} that load here. Of {len(having)} networks with weights the nearest: "
        f"{', '.join(near)}. "
        "Whether there are some, its card says: nasbench zoo NAME"
    )

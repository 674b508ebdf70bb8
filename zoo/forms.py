"""Networks that come in one form only, for small images or for large ones, and say so."""

from functools import wraps

from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelCard, Task
from zoo.library import is_small
from zoo.registry import SMALL_IMAGE, Builder

CIFAR10 = Task(num_classes=10, image_size=32, channels=3)


def small_only(card: ModelCard, build: Builder, instead: str) -> Builder:
    """`build` for images of up to SMALL_IMAGE pixels; above, a UsageError that names a network to take `instead`."""

    @wraps(build)
    def checked(task: Task) -> nn.Module:
        if not is_small(task):
            raise UsageError(
                f"{card.name!r} exists for small images only: it was published at {card.task.image_size} px and takes "
                "up to "
                f"{SMALL_IMAGE} px; got {task.image_size} px. For large images take {instead!r}"
            )
        return build(task)

    return checked


def large_only(card: ModelCard, build: Builder, instead: str, smallest: int = SMALL_IMAGE + 1) -> Builder:
    """`build` for images of `smallest` pixels and more; below, a UsageError that names a network to take `instead`."""

    @wraps(build)
    def checked(task: Task) -> nn.Module:
        if task.image_size < smallest:
            raise UsageError(
                f"{card.name!r} exists for large images only: it was published at {card.task.image_size} px and needs "
                "at least "
                f"{smallest} px; got {task.image_size} px. For small images take {instead!r}"
            )
        return build(task)

    return checked

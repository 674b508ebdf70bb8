"""Wrappers for networks that exist only for small images, or only for large ones: other sizes are an error."""

from functools import wraps

from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelCard, Task
from zoo.registry import SMALL_IMAGE, Scaler

CIFAR10 = Task(num_classes=10, image_size=32, channels=3)


def small_only(card: ModelCard, build: Scaler, instead: str) -> Scaler:
    """`build` for images of up to SMALL_IMAGE pixels. Larger images raise a UsageError that suggests `instead`.

    `build` may take multipliers after the task.
    """

    @wraps(build)
    def checked(task: Task, *multipliers: float | str) -> nn.Module:
        if task.image_size > SMALL_IMAGE:
            raise UsageError(
                f"{card.name!r} exists for small images only: it was published at {card.task.image_size} px and takes "
                f"up to {SMALL_IMAGE} px; got {task.image_size} px. For large images take {instead!r}"
            )
        return build(task, *multipliers)

    return checked


def large_only(card: ModelCard, build: Scaler, instead: str, smallest: int = SMALL_IMAGE + 1) -> Scaler:
    """`build` for images of at least `smallest` pixels. Smaller images raise a UsageError that suggests `instead`.

    `build` may take multipliers after the task.
    """

    @wraps(build)
    def checked(task: Task, *multipliers: float | str) -> nn.Module:
        if task.image_size < smallest:
            raise UsageError(
                f"{card.name!r} exists for large images only: it was published at {card.task.image_size} px and needs "
                f"at least {smallest} px; got {task.image_size} px. For small images take {instead!r}"
            )
        return build(task, *multipliers)

    return checked

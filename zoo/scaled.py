"""What a size asks of a network of the zoo: the task it is built for, its multipliers, and whether it can be had."""

from dataclasses import replace
from math import lcm

from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.nn.rounding import PIXEL_STEPS
from zoo.library import is_small
from zoo.registry import entry, scalable


def task_of_zoo(spec: ModelSpec) -> Task:
    """The task that the network is built for.

    A network that takes images of any size is built for the task's own, which sets its form. Others are built for the
    resolution at which they see images, in the form of the task's own size.
    """
    scaling = entry(str(spec.name)).scaling
    if scaling is None:
        return spec.seen_task
    if spec.pixels == spec.task.image_size or (scaling.build is not None and not scaling.built_for):
        return spec.task
    return replace(spec.seen_task, stem="cifar" if is_small(spec.task) else "imagenet")


def multipliers_of(size: Size) -> tuple[float | str, ...]:
    """The arguments of a scaled builder after the task: width, depth, and a rounding that has a name."""
    return (size.width, size.depth, size.rounding) if size.rounding else (size.width, size.depth)


def pixel_step(spec: ModelSpec) -> int:
    """What a scaled resolution is a multiple of."""
    scaling = entry(str(spec.name)).scaling if spec.source == "zoo" else None
    own = scaling.pixel_step(spec.task) if scaling and scaling.pixel_step else 1
    return lcm(own, PIXEL_STEPS.get(spec.size.rounding, 1))


def check_scales(name: str, size: Size) -> None:
    """UsageError for a dimension that the network cannot be scaled in: says why, and names networks that can."""
    scaling = entry(name).scaling
    asked = {"depth": size.depth != 1, "width": size.width != 1}
    if scaling is None:
        lacking = {dimension: "it has no scaled form" for dimension, scaled in asked.items() if scaled}
    else:
        lacking = {dimension: why for dimension, why in scaling.lacks.items() if asked.get(dimension)}
    if lacking:
        raise UsageError(
            f"{name!r} cannot be scaled in {' and '.join(lacking)}: {'; '.join(dict.fromkeys(lacking.values()))}. "
            f"{_others(name, scaling is not None and set(lacking) != {'depth', 'width'})}"
        )
    if size.rounding and size.is_scaled and scaling is not None and not scaling.roundings:
        raise UsageError(
            f"{name!r} rounds its channels and repeats by its own rule, not by {size.rounding!r}. Take --law compound, "
            "or another --base."
        )


def check_resolution(name: str) -> None:
    """UsageError for a network that sees images of one size alone."""
    scaling = entry(name).scaling
    if scaling is not None and "resolution" in scaling.lacks:
        raise UsageError(
            f"{name!r} cannot be scaled in resolution: {scaling.lacks['resolution']}. {_others(name, True)}"
        )


def _others(name: str, has_some: bool) -> str:
    own = (
        "in its other dimensions (--depth, --width, --resolution)"
        if has_some
        else "in resolution alone (--resolution R)"
    )
    families = {entry(each).card.family: each for each in reversed(scalable()) if each != name}
    others = ", ".join(sorted(families.values()))
    return (
        f"Scale it {own}, or take another --base. Of the zoo these, and others of their families, scale in all "
        f"dimensions: {others}. So do networks of cells and of stages that a search found (give the run directory), "
        "and space:SPACE:PUBLISHED."
    )

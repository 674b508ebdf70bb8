"""From a model specification to a network, wherever it comes from: a space's architecture, a
published cell, the zoo.
"""

from dataclasses import replace
from random import Random

import torch
from torch import nn

import zoo
from nasbench.blank import blank
from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import PublishedCells, SearchSpace
from nasbench.core.registry import models, spaces
from nasbench.core.seeds import derive
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec, Task, pixels_of, task_record
from nasbench.train.device import isolated_rng


def build_network(spec: ModelSpec) -> nn.Module:
    """The network; weights are as its layers initialise them. UsageError where the name or the size is not to be had.

    The form, for small images or for large ones, is that of the task's own image size: a network whose
    `size.resolution` compound scaling has changed keeps it.
    """
    if spec.source == "zoo":
        return _from_zoo(spec)
    if spec.source == "import":
        return _own(spec)
    space: SearchSpace = spaces.make(spec.source.removeprefix("space:"))
    if spec.architecture is not None:
        return space.build(spec.architecture, spec.size, spec.task)
    assert isinstance(space, PublishedCells), spec
    assert spec.name is not None, spec
    return space.build_published(spec.name, spec.size, spec.task)


def _from_zoo(spec: ModelSpec) -> nn.Module:
    assert spec.name is not None, spec
    entry, size = zoo.entry(spec.name), spec.size
    if entry.scaled is None:
        if (size.depth, size.width) != (1, 1):
            raise cannot_scale(spec.name)
        return entry.build(spec.seen_task)
    if (size.depth, size.width) == (1, 1):
        return entry.build(spec.task)
    return entry.scaled(spec.task, size.width, size.depth)


def _own(spec: ModelSpec) -> nn.Module:
    """A network of the user's own: a class or function that names what it needs of what is offered."""
    task = spec.seen_task
    network = models.make(str(spec.name), offered={"task": task, **task_record(task)})
    if not isinstance(network, nn.Module):
        raise UsageError(f"model {spec.name!r} made {type(network).__name__}; it must make a torch.nn.Module")
    return network


def cannot_scale(name: str) -> UsageError:
    """The error for a network of the zoo without a scaled form: names those that have one."""
    return UsageError(
        f"{name!r} cannot be scaled in width and depth. Of the zoo these can: {', '.join(zoo.scalable())}. So can "
        "networks of cells and of stages that a search found (give the run directory), and space:SPACE:PUBLISHED."
    )


def build_seeded(spec: ModelSpec, seed: int) -> nn.Module:
    """The network on the CPU, with weights that depend on `seed` alone, whatever device it is trained on."""
    with isolated_rng(torch.device("cpu"), derive(seed, "init")):
        return build_network(spec)


def dry_build(space: SearchSpace, plan: Plan) -> tuple[nn.Module, Task]:
    """Builds one random child without memory, so that a size that fits no child is answered before any work starts.

    Returns the child and the task at the size at which it sees images.
    """
    architecture = sample(space.name, space.choices, Random(derive(plan.seed, "dry build")))
    with blank():
        network = space.build(architecture, plan.size, plan.task)
    return network, replace(plan.task, image_size=pixels_of(plan.size, plan.task))

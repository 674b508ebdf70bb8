"""From a model specification to a network, wherever it comes from: a space's architecture, a
published cell, the zoo.
"""

import os
from dataclasses import replace
from random import Random

import torch
from torch import nn

import zoo
from nasbench.blank import blank
from nasbench.core.arch import sample
from nasbench.core.blame import blame, part_name
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import PublishedCells, SearchSpace
from nasbench.core.registry import models, spaces
from nasbench.core.seeds import derive
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec, Task, pixels_of, task_record
from nasbench.nn.regularised import regularise
from nasbench.train.device import isolated_rng
from zoo.scaled import check_scales, multipliers_of, task_of_zoo

DRY_BUILDS = 10
"""So many random architectures are tried; where none can be built, a search would fail at each of its trials."""


def build_network(spec: ModelSpec) -> nn.Module:
    """The network; weights are as its layers initialise them. UsageError where the name or the size is not to be had.

    The form, for small images or for large ones, is that of the task's own image size: a network whose
    `size.resolution` compound scaling has changed keeps it.
    """
    return regularise(_plain(spec), spec.size)


def _plain(spec: ModelSpec) -> nn.Module:
    """The network without what its size asks of dropout and drop path."""
    if spec.source == "zoo":
        return _from_zoo(spec)
    if spec.source == "import":
        return _own(spec)
    space: SearchSpace = spaces.make(spec.source.removeprefix("space:"))
    if spec.architecture is not None:
        return _module(space.build(spec.architecture, spec.size, spec.task), space)
    assert isinstance(space, PublishedCells), spec
    assert spec.name is not None, spec
    return space.build_published(spec.name, spec.size, spec.task)


def _from_zoo(spec: ModelSpec) -> nn.Module:
    assert spec.name is not None, spec
    check_scales(spec.name, spec.size)
    entry, task = zoo.entry(spec.name), task_of_zoo(spec)
    if not spec.size.is_scaled:
        return entry.build(task)
    assert entry.scaled is not None, spec
    return entry.scaled(task, *multipliers_of(spec.size))


def _own(spec: ModelSpec) -> nn.Module:
    """A network of the user's own: a class or function that names what it needs of what is offered."""
    task = spec.seen_task
    network = models.make(str(spec.name), offered={"task": task, **task_record(task)})
    if not isinstance(network, nn.Module):
        raise UsageError(f"model {spec.name!r} made {type(network).__name__}; it must make a torch.nn.Module")
    return network


def build_seeded(spec: ModelSpec, seed: int) -> nn.Module:
    """The network on the CPU, with weights that depend on `seed` alone, whatever device it is trained on."""
    with isolated_rng(torch.device("cpu"), derive(seed, "init")):
        return build_network(spec)


def dry_build(space: SearchSpace, plan: Plan) -> tuple[nn.Module, Task]:
    """Builds random children without memory until one can be built, so that a size that fits no child, or a space that
    builds none, is answered before any work starts.

    Returns the child and the task at the size at which it sees images.
    """
    rng = Random(derive(plan.seed, "dry build"))
    for left in reversed(range(DRY_BUILDS)):
        architecture = sample(space.name, space.choices, rng)
        try:
            with blame(space, "build()", UsageError, "Mend it there."), blank():
                network = _module(space.build(architecture, plan.size, plan.task), space)
            return network, replace(plan.task, image_size=pixels_of(plan.size, plan.task))
        except TrialFailed as error:
            if not left:
                raise UsageError(f"none of {DRY_BUILDS} random architectures can be built: {error}") from error
        except UsageError as error:
            if not left or error.__cause__ is None:
                raise
    raise AssertionError("the last one was built, or raised")


def _module(network: object, space: SearchSpace) -> nn.Module:
    """The network. TrialFailed where it is none."""
    if isinstance(network, nn.Module):
        return network
    raise TrialFailed(
        f"build() of the space {part_name(space)} returned {type(network).__name__}; it must return a torch.nn.Module"
    )


def check_memory(network: nn.Module) -> None:
    """UsageError where this machine cannot hold the weights of a network that was built without values."""
    weights = sum(each.numel() * each.element_size() for each in (*network.parameters(), *network.buffers()))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if weights > memory:
        raise UsageError(
            f"the weights of this network take {weights / 1e9:,.0f} GB, and this machine has {memory / 1e9:,.0f} GB of "
            "memory. Look at its size: nasbench profile MODEL."
        )

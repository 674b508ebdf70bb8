"""From a model specification to a network, wherever it comes from: a space's architecture, a published cell, the zoo."""

from dataclasses import replace

import torch
from torch import nn

import zoo
from nasbench.core.protocols import PublishedCells, SearchSpace
from nasbench.core.registry import spaces
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec, Task
from nasbench.train.device import isolated_rng


def task_of_spec(spec: ModelSpec) -> Task:
    """The task at the resolution that the specification asks for."""
    return replace(spec.task, image_size=spec.size.resolution or spec.task.image_size)


def build_network(spec: ModelSpec) -> nn.Module:
    """The network; weights are as its layers initialise them. UsageError where the name or the size is not to be had."""
    task = task_of_spec(spec)
    if spec.source == "zoo":
        assert spec.name is not None, spec
        return zoo.entry(spec.name).build(task)
    part = spaces.get(spec.source.removeprefix("space:"))
    space: SearchSpace = part() if isinstance(part, type) else part
    if spec.architecture is not None:
        return space.build(spec.architecture, spec.size, task)
    assert isinstance(space, PublishedCells), spec
    assert spec.name is not None, spec
    return space.build_published(spec.name, spec.size, task)


def build_seeded(spec: ModelSpec, seed: int) -> nn.Module:
    """The network on the CPU, with weights that depend on `seed` alone, whatever device it is trained on."""
    with isolated_rng(torch.device("cpu"), derive(seed, "init")):
        return build_network(spec)

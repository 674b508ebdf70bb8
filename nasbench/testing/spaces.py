"""The contract suite of search spaces."""

import json
import pickle
from dataclasses import replace
from random import Random

from nasbench.core.arch import Architecture, sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import AnyDepth, Countable, DrawsNetworks, HasSkips, HasUnreachedParameters, SearchSpace
from nasbench.core.skips import check_places
from nasbench.core.spec import Size, Task, pixels_of
from nasbench.testing.conditions import require, require_valid
from nasbench.testing.networks import dead_parameters, require_evaluation_logits


def check_space(space: SearchSpace, size: Size | None = None, task: Task | None = None, num_samples: int = 5) -> None:
    """That a space can be searched: geometry, canonical forms, and networks that learn with all of their parameters.

    Builds `num_samples` random architectures at `size` (else the space's own) for `task` (else CIFAR-10's).
    """
    size, task = size or space.default_size, task or Task()
    names = [decision.name for decision in space.choices]
    require(
        len(names) > 0 and len(set(names)) == len(names),
        f"the decisions of {space.name!r} need names that differ: {names}",
    )
    twin = pickle.loads(pickle.dumps(space))
    require(
        (twin.name, list(twin.choices)) == (space.name, list(space.choices)),
        f"space {space.name!r} comes back from pickle changed",
    )
    rng = Random(0)
    for _ in range(num_samples * 20):
        _check_canonical(space, sample(space.name, space.choices, rng))
    if isinstance(space, DrawsNetworks):
        for number in range(num_samples * 4):
            drawn = space.draw(Random(number))
            require_valid(drawn, space, "a network that is drawn")
            require(space.canonical(drawn) == drawn, f"a network is drawn in a form that is not canonical: {drawn}")
            require(space.draw(Random(number)) == drawn, "one generator draws two different networks")
    if isinstance(space, HasSkips):
        _check_places(space)
    if isinstance(space, AnyDepth):
        _check_other_depth(space, rng)
    for _ in range(num_samples):
        _check_network(space, sample(space.name, space.choices, rng), size, task)


def _check_canonical(space: SearchSpace, architecture: Architecture) -> None:
    canonical = space.canonical(architecture)
    require(
        canonical.space == space.name,
        f"the canonical form of {architecture} is of space {canonical.space!r}, not {space.name!r}",
    )
    require_valid(canonical, space, "the canonical form")
    require(
        space.canonical(canonical).key == canonical.key,
        f"canonical is not idempotent: {canonical} becomes {space.canonical(canonical)}",
    )
    read = Architecture.from_json(json.loads(json.dumps(architecture.to_json())))
    require(read.key == architecture.key, f"{architecture} comes back from JSON as {read}")


def _check_places(space: HasSkips) -> None:
    """That a space says where its decisions are, in the order in which a controller decides."""
    assert isinstance(space, SearchSpace), space
    try:
        check_places(space.choices, space.places())
    except UsageError as error:
        require(False, f"places() of {space.name!r}: {error}")


def _check_other_depth(space: AnyDepth, rng: Random) -> None:
    """That a space reads what it draws with another number of layers."""
    deeper = space.with_layers(space.layers + 1)
    drawn = sample(deeper.name, deeper.choices, rng)
    require(
        isinstance(deeper, AnyDepth) and deeper.layers == space.layers + 1,
        f"with_layers({space.layers + 1}) gives no space of that many layers: {deeper}",
    )
    read = space.containing(drawn)
    require(list(read.choices) == list(deeper.choices), f"containing() gives a space that does not hold {drawn}")
    require(
        read.canonical(drawn) == deeper.canonical(drawn),
        f"the depth of the space changes the canonical form of {drawn}",
    )


def _check_network(space: SearchSpace, architecture: Architecture, size: Size, task: Task) -> None:
    import torch

    from nasbench.profile import count

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = space.build(architecture, size, task)
        num_params, num_canonical = (
            sum(p.numel() for p in space.build(a, size, task).parameters())
            for a in (architecture, space.canonical(architecture))
        )
        require(
            num_params == num_canonical,
            f"{num_params} parameters, but {num_canonical} in its canonical form: {architecture}",
        )
        resolution = pixels_of(size, task)
        if isinstance(space, Countable):
            counted, built = space.counts(architecture, size, task), count(model, replace(task, image_size=resolution))
            require(
                counted == built,
                f"counts gives {counted} (parameters, multiply-adds), the network has {built}: {architecture}",
            )

        dead = dead_parameters(lambda: space.build(architecture, size, task), task, resolution, what=str(architecture))
        reached = not isinstance(space, HasUnreachedParameters) or space.all_reached(architecture)
        require(not (dead and reached), f"dead parameters, which no gradient reaches: {dead} in {architecture}")
        require(
            bool(dead) or reached, f"all_reached is false, and yet a gradient reaches every parameter: {architecture}"
        )
        require_evaluation_logits(model, task, resolution, what=str(architecture))

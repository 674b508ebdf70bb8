"""A MODEL as people name it -> a model specification -> a network.

A MODEL is `zoo:NAME` (or just NAME), `space:SPACE:PUBLISHED`, an `architecture.json`, a run directory (its best), or a
trial of it (`RUN#7`). So is whatever else holds a specification: the folder of a finished training or of an export, and
what `nasbench scale --json` prints.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import UsageError, unknown
from nasbench.core.json_file import read_object
from nasbench.core.protocols import PublishedCells, SearchSpace
from nasbench.core.registry import models, spaces
from nasbench.core.scaled_file import check_version
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial_of_run import at_trial, model_text, split, trial_of
from nasbench.core.trust import check_trusted, trusting
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.networks import unknown_model
from nasbench.engine.parts.no_model import is_a_file, no_specification, of_supernet

if TYPE_CHECKING:
    from torch import nn

CIFAR_LARGEST_IMAGE = 64
"""Above this side in pixels, a cell network takes the ImageNet skeleton unless told otherwise."""
BY_IMAGE_SIZE = ("cifar", "imagenet")
"""The skeletons among which the image size decides: for small images, for large ones."""


def resolve(model: str | os.PathLike[str], form: ModelOverrides) -> ModelSpec:
    """The specification of a MODEL in the form asked for. UsageError for an unknown name, with the nearest one."""
    model = model_text(model)
    path = Path(model)
    if model.startswith("space:"):
        space_name, _, published = model.removeprefix("space:").rpartition(":")
        if not space_name:
            raise UsageError(f"{model!r} lacks a part: write space:SPACE:PUBLISHED, such as space:nasnet:nasnet-a")
        space = spaces.make(space_name)
        names = space.published() if isinstance(space, PublishedCells) else {}
        if published not in names:
            raise unknown(f"published network of space {space_name!r}", published, names)
        task: Task = getattr(space, "published_task", Task())
        found = ModelSpec(f"space:{space_name}", names[published], task, name=published)
        return _formed(found, form, space, as_published=True)
    if (refusal := of_supernet(Path(split(model)[0]))) is not None:
        raise refusal
    if (named := trial_of(model)) is not None:
        return _formed(named.spec, form, _space_of(named.spec), as_published=False)
    if os.path.isdir(path):  # False for what cannot be a name on disk
        found_at = _specification_in(path)
        if found_at is None:
            raise no_specification(path)
        path = found_at
    if path.suffix == ".json":
        if not os.path.exists(path):
            raise UsageError(f"no such file: {path}")
        found = _read(path)
        return _formed(found, form, _space_of(found), as_published=False)
    if os.path.isfile(path):
        raise is_a_file(path, _specification_in(path.parent))
    if (":" in model and not model.startswith("zoo:")) or model in models.names():
        return _own(model, form)
    return _from_zoo(model, form)


def _space_of(found: ModelSpec) -> SearchSpace | None:
    return spaces.make(found.source.removeprefix("space:")) if found.source.startswith("space:") else None


def _own(model: str, form: ModelOverrides) -> ModelSpec:
    """A network of the user's own, by import path or registered name."""
    models.get(model)
    return _formed(ModelSpec("import", Size(), Task(), name=model), form, None, as_published=False)


def _from_zoo(model: str, form: ModelOverrides) -> ModelSpec:
    import zoo

    name = model.removeprefix("zoo:")
    known = zoo.entries()
    if name not in known:
        raise unknown_model(name)
    return _formed(ModelSpec("zoo", Size(), known[name].card.task, name=name), form, None, as_published=False)


def build(spec: ModelSpec) -> "nn.Module":
    """The network. Weights are as PyTorch's layers initialise them."""
    from nasbench.evaluators.building import build_network

    return build_network(spec)


def load(
    model: str | os.PathLike[str],
    form: ModelOverrides | None = None,
    weights: bool = True,
    trial: int | str | None = None,
    trust: bool = False,
) -> "nn.Module":
    """The network that a MODEL names, in evaluation mode; with `trial`, that trial of a run directory.

    A run directory's best, a trial of a run and a finished training come with their weights, unless `form` changes it
    or `weights` is false. UsageError where such a network was not trained, or its weights are gone, damaged, or another
    network's; and where its file names a space or a network by an import path, unless `trust` is true: then that module
    is imported, and so run.
    """
    with trusting([model], trust):
        return _load(at_trial(model, trial), form, weights)


def _load(model: str, form: ModelOverrides | None, weights: bool) -> "nn.Module":
    from nasbench.blank import blank
    from nasbench.evaluators.building import check_memory

    spec = resolve(model, form or ModelOverrides())
    stored = weights_of(model) if weights and form is None else None
    if weights and form is None and stored is None and is_of_run(model):
        raise no_weights(model)
    if not spec.import_paths:  # those of nasbench can be built without values
        with blank():
            check_memory(build(spec))
    network = build(spec)
    if stored is not None:
        from nasbench.train.checkpoint import put_weights

        put_weights(network, stored)
    return network.eval()


def is_of_run(model: str) -> bool:
    """Whether a MODEL is what a run came to: its best, or one of its trials."""
    return os.path.isdir(split(model)[0])


def weights_of(model: str) -> Path | None:
    """The weights that a MODEL comes with: a trial's, those of a run's best, of a finished training, of an export."""
    if (named := trial_of(model)) is not None:
        return named.weights
    specification = _specification_in(Path(model))
    found = None if specification is None else specification.parent / "weights.safetensors"
    return found if found is not None and found.exists() else None


def _specification_in(folder: Path) -> Path | None:
    """The file that says which network a folder holds: a run, a finished training, an export, or `best/` itself."""
    files = ("best/architecture.json", "result.json", "architecture.json")
    return next((folder / file for file in files if os.path.exists(folder / file)), None)


def no_weights(model: str) -> UsageError:
    """What is said where a network of a run is needed trained, and is not."""
    directory, which = split(model)
    what = f"trial {which} of the run in {directory}" if which is not None else f"the best network of {directory}"
    best = weights_of(directory)
    instead = f" Its best has weights: {directory}." if which is not None and best is not None else ""
    train = f"nasbench train {directory}" + ("" if which is None else f" --trial {which}")
    return UsageError(
        f"{what} has no weights: it was not trained, or they were not kept (nasbench search --keep K keeps those of "
        f"the best K).{instead} Train it: {train}. From Python, weights=False gives the network untrained."
    )


def _formed(found: ModelSpec, form: ModelOverrides, space: SearchSpace | None, as_published: bool) -> ModelSpec:
    if form.image_size is not None:
        found = replace(found, size=replace(found.size, resolution=None, own_resolution=False))
    if not found.size.skeleton:
        if form.stack or form.cells or form.filters or form.skeleton or form.aux_head:
            raise UsageError(
                "--stack, --cells, --filters, --skeleton and --aux-head are for networks of cells; this one has none"
            )
        formed = replace(found, task=_task(found.task, form, "", as_published))
        if form.stem:
            _check_stem(formed)
        return formed
    if form.stem:
        _check_stem(replace(found, task=replace(found.task, stem=form.stem)))
    if form.stack and (form.cells or form.filters):
        raise UsageError("give --stack N@P or --cells N --filters F, not both")
    assert space is not None, found
    stays = form.image_size is None or found.size.skeleton not in BY_IMAGE_SIZE
    small, large = BY_IMAGE_SIZE
    by_size = large if (form.image_size or 0) > CIFAR_LARGEST_IMAGE else small
    skeleton = form.skeleton or (found.size.skeleton if stays else by_size)
    size = replace(found.size, skeleton=skeleton, aux_head=form.aux_head or found.size.aux_head)
    if form.stack:
        size = replace(size, **_stack(space, form.stack, skeleton, found))
    for value, name in ((form.cells, "depth"), (form.filters, "width")):
        if value is not None:
            size = replace(size, depth=value) if name == "depth" else replace(size, width=value)
    return replace(found, size=size, task=_task(found.task, form, skeleton, as_published))


def _task(task: Task, form: ModelOverrides, skeleton: str, as_published: bool) -> Task:
    if as_published and skeleton == "imagenet":
        task = replace(task, num_classes=1000, image_size=224)
    if form.classes is not None:
        task = replace(task, num_classes=form.classes)
    if form.image_size is not None:
        task = replace(task, image_size=form.image_size)
    if form.stem is not None:
        task = replace(task, stem=form.stem)
    return task


def _check_stem(spec: ModelSpec) -> None:
    from nasbench.engine.parts.stems import check_stem

    check_stem(spec)


def _stack(space: SearchSpace, stack: str, skeleton: str, found: ModelSpec) -> dict[str, Any]:
    if not hasattr(space, "parse_stack"):
        raise UsageError(f"space {space.name!r} has no sizes written N@P; give --cells and --filters")
    depth, width = space.parse_stack(stack, skeleton, found)
    return {"depth": depth, "width": width}


def _read(path: Path) -> ModelSpec:
    """The specification in a file. UsageError where it is none, and for an import path that nobody vouched for."""
    record = read_object(path, "architecture.json of nasbench")
    try:
        check_version(record)
        spec = ModelSpec.from_json(record.get("spec", record))
    except ValueError as error:
        raise UsageError(f"{path} is not an architecture.json of nasbench: {error}") from error
    check_trusted(spec.import_paths, path)
    return spec

"""Profiling a MODEL in the form asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.recipe import recipe_named
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import build, resolve

if TYPE_CHECKING:
    from nasbench.evaluators.latency import Latency
    from nasbench.profile import Profile
    from nasbench.train.memory import Memory


@dataclass(frozen=True)
class ProfiledModel:
    """The specification that a MODEL names, its counts, and its stem (cifar, imagenet, or None for one form)."""

    spec: ModelSpec
    counts: "Profile"
    stem: str | None


def profile_model(model: str, form: ModelOverrides) -> ProfiledModel:
    """The network that `model` names, counted. Nothing is computed: the network is built without memory."""
    spec = resolve(model, form)
    from nasbench.blank import blank
    from nasbench.engine.parts.stems import stem_of
    from nasbench.profile import profile

    with blank():
        network = build(spec)
    return ProfiledModel(spec, profile(network, spec.seen_task), stem_of(spec))


def profile_memory(spec: ModelSpec, batch_size: int, recipe: str | None) -> "Memory":
    """The memory of a training step of `spec` under a recipe (else plain SGD with momentum), and of an inference."""
    from nasbench.evaluators.memory_count import memory_of

    return memory_of(spec, batch_size, None if recipe is None else recipe_named(recipe))


def profile_latency(spec: ModelSpec, on: Literal["cpu", "cuda", "onnx"], batch: int, threads: int) -> "Latency":
    """How long an inference of `spec` takes on this machine, measured anew, and kept for searches and scaling."""
    from nasbench.evaluators.latency import latency_of
    from nasbench.evaluators.latency_by import LatencyBy

    return latency_of(spec, LatencyBy(batch, on, threads), fresh=True)


def latency_by_table(spec: ModelSpec, table: str) -> float:
    """Milliseconds of `spec` by a table of blocks. UsageError for a block that it lacks."""
    from nasbench.evaluators.latency_table import read_latency_table

    try:
        return read_latency_table(Path(table))(spec)
    except TrialFailed as error:
        raise UsageError(str(error)) from error


def add_latency_rows(spec: ModelSpec, table: str) -> tuple[int, int]:
    """Adds the rows that `spec` needs to a table of blocks: (how many were added, how many it needs)."""
    from nasbench.evaluators.latency_table import add_rows

    return add_rows(Path(table), spec)

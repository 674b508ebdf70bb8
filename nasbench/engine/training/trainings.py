"""Whole trainings of models x seeds, through the same loop, executors, log and trackers as a search."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.errors import Interrupted, UsageError
from nasbench.core.loop import Executor, Plan, SearchLoop
from nasbench.core.protocols import RunInfo, Tracker
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec, Size
from nasbench.core.store import RunStore
from nasbench.core.trial import Proposal, Trial
from nasbench.engine.config import Form, Trainings
from nasbench.engine.parts.lookup import make_executor, recipe_named
from nasbench.engine.parts.models import resolve, space_named
from nasbench.engine.run.artifacts import write_network
from nasbench.engine.run.interrupt import sigterm_interrupts
from nasbench.engine.run.provenance import now, provenance
from nasbench.engine.run.watch import close_trackers, make_trackers, print_note
from nasbench.evaluators.full_training import FullTraining, Models


class Enumerate:
    """Every model under the first seed, then every model under the next one: an early stop leaves a comparison of fewer
    seeds.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        seed, model = divmod(number - 1, len(self._models.names))
        return Proposal(
            number, Architecture.of("models", {"model": self._models.names[model], "seed": self._models.seeds[seed]})
        )

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""


@dataclass(frozen=True)
class Trained:
    """What came of the trainings: the run directory, its trials (genes: model, seed), the evaluator that ran them, wall
    seconds.
    """

    directory: Path
    trials: tuple[Trial, ...]
    evaluator: FullTraining
    seconds: float

    def of(self, model: str) -> list[tuple[int, Trial]]:
        """(seed, trial) of a model's trainings that succeeded, by seed."""
        found = {
            int(trial.architecture.genes["seed"]): trial
            for trial in self.trials
            if trial.architecture.genes["model"] == model and trial.scored
        }
        return sorted(found.items())


def write_best_training(trained: Trained, model: str, spec: ModelSpec) -> None:
    """Writes `best/` of the run directory, as a search leaves it: a model under the seed with the best validation
    accuracy.
    """
    seed, best = max(trained.of(model), key=lambda each: float(each[1].metrics["val_accuracy"]))
    space = None if spec.source == "zoo" else space_named(spec.source.removeprefix("space:"))
    metrics = {**best.metrics, "number": best.number, "score": best.score, "epochs": best.epochs, "seed": seed}
    weights = trained.evaluator.folder(model, seed) / "weights.safetensors"
    write_network(trained.directory / "best", spec.to_json(), metrics, weights, spec, space)


def specify(models: Sequence[str], config: Trainings, form: Form | None = None) -> dict[str, ModelSpec]:
    """Name -> specification, built for the data set. UsageError for unknown names, sizes that do not fit, and one model
    twice.
    """
    from nasbench.train.datasets import default_data_dir, task_of

    task = task_of(config.dataset, Path(config.data_dir) if config.data_dir else default_data_dir(), config.image_size)
    asked = replace(
        form or Form(), cells=config.cells, filters=config.filters, classes=task.num_classes, image_size=task.image_size
    )
    no_cells = replace(asked, cells=None, filters=None)
    specs: dict[str, ModelSpec] = {}
    for model in models:
        plain = resolve(model, no_cells)
        spec = replace(resolve(model, asked) if plain.size.skeleton else plain, task=task)
        if model in specs:
            raise UsageError(f"{model!r} is given twice; name each model once")
        specs[model] = replace(spec, size=replace(spec.size, resolution=None))
    return specs


def run_trainings(
    specs: Mapping[str, ModelSpec],
    config: Trainings,
    command: str,
    argv: Sequence[str],
    pretrained: bool = False,
    extra: Mapping[str, Any] | None = None,
    recipe: Recipe | None = None,
    executor: Executor | None = None,
    **training: Any,
) -> Trained:
    """Trains every model under every seed, or reads what was trained before; `extra` goes into run.json's
    configuration.

    `recipe` and `executor` are else those that `config` names; `training` are further fields of `FullTraining`.
    """
    start = monotonic()
    _check(config)
    if pretrained:
        _check_weights(specs)
    recipe = recipe or recipe_named(config.recipe, config.epochs)
    evaluator = FullTraining(
        models=tuple(specs.items()),
        dataset=config.dataset,
        recipe=recipe,
        image_size=config.image_size,
        data_dir=config.data_dir,
        download=config.download,
        device=config.device,
        directory=str(Path(config.trained_dir).absolute()),
        pretrained=pretrained,
        verbose=config.workers == 0,
        **training,
    )
    evaluator.check()
    _dry_build(specs)
    models = Models(tuple(specs), tuple(range(config.seed, config.seed + config.seeds)))
    executor = executor or make_executor(config)
    for line in executor.describe():
        print_note(line)
    trackers = make_trackers(config.wandb)
    directory = Path(config.run) if config.run else Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{command}"
    settings = {**asdict(config), **(extra or {}), "networks": {name: spec.to_json() for name, spec in specs.items()}}
    store = _open(
        directory,
        config.resume,
        {"command": command, "config": settings, "seed": config.seed, **provenance(argv)},
        asdict(recipe),
    )
    numbers = range(1, len(models.names) * len(models.seeds) + 1)
    plan = Plan(numbers, config.seed, recipe.epochs, "models", Size(), evaluator.task())
    listeners: list[Callable[[Trial], None]] = [tracker.trial for tracker in trackers]
    summary: dict[str, Any] = {}
    try:
        with sigterm_interrupts():
            _start(trackers, store, len(numbers))
            loop = SearchLoop(
                models,
                Enumerate(models),
                plan,
                store.append,
                lambda metrics: float(metrics["test_accuracy"]),
                listeners,
                tuple(store.trials),
            )
            if not loop.finished:
                executor.run(loop, evaluator)
            store.update(ended=now())
            summary = {"trials": len(store.trials)}
    except KeyboardInterrupt as interrupt:
        summary = {"interrupted": True}
        raise Interrupted(
            f"interrupted; finished trainings are kept in {config.trained_dir}. Run the command again to go on."
        ) from interrupt
    finally:
        close_trackers(trackers, summary, directory)
        executor.close()
        store.close()
    return Trained(directory, tuple(store.trials), evaluator, monotonic() - start)


def _check(config: Trainings) -> None:
    for name, low in {"seeds": 1, "epochs": 1, "cells": 1, "filters": 1, "image_size": 1, "workers": 0}.items():
        value = getattr(config, name)
        if value is not None and value < low:
            raise UsageError(f"--{name.replace('_', '-')} takes a whole number from {low} on; got {value}")


def _check_weights(specs: Mapping[str, ModelSpec]) -> None:
    """UsageError where a model has no published weights, before any work begins."""
    import zoo
    from zoo.registry import no_weights

    for model, spec in specs.items():
        if spec.source != "zoo" or spec.name is None:
            raise UsageError(
                f"--pretrained is for networks of the zoo with published weights (see: nasbench zoo); {model} is none"
            )
        if zoo.entry(spec.name).load_pretrained is None:
            raise no_weights(spec.name)


def _dry_build(specs: Mapping[str, ModelSpec]) -> None:
    """Builds every network without memory, so that one that does not fit the data is answered now."""
    import torch

    from nasbench.evaluators.building import build_network

    for name, spec in specs.items():
        try:
            with torch.device("meta"):
                build_network(spec)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from error


def _open(directory: Path, resume: bool, record: dict[str, Any], recipe: dict[str, Any]) -> RunStore:
    if not resume:
        return RunStore.create(directory, {**record, "plan": {"recipe": recipe}})
    store = RunStore.resume(directory)
    stored = store.run.get("config", {})
    for name in ("networks", "dataset", "image_size", "seeds", "seed", "controls"):
        if stored.get(name) != record["config"].get(name):
            store.close()
            flag = "the list of models" if name == "networks" else f"--{name}"
            raise UsageError(
                f"{flag} contradicts the run in {directory}, which has {stored.get(name)}. Leave it as it was, or "
                "start a new run."
            )
    if store.run["plan"]["recipe"] != _as_json(recipe):
        store.close()
        raise UsageError(
            f"--recipe or --epochs contradict the run in {directory}. Leave them as they were, or start a new run."
        )
    return store


def _as_json(record: dict[str, Any]) -> Any:
    """As run.json gives it back: tuples are lists there."""
    return json.loads(json.dumps(record))


def _start(trackers: Sequence[Tracker], store: RunStore, planned: int) -> None:
    for tracker in trackers:
        tracker.start(RunInfo(store.directory, store.run["config"], planned, tuple(store.trials)))

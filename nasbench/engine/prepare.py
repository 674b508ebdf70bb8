"""Before a search: all that its configuration names is looked up and checked, so that what is wrong is answered before any work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.loop import Plan
from nasbench.core.protocols import Evaluator, Executor, Metrics, SearchSpace, Strategy
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators, recipes, strategies
from nasbench.core.seeds import derive
from nasbench.engine.config import SearchConfig, Trainings
from nasbench.engine.models import space_named
from nasbench.engine.numbers import parse_count
from nasbench.engine.options import call_with_options, parse_options

MACS_EXPONENT = -0.07
"""w of accuracy x (MACs/T)^w (Tan et al. 2019, section 3.1; Tan and Le 2019, section 4)."""


@dataclass(frozen=True)
class Parts:
    """What a configuration names, looked up and checked."""

    space: SearchSpace
    evaluator: Evaluator
    executor: Executor
    plan: Plan
    recipe: Recipe | None
    score: Callable[[Metrics], float]


def check_numbers(config: SearchConfig) -> None:
    """UsageError for numbers out of range and flags that do not go together."""
    lows = {"trials": 1, "epochs": 1, "cells": 1, "filters": 1, "image_size": 1, "control": 0, "retrain_top": 0, "workers": 0}
    for name, low in lows.items():
        value = getattr(config, name)
        if value is not None and value < low:
            raise UsageError(f"--{name.replace('_', '-')} takes a whole number from {low} on; got {value}")
    if config.gpus_per_worker < 0:
        raise UsageError(f"--gpus-per-worker takes a number from 0 on; got {config.gpus_per_worker}")
    if config.trial_timeout is not None and config.trial_timeout <= 0:
        raise UsageError(f"--trial-timeout takes seconds above 0; got {config.trial_timeout}")
    if bool(config.retrain_top) != bool(config.retrain_epochs):
        raise UsageError("--retrain-top K and --retrain-epochs E go together: give both or neither")
    if config.workers == 0 and (config.gpus_per_worker or config.ray_address):
        raise UsageError("--gpus-per-worker and --ray-address are for Ray workers: give --workers K with K from 1 on")


def prepare(config: SearchConfig, directory: Path) -> Parts:
    """Looks everything up, and answers every wrong name, path and size before any work starts."""
    space = space_named(config.space)
    recipe = recipe_named(config.recipe, config.epochs) if config.evaluator == "train" else None
    evaluator = _evaluator(config, space, recipe, directory)
    evaluator.check()
    epochs = recipe.epochs if recipe else config.epochs or 1
    if config.retrain_epochs is not None and config.retrain_epochs <= epochs:
        raise UsageError(f"--retrain-epochs takes more epochs than the search's {epochs}; got {config.retrain_epochs}")
    size = replace(space.default_size, resolution=config.image_size)
    if size.skeleton:
        size = replace(
            size,
            depth=config.cells or (recipe and recipe.cells) or size.depth,
            width=config.filters or (recipe and recipe.filters) or size.width,
        )
    elif config.cells or config.filters:
        raise UsageError(f"--cells and --filters are for spaces of cells; {config.space!r} is none")
    plan = Plan(range(1, config.trials + 1), config.seed, epochs, f"space:{config.space}", size, evaluator.task())
    if recipe is not None:
        _dry_build(space, plan)
    return Parts(space, evaluator, make_executor(config), plan, recipe, _score(config))


def recipe_named(name: str, epochs: int | None) -> Recipe:
    """The recipe with that name or import path; `epochs` replaces its own."""
    recipe = recipes.get(name)
    if not isinstance(recipe, Recipe):
        raise UsageError(f"{name!r} is no recipe: it must be a nasbench.core.recipe.Recipe")
    return replace(recipe, epochs=epochs or recipe.epochs)


def _evaluator(config: SearchConfig, space: SearchSpace, recipe: Recipe | None, directory: Path) -> Evaluator:
    if recipe is not None:
        made: Evaluator = evaluators.get("train")(
            dataset=config.dataset,
            data_dir=config.data_dir,
            download=config.download,
            image_size=config.image_size,
            recipe=recipe,
            device=config.device,
            checkpoint_dir=str((directory / "checkpoints").absolute()),
        )
    elif config.evaluator == "table" or config.evaluator.startswith("table:"):
        file = config.evaluator.removeprefix("table").removeprefix(":")
        if not file:
            raise UsageError("--evaluator table needs the file: table:FILE")
        columns = tuple(column for item in config.report_columns for column in item.split(","))
        made = evaluators.get("table")(file, space, config.score_column, config.cost_column, columns)
    else:
        part = evaluators.get(config.evaluator)
        made = part() if isinstance(part, type) else part
    return made


def _dry_build(space: SearchSpace, plan: Plan) -> None:
    """Builds one random child without memory, so that a size that fits no child is answered now."""
    import torch

    architecture = sample(space.name, space.choices, Random(derive(plan.seed, "dry build")))
    with torch.device("meta"):
        space.build(architecture, plan.size, plan.task)


def make_strategy(config: SearchConfig, space: SearchSpace) -> Strategy:
    options = parse_options(config.strategy_options, "--strategy-options")
    made: Strategy = call_with_options(strategies.get(config.strategy), f"strategy {config.strategy!r}", options, space, seed=config.seed)
    return made


def make_executor(config: SearchConfig | Trainings) -> Executor:
    if config.workers == 0:
        from nasbench.executors.local import LocalExecutor

        return LocalExecutor(config.device, config.trial_timeout)
    from nasbench.executors.ray_tune import RayExecutor

    return RayExecutor(config.workers, config.gpus_per_worker, config.ray_address, config.device, config.trial_timeout)


def _score(config: SearchConfig) -> Callable[[Metrics], float]:
    metric = config.score_column
    if config.target_macs is None:
        return lambda metrics: float(metrics[metric])
    target = parse_count(config.target_macs, "--target-macs")
    return lambda metrics: float(metrics[metric]) * (metrics["macs"] / target) ** MACS_EXPONENT

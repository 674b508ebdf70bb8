"""Before a search: all that its configuration names is looked up and checked, so that what is wrong is answered before
any work.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.loop import Executor, Plan
from nasbench.core.protocols import Evaluator, Metrics, SearchSpace, Strategy
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators, recipes, strategies
from nasbench.core.seeds import derive
from nasbench.engine.config import RaceConfig, SearchConfig, Trainings
from nasbench.engine.parts.counts import CountedOnce
from nasbench.engine.parts.goals import check_goals, constrained, score_of
from nasbench.engine.parts.models import space_named
from nasbench.engine.parts.options import call_with_options, parse_options
from nasbench.strategies.constrained import Counts

if TYPE_CHECKING:
    from nasbench.evaluators.table import TableEvaluator

TableConfig = TypeVar("TableConfig", SearchConfig, RaceConfig)


@dataclass(frozen=True)
class Parts:
    """What a configuration names, looked up and checked."""

    space: SearchSpace
    evaluator: Evaluator
    executor: Executor
    plan: Plan
    recipe: Recipe | None
    score: Callable[[Metrics], float]
    counts: Counts
    cost: Callable[[Metrics], float] | None = None
    """Seconds of a trial on the simulated clock, where there is a time budget."""


def check_numbers(config: SearchConfig) -> None:
    """UsageError for numbers out of range and flags that do not go together."""
    lows = {
        "trials": 1,
        "epochs": 1,
        "cells": 1,
        "filters": 1,
        "image_size": 1,
        "control": 0,
        "retrain_top": 0,
        "workers": 0,
    }
    for name, low in lows.items():
        value = getattr(config, name)
        if value is not None and value < low:
            raise UsageError(f"--{name.replace('_', '-')} takes a whole number from {low} on; got {value}")
    if config.gpus_per_worker < 0:
        raise UsageError(f"--gpus-per-worker takes a number from 0 on; got {config.gpus_per_worker}")
    if config.trial_timeout is not None and config.trial_timeout <= 0:
        raise UsageError(f"--trial-timeout takes seconds above 0; got {config.trial_timeout}")
    if config.time_budget is not None and not 0 < config.time_budget < float("inf"):
        raise UsageError(f"--time-budget takes seconds above 0; got {config.time_budget}")
    if config.time_budget is not None and not _is_table(config.evaluator):
        raise UsageError(
            f"--time-budget counts a table's --cost-column: it is for --evaluator table:FILE; got {config.evaluator!r}"
        )
    check_goals(config)
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
    plan = Plan(
        range(1, config.trials + 1),
        config.seed,
        epochs,
        f"space:{config.space}",
        size,
        evaluator.task(),
        config.time_budget,
    )
    if recipe is not None:
        _dry_build(space, plan)
    if config.time_budget is not None:
        cheapest_query(evaluator, config.time_budget)  # type: ignore[arg-type]  # check_numbers has seen that it is a table
    counts, cost = CountedOnce(space, size, plan.task), cost_of(config.cost_column, config.time_budget)
    return Parts(space, evaluator, make_executor(config), plan, recipe, score_of(config), counts, cost)


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
    elif _is_table(config.evaluator):
        made = table_evaluator(config, space)
    else:
        part = evaluators.get(config.evaluator)
        made = part() if isinstance(part, type) else part
    return made


def with_table_columns(config: TableConfig) -> TableConfig:
    """`config` with the columns that studies of a shipped table use, where it names no score column of its own."""
    if not _is_table(config.evaluator) or config.score_column != SearchConfig.score_column:
        return config
    from nasbench.evaluators.table import shipped

    table = shipped(_table_file(config.evaluator))
    if table is None:
        return config
    return replace(
        config,
        score_column=table.score_column,
        cost_column=config.cost_column or table.cost_column,
        report_columns=config.report_columns or table.report_columns,
    )


def table_evaluator(config: SearchConfig | RaceConfig, space: SearchSpace) -> "TableEvaluator":
    """The table that --evaluator table:FILE and the flags for its columns name; not read yet."""
    file = _table_file(config.evaluator)
    if not file:
        raise UsageError("--evaluator table needs the file: table:FILE")
    columns = tuple(column for item in config.report_columns for column in item.split(",") if column)
    made: TableEvaluator = evaluators.get("table")(file, space, config.score_column, config.cost_column, columns)
    return made


def cheapest_query(table: "TableEvaluator", time_budget: float) -> float:
    """The lowest cost in seconds. UsageError where a table has no cost column, one of no durations, or none within the
    budget.
    """
    if table.cost_column is None:
        raise UsageError("--time-budget counts the seconds of a column of the table: name it with --cost-column")
    lowest = min(table.values(table.cost_column))
    if lowest <= 0:
        raise UsageError(
            f"--time-budget needs costs above 0; the lowest in the column {table.cost_column!r} is {lowest:g}"
        )
    if time_budget < lowest:
        raise UsageError(
            f"the table's cheapest query takes {lowest:g} s: a time budget of {time_budget:g} s has room for none. "
            "Give more."
        )
    return lowest


def cost_of(column: str | None, time_budget: float | None) -> Callable[[Metrics], float] | None:
    """Metrics -> seconds on the simulated clock; None without a time budget."""
    if column is None or time_budget is None:
        return None
    return lambda metrics: float(metrics[column])


def _is_table(evaluator: str) -> bool:
    return evaluator == "table" or evaluator.startswith("table:")


def _table_file(evaluator: str) -> str:
    return evaluator.removeprefix("table").removeprefix(":")


def _dry_build(space: SearchSpace, plan: Plan) -> None:
    """Builds one random child without memory, so that a size that fits no child is answered now."""
    import torch

    architecture = sample(space.name, space.choices, Random(derive(plan.seed, "dry build")))
    with torch.device("meta"):
        space.build(architecture, plan.size, plan.task)


def make_strategy(config: SearchConfig, parts: Parts) -> Strategy:
    """The strategy that the configuration names, under its limits."""
    options = parse_options(config.strategy_options, "--strategy-options")
    if config.preset == "paper":
        options = {"preset": "paper", **options}
    offered = {"epochs": parts.plan.epochs, "objectives": config.objectives, "counts": parts.counts}
    return constrained(
        build_strategy(config.strategy, options, parts.space, config.seed, **offered), config, parts.space, parts.counts
    )


def build_strategy(name: str, options: dict[str, Any], space: SearchSpace, seed: int, **offered: Any) -> Strategy:
    """The strategy with that name or import path; of what is `offered`, its constructor is given what it names.

    With the option `preset=paper` the published settings, its attribute `paper`, are the defaults (no others where it
    has none).
    """
    part = strategies.get(name)
    preset = options.get("preset")
    if preset not in (None, "paper"):
        raise UsageError(
            f"option 'preset' of the strategy {name!r} must be paper; got {preset!r}. Leave it out for the defaults."
        )
    given = {key: value for key, value in options.items() if key != "preset"}
    options = {**(getattr(part, "paper", {}) if preset else {}), **given}
    made: Strategy = call_with_options(part, f"strategy {name!r}", options, space, seed=seed, offered=offered)
    return made


def make_executor(config: SearchConfig | Trainings) -> Executor:
    if config.workers == 0:
        from nasbench.executors.local import LocalExecutor

        return LocalExecutor(config.device, config.trial_timeout)
    from nasbench.executors.ray_tune import RayExecutor

    return RayExecutor(config.workers, config.gpus_per_worker, config.ray_address, config.device, config.trial_timeout)

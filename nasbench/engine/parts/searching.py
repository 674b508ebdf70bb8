"""What a search is made of: everything its configuration names, looked up and checked before any work starts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from nasbench.core.arch import sample
from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import UsageError
from nasbench.core.objectives import parse_objectives
from nasbench.core.options import parse_options
from nasbench.core.protocols import Depends, Evaluator, Metrics, Pruner, SearchSpace, Strategy
from nasbench.core.recipe import Recipe
from nasbench.core.seeds import derive
from nasbench.core.source import Plan
from nasbench.core.spec import Size
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.counts import CountedOnce
from nasbench.engine.parts.goals import constrained, score_of
from nasbench.engine.parts.lookup import (
    evaluator_named,
    offered_by,
    pruner_named,
    recipe_named,
    space_named,
    strategy_named,
)
from nasbench.engine.parts.phases import Control
from nasbench.engine.parts.tables import cheapest_query, clock_of, table_named
from nasbench.evaluators.measured import with_objectives


@dataclass(frozen=True)
class SearchParts:
    """What a search is made of."""

    space: SearchSpace
    strategy: Strategy
    control: Strategy
    evaluator: Evaluator
    plan: Plan
    recipe: Recipe | None
    score: Callable[[Metrics], float]
    clock: SimulatedClock | None = None
    pruner: Pruner | None = None

    def identity(self) -> dict[str, Any]:
        """What its results depend on beside its configuration."""
        return dict(self.evaluator.identity()) if isinstance(self.evaluator, Depends) else {}


def prepare(config: SearchConfig, directory: Path) -> SearchParts:
    """Looks everything up, and answers every wrong name, path and size before any work starts."""
    space = space_named(config.space)
    recipe = recipe_named(config.training) if config.evaluator == "train" else None
    evaluator = _evaluator(config, space, recipe, directory)
    epochs = recipe.epochs if recipe else config.training.epochs or 1
    if config.retrain_epochs is not None and config.retrain_epochs <= epochs:
        raise UsageError(f"--retrain-epochs takes more epochs than the search's {epochs}; got {config.retrain_epochs}")
    numbers, source = range(1, config.trials + 1), f"space:{config.space}"
    size, data = _size(config, space.default_size, recipe), config.data.dataset if recipe else ""
    evaluator.check()
    plan = Plan(numbers, config.seed, epochs, source, size, evaluator.task(), data)
    if recipe is not None:
        _dry_build(space, plan)
    counts, goals = CountedOnce(space, size, plan.task), config.goals
    options = parse_options(config.strategy_options, "--strategy-options")
    if config.preset == "paper":
        options = {"preset": "paper", **options}
    offered = {"epochs": epochs, "objectives": goals.objectives, "counts": counts, "recipe": recipe}
    strategy = strategy_named(config.strategy, options, space, config.seed, offered)
    return SearchParts(
        space,
        constrained(strategy, goals, space, counts),
        constrained(Control(space), goals, space, counts) if config.control else Control(space),
        evaluator,
        plan,
        recipe,
        score_of(goals, config.table.score_column),
        clock_of(config.table, config.time_budget),
        pruner_named(config.pruner),
    )


def _evaluator(config: SearchConfig, space: SearchSpace, recipe: Recipe | None, directory: Path) -> Evaluator:
    if config.table_file is not None:
        table = table_named(config.table_file, config.table, space)
        if config.time_budget is not None:
            cheapest_query(table, config.time_budget)
        evaluator: Evaluator = table
    else:
        offered = offered_by(config.data, config.workers.device)
        checkpoints = str((directory / "checkpoints").absolute())
        more = {"space": space, "recipe": recipe or recipe_named(config.training), "checkpoint_dir": checkpoints}
        evaluator = evaluator_named(config.evaluator, {**offered, **more, "seed": config.seed})
    return with_objectives(evaluator, parse_objectives(config.goals.objectives))


def _size(config: SearchConfig, default: Size, recipe: Recipe | None) -> Size:
    """The size of a child: what the flags say, else the recipe, else the space."""
    size, asked = replace(default, resolution=config.data.image_size), config.training
    if size.skeleton:
        depth = asked.cells or (recipe and recipe.cells) or size.depth
        return replace(size, depth=depth, width=asked.filters or (recipe and recipe.filters) or size.width)
    if asked.cells or asked.filters:
        raise UsageError(f"--cells and --filters are for spaces of cells; {config.space!r} is none")
    return size


def _dry_build(space: SearchSpace, plan: Plan) -> None:
    """Builds one random child without memory, so that a size that fits no child is answered now."""
    import torch

    architecture = sample(space.name, space.choices, Random(derive(plan.seed, "dry build")))
    with torch.device("meta"):
        space.build(architecture, plan.size, plan.task)

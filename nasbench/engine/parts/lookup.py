"""Parts by name: each is found by the same three roads, and given what its signature names of what is offered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.loop import Executor
from nasbench.core.protocols import Evaluator, Pruner, SearchSpace, Strategy
from nasbench.core.recipe import Recipe
from nasbench.core.registry import (
    evaluators,
    executors,
    losses,
    optimizers,
    pruners,
    recipes,
    schedules,
    spaces,
    strategies,
)
from nasbench.engine.config import Data, Training, Workers
from nasbench.evaluators.four_arguments import with_job


def space_named(name: str) -> SearchSpace:
    """The space with that name or import path, built."""
    part = spaces.get(name)
    space = part() if isinstance(part, type) else part
    if not isinstance(space, SearchSpace):
        raise UsageError(f"{name!r} is no search space: it needs name, choices, default_size, canonical() and build()")
    return space


def recipe_named(training: Training) -> Recipe:
    """The recipe with that name or import path; `epochs` replaces its own."""
    recipe = recipes.get(training.recipe)
    if not isinstance(recipe, Recipe):
        raise UsageError(f"{training.recipe!r} is no recipe: it must be a nasbench.core.recipe.Recipe")
    for kind, name in ((losses, recipe.loss), (optimizers, recipe.optimizer), (schedules, recipe.lr_schedule)):
        kind.get(name)  # a wrong name is answered now, not when the training starts
    return replace(recipe, epochs=training.epochs or recipe.epochs)


def offered_by(data: Data, device: str) -> dict[str, Any]:
    """What an evaluator may name: the data set as a whole (`data`), each of its settings, and the device."""
    from nasbench.train.source import DataSource

    source = DataSource(data.dataset, data.data_dir, data.image_size, data.download, data.skip_corrupt)
    return {"data": source, **data.flat(), "device": device}


def evaluator_named(name: str, offered: Mapping[str, Any]) -> Evaluator:
    """The evaluator with that name or import path: a class is called with what it names of `offered`."""
    part = evaluators.get(name)
    made = evaluators.make(name, offered=offered) if isinstance(part, type) else part
    require_methods(made, name, "evaluator", ("__call__", "check", "task"))
    return with_job(made)


def strategy_named(
    name: str, options: Mapping[str, Any], space: SearchSpace, seed: int, offered: Mapping[str, Any]
) -> Strategy:
    """The strategy with that name or import path; its constructor is given what it names of `offered`.

    With the option `preset=paper` the published settings, its attribute `paper`, are the defaults.
    """
    part = strategies.get(name)
    preset = options.get("preset")
    if preset not in (None, "paper"):
        raise UsageError(
            f"option 'preset' of the strategy {name!r} must be paper; got {preset!r}. Leave it out for the defaults."
        )
    given = {key: value for key, value in options.items() if key != "preset"}
    settings = {**(getattr(part, "paper", {}) if preset else {}), **given}
    made: Strategy = strategies.make(name, space, options=settings, offered=offered, seed=seed)
    require_methods(made, name, "strategy", ("ask", "tell"))
    return made


def pruner_named(name: str | None) -> Pruner | None:
    """The pruner with that name or import path; None for none."""
    if name is None:
        return None
    made: Pruner = pruners.make(name)
    require_methods(made, name, "pruner", ("should_stop",))
    return made


def executor_of(config: Workers) -> Executor:
    """The executor that --executor names; by default this process, or Ray where there are workers."""
    name = config.executor
    if name == "auto":
        name = "local" if config.workers == 0 else "ray"
    made: Executor = executors.make(name, offered=config.flat())
    require_methods(made, name, "executor", ("run", "describe", "close"))
    return made


def require_methods(part: object, name: str, kind: str, methods: Sequence[str]) -> None:
    """UsageError where a part lacks one of its methods."""
    missing = [method for method in methods if not callable(getattr(part, method, None))]
    if missing:
        raise UsageError(
            f"{name!r} is no {kind}: {type(part).__name__} lacks {', '.join(f'{each}()' for each in missing)} "
            f"(see nasbench.core.{'loop' if kind == 'executor' else 'protocols'}.{kind.title()})"
        )

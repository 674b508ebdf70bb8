"""Which costs of a network a search takes: those that its objectives, its reward and its limits name."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture, sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.quantities import parse_bytes, parse_milliseconds
from nasbench.core.recipe import Recipe
from nasbench.core.shown import say
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.engine.config import Costs, Goals, ScaleConfig, SearchConfig
from nasbench.engine.config.record import flag
from nasbench.evaluators.costs import COSTS, CostsBy, CountsAndCosts
from nasbench.evaluators.counts import CountedOnce
from nasbench.evaluators.latency_by import UNSTEADY, LatencyBy
from nasbench.strategies.around.constrained import Limits

if TYPE_CHECKING:
    from nasbench.evaluators.latency_model import LatencyModel


def costs_in_search(
    costs: Costs, goals: Goals, read: Collection[str], recipe: Recipe | None, answered: Collection[str] = ()
) -> CostsBy:
    """The costs that are metrics of the search: those among the metrics that it `read`s, beside the evaluator's own.

    UsageError for settings of costs that neither a metric nor a limit reads; `answered` are the metrics that are read
    from the evaluator.
    """
    names = tuple(name for name in COSTS if name in read)
    limited = {name for name in COSTS if getattr(goals, f"max_{name}") is not None}
    _refuse_unread(costs, {*names, *limited}, answered)
    return costs_by(costs, names, recipe, "latency" in limited)


def limits_of(goals: Goals) -> Limits:
    """The limits of every proposal."""
    memory = None if goals.max_memory is None else parse_bytes(goals.max_memory, "--max-memory")
    latency = None if goals.max_latency is None else parse_milliseconds(goals.max_latency, "--max-latency")
    return Limits(goals.count("max_params"), goals.count("max_macs"), memory, latency)


def counts_within(
    counts: CountedOnce,
    limits: Limits,
    costs: Costs,
    space: SearchSpace,
    plan: Plan,
    recipe: Recipe | None,
    model: "LatencyModel | None" = None,
) -> CountedOnce | CountsAndCosts:
    """The counts that limits are held against: with memory and latency where those are limited."""
    wanted = {"memory": limits.max_memory, "latency": limits.max_latency}
    names = tuple(name for name, limit in wanted.items() if limit is not None)
    if not names:
        return counts
    taken = replace(costs_by(costs, names, recipe), model=model if "latency" in names else None)
    taken.check()

    def spec(architecture: Architecture) -> ModelSpec:
        return ModelSpec(source=plan.source, architecture=architecture, size=plan.size, task=plan.task)

    return CountsAndCosts(counts, taken, space, spec)


def model_in_search(
    costs: CostsBy, config: SearchConfig, space: SearchSpace, plan: Plan, directory: Path
) -> "LatencyModel":
    """The model that `--latency-model` asks for, of random networks of the space."""

    def draw(rng: Random) -> ModelSpec:
        architecture = space.canonical(sample(space.name, space.choices, rng))
        return ModelSpec(source=plan.source, architecture=architecture, size=plan.size, task=plan.task)

    return latency_model_for(config, costs, draw, directory)


def latency_model_for(
    config: SearchConfig | ScaleConfig, costs: CostsBy, draw: Callable[[Random], ModelSpec], directory: Path
) -> "LatencyModel":
    """The model in the record of the run that is resumed, else a new one, of networks that `draw` draws."""
    from nasbench.evaluators.latency import latency_of, machine
    from nasbench.evaluators.latency_model import fit_latency_model, read_latency_model

    if config.place.resume:
        return read_latency_model(RunStore.read_record(directory))
    costs.by.check()
    count, unsteady = config.costs.latency_samples, 0

    def measure(spec: ModelSpec) -> float:
        nonlocal unsteady
        found = latency_of(spec, costs.by)
        unsteady += not found.steady
        return found.median

    say(f"nasbench: measuring the latency of {count} networks, to predict that of all others (--latency-model)")
    model = fit_latency_model(draw, measure, count, costs.by.batch, machine(costs.by.on))
    if unsteady:
        say(f"nasbench: for {unsteady} of the {model.measured} networks, {UNSTEADY}")
    return model


def record_of_costs(costs: CostsBy, limits: Limits) -> Mapping[str, Any]:
    """What run.json says of them: how they were taken, and on which machine."""
    latency = "latency" in costs.names or limits.max_latency is not None
    if not costs.names and not latency and limits.max_memory is None:
        return {}
    table = None if costs.table is None else costs.table.path
    more = record_of_latency(costs.by.on, table, costs.model) if latency else {}
    limited = {"max_memory": limits.max_memory, "max_latency": limits.max_latency}
    return {"costs": {"names": list(costs.names), **limited, **costs.identity(), **more}}


def record_of_latency(on: str, table: str | None, model: "LatencyModel | None") -> dict[str, Any]:
    """What run.json says of how latencies are had: by which table, or on which machine and by which model."""
    if table is not None:
        return {"table": table}
    from nasbench.evaluators.latency import machine

    return {"machine": machine(on), **({} if model is None else {"model": model.to_json()})}


def costs_by(costs: Costs, names: tuple[str, ...], recipe: Recipe | None, limited: bool = False) -> CostsBy:
    """How the costs `names` are taken; a table of latencies is read where they, or limits, ask for it."""
    table = None
    if costs.latency_table is not None and ("latency" in names or limited):
        from nasbench.evaluators.latency_table import read_latency_table

        table = read_latency_table(Path(costs.latency_table))
    by = LatencyBy(**costs.latency_settings())
    return CostsBy(names, costs.memory_batch, costs.memory_of, recipe, by, table)


def _refuse_unread(costs: Costs, read: set[str], answered: Collection[str]) -> None:
    asked, plain = costs.flat(), Costs().flat()
    for name in COSTS:
        given = [flag(each) for each in asked if each.startswith(name) and asked[each] != plain[each]]
        if given and name not in read and name in answered:
            raise UsageError(
                f"{' and '.join(given)} would have no effect: the {name} that is asked for is --evaluator's own. Leave "
                f"it out, or give --max-{name}, which is taken by it."
            )
        if given and name not in read:
            raise UsageError(
                f"{' and '.join(given)} would have no effect: nothing reads {name}. Name it in --objectives or "
                f"--reward-options, or give --max-{name}."
            )

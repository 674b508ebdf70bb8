"""Which costs of a network a search takes: those that its objectives, its reward and its limits name."""

from collections.abc import Collection, Mapping
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.quantities import parse_bytes, parse_milliseconds
from nasbench.core.recipe import Recipe
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import Costs, Goals
from nasbench.engine.config.record import flag
from nasbench.evaluators.costs import COSTS, CostsBy, CountsAndCosts
from nasbench.evaluators.counts import CountedOnce
from nasbench.evaluators.latency_by import LatencyBy
from nasbench.strategies.constrained import Limits


def costs_in_search(costs: Costs, goals: Goals, read: Collection[str], recipe: Recipe | None) -> CostsBy:
    """The costs that are metrics of the search: those among the metrics that it `read`s, beside the evaluator's own.

    UsageError for settings of costs that neither a metric nor a limit reads.
    """
    names = tuple(name for name in COSTS if name in read)
    limited = {name for name in COSTS if getattr(goals, f"max_{name}") is not None}
    _refuse_unread(costs, {*names, *limited})
    return _by(costs, names, recipe)


def limits_of(goals: Goals) -> Limits:
    """The limits of every proposal."""
    memory = None if goals.max_memory is None else parse_bytes(goals.max_memory, "--max-memory")
    latency = None if goals.max_latency is None else parse_milliseconds(goals.max_latency, "--max-latency")
    return Limits(goals.count("max_params"), goals.count("max_macs"), memory, latency)


def counts_within(
    counts: CountedOnce, limits: Limits, costs: Costs, space: SearchSpace, plan: Plan, recipe: Recipe | None
) -> CountedOnce | CountsAndCosts:
    """The counts that limits are held against: with memory and latency where those are limited."""
    wanted = {"memory": limits.max_memory, "latency": limits.max_latency}
    names = tuple(name for name, limit in wanted.items() if limit is not None)
    if not names:
        return counts
    taken = _by(costs, names, recipe)
    taken.check()

    def spec(architecture: Architecture) -> ModelSpec:
        return ModelSpec(source=plan.source, architecture=architecture, size=plan.size, task=plan.task)

    return CountsAndCosts(counts, taken, space, spec)


def record_of_costs(costs: CostsBy, limits: Limits) -> Mapping[str, Any]:
    """What run.json says of them: how they were taken, and on which machine."""
    latency = "latency" in costs.names or limits.max_latency is not None
    if not costs.names and not latency and limits.max_memory is None:
        return {}
    more = {}
    if latency:
        from nasbench.evaluators.latency import machine

        more = {"machine": machine(costs.by.on)}
    limited = {"max_memory": limits.max_memory, "max_latency": limits.max_latency}
    return {"costs": {"names": list(costs.names), **limited, **costs.identity(), **more}}


def _by(costs: Costs, names: tuple[str, ...], recipe: Recipe | None) -> CostsBy:
    return CostsBy(names, costs.memory_batch, costs.memory_of, recipe, LatencyBy(**costs.latency_settings()))


def _refuse_unread(costs: Costs, read: set[str]) -> None:
    asked, plain = costs.flat(), Costs().flat()
    for name in COSTS:
        given = [flag(each) for each in asked if each.startswith(name) and asked[each] != plain[each]]
        if given and name not in read:
            raise UsageError(
                f"{' and '.join(given)} would have no effect: nothing reads {name}. Name it in --objectives or "
                f"--reward-options, or give --max-{name}."
            )

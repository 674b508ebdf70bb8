"""Which costs of a network a search takes: those that its objectives, its reward and its limits name."""

from collections.abc import Mapping
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.objectives import parse_objectives
from nasbench.core.protocols import Evaluator, Measures, SearchSpace
from nasbench.core.quantities import parse_bytes, parse_milliseconds
from nasbench.core.recipe import Recipe
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.costs import Costs
from nasbench.engine.config.record import flag
from nasbench.engine.parts.rewarding import reward_of
from nasbench.evaluators.costs import COSTS, CostsBy, CountsAndCosts
from nasbench.evaluators.counts import CountedOnce
from nasbench.evaluators.latency_by import LatencyBy
from nasbench.strategies.constrained import Limits


def costs_in_search(config: SearchConfig, evaluator: Evaluator, recipe: Recipe | None) -> CostsBy:
    """The costs that are metrics of the search. A table has those of its columns, and an evaluator that returns a cost
    keeps its own. UsageError for settings of costs that nothing reads.
    """
    reward = reward_of(config, config.table.score_column)
    read = {each.metric for each in parse_objectives(config.goals.objectives)} | set(reward.reads if reward else ())
    own = set(evaluator.metrics()) if isinstance(evaluator, Measures) else set()
    names = () if config.table_file is not None else tuple(name for name in COSTS if name in read - own)
    limited = {name for name in COSTS if getattr(config.goals, f"max_{name}") is not None}
    _refuse_unread(config.costs, set(names) | limited)
    return _by(config.costs, names, recipe)


def limits_of(config: SearchConfig) -> Limits:
    """The limits of every proposal."""
    goals = config.goals
    memory = None if goals.max_memory is None else parse_bytes(goals.max_memory, "--max-memory")
    latency = None if goals.max_latency is None else parse_milliseconds(goals.max_latency, "--max-latency")
    return Limits(goals.count("max_params"), goals.count("max_macs"), memory, latency)


def counts_within(
    counts: CountedOnce, limits: Limits, config: SearchConfig, space: SearchSpace, plan: Plan, recipe: Recipe | None
) -> CountedOnce | CountsAndCosts:
    """The counts that limits are held against: with memory and latency where those are limited."""
    wanted = {"memory": limits.max_memory, "latency": limits.max_latency}
    names = tuple(name for name, limit in wanted.items() if limit is not None)
    if not names:
        return counts
    costs = _by(config.costs, names, recipe)
    costs.check()

    def spec(architecture: Architecture) -> ModelSpec:
        return ModelSpec(source=plan.source, architecture=architecture, size=plan.size, task=plan.task)

    return CountsAndCosts(counts, costs, space, spec)


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

"""The budgets that phi is solved for: multiply-adds, parameters, memory, latency."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from nasbench.core.count_text import parse_count
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.quantities import bytes_text, milliseconds_text, parse_bytes, parse_milliseconds
from nasbench.core.recipe import recipe_named
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig
from nasbench.engine.config.costs import Costs
from nasbench.engine.config.record import flag
from nasbench.engine.parts.costing import costs_by
from nasbench.engine.parts.scaled import MACS, Measure, counted
from nasbench.evaluators.costs import CostsBy
from nasbench.evaluators.latency_by import LatencyBy

READERS: dict[str, Callable[[str, str], float]] = {
    "target_macs": parse_count,
    "target_params": parse_count,
    "target_memory": parse_bytes,
    "target_latency": parse_milliseconds,
}
"""Field of the configuration -> what reads it."""
LATENCY_PRECISION = 0.02
"""Of a phi that a latency is solved for: each step of the search is a measurement."""


@dataclass(frozen=True)
class Budget:
    """At most `most` of `measure`."""

    measure: Measure
    most: float


def given(config: ScaleConfig) -> list[str]:
    """The fields of the budgets that were given."""
    return [name for name in READERS if getattr(config, name) is not None]


def budget_of(config: ScaleConfig) -> Budget | None:
    """The budget that was given, if any. UsageError for what is no amount."""
    for name in given(config):
        return Budget(measure_of(config, name), amount_of(config, name))
    return None


def amount_of(config: ScaleConfig, name: str) -> float:
    """How much the budget `name` is. UsageError for what is no amount."""
    return READERS[name](getattr(config, name), flag(name))


def measure_of(config: ScaleConfig, name: str, latency: Callable[[ModelSpec], float] | None = None) -> Measure:
    """What the budget `name` is of; `latency` predicts one where it is not measured."""
    costs = config.costs
    if name == "target_params":
        return Measure(flag(name), lambda spec: counted(spec).params, "{:,}".format)
    if name == "target_memory":
        recipe = config.training.recipe if config.train or config.search else None
        of = partial(_memory, batch=costs.memory_batch, which=costs.memory_of, recipe=recipe)
        return Measure(flag(name), of, bytes_text, otherwise=", or raise --memory-batch")
    if name == "target_latency":
        taken = lru_cache(maxsize=1024)(latency or partial(_latency, costs=_latency_by(costs)))
        return Measure(flag(name), taken, milliseconds_text, LATENCY_PRECISION, ", or raise --latency-batch")
    return MACS


def costs_of(config: ScaleConfig, spec: ModelSpec) -> dict[str, Any]:
    """What a network costs besides parameters and multiply-adds, of what the budget is of."""
    costs = config.costs
    found: dict[str, Any] = {}
    if config.target_memory is not None:
        value = measure_of(config, "target_memory").of(spec)
        found = {"memory": value, "memory_of": costs.memory_of, "memory_batch": costs.memory_batch}
    if config.target_latency is not None and costs.latency_table is not None:
        found = {"latency": {"median": _latency(spec, _latency_by(costs)), "table": costs.latency_table}}
    elif config.target_latency is not None:
        from nasbench.evaluators.latency import latency_of

        settings = costs.latency_settings()
        found = {"latency": {**latency_of(spec, LatencyBy(**settings)).to_json(), **settings}}
    return found


@lru_cache(maxsize=1024)
def _memory(spec: ModelSpec, batch: int, which: str, recipe: str | None) -> float:
    from nasbench.evaluators.memory_count import memory_of

    taken = None if recipe is None else recipe_named(recipe)
    return float(getattr(memory_of(spec, batch, taken), which))


def _latency_by(costs: Costs) -> CostsBy:
    return costs_by(costs, ("latency",), None)


def _latency(spec: ModelSpec, costs: CostsBy) -> float:
    try:
        return costs.latency(spec)
    except TrialFailed as error:  # a block that the table lacks, a network that cannot be run
        raise UsageError(str(error)) from error

"""Where the candidates of a search for coefficients lie: at phi = 1, or as far out as a budget lets them grow.

Under a budget a candidate is a direction, alpha, beta and gamma with the product 2; how far the base grows along it,
phi, is solved for. So two of the multipliers of depth, width and resolution are free, and the third follows from the
budget.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from nasbench.core.compound import PUBLISHED, Coefficients, on_surface
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.costing import costs_by, latency_model_for, record_of_latency
from nasbench.engine.parts.scaled import MACS, Measure, compound_scale, quick_macs, solve_phi
from nasbench.engine.scaling.budgets import Budget, amount_of, given, measure_of
from nasbench.evaluators.latency_model import LatencyModel

MOST_RESOLUTION = 2.0
"""Parameters do not grow with resolution. Where they alone are limited, multiply-adds are too: to so many times those
of the published coefficients at that budget.
"""


@dataclass(frozen=True)
class Surface:
    """`base` is what the budget is of; without one, all candidates have phi = 1."""

    base: ModelSpec
    budget: Budget | None = None
    told: tuple[str, ...] = ()
    model: LatencyModel | None = None

    def phi(self, coefficients: Coefficients) -> float:
        """How far a candidate grows. UsageError where it cannot be brought to the budget."""
        if self.budget is None:
            return 1.0
        return solve_phi(self.base, coefficients.at, self.budget.most, self.budget.measure)

    def facts(self, coefficients: Coefficients, phi: float) -> dict[str, Any]:
        """What a candidate's metrics say of the budget: phi, and the part of the budget that the scaled base takes."""
        if self.budget is None:
            return {}
        value = self.budget.measure.of(compound_scale(self.base, coefficients.at(phi)))
        return {"phi": phi, "budget_share": value / self.budget.most}


def surface_of(config: ScaleConfig, base: ModelSpec, directory: Path) -> Surface:
    """The surface that the budgets cut out, if there are any. UsageError where the published coefficients cannot be
    brought to them.
    """
    names = given(config)
    if not names:
        return Surface(base)
    model = _latency_model(config, base, directory) if config.costs.latency_model else None
    budgets = [Budget(measure_of(config, name, model), amount_of(config, name)) for name in names]
    told = () if model is None else (model.told,)
    if names == ["target_params"]:
        balanced = solve_phi(base, PUBLISHED.at, budgets[0].most, budgets[0].measure)
        most = MOST_RESOLUTION * quick_macs(compound_scale(base, PUBLISHED.at(balanced)))
        budgets.append(Budget(replace(MACS, flag="multiply-adds"), most))
        told = (
            *told,
            f"parameters do not grow with resolution: candidates have {most:,.0f} multiply-adds at most, "
            f"{MOST_RESOLUTION:g} times those of the published coefficients at this budget (--target-macs says others)",
        )
    surface = Surface(base, budgets[0] if len(budgets) == 1 else _all_of(budgets), told, model)
    surface.phi(PUBLISHED)
    return surface


def budget_asked(config: ScaleConfig) -> dict[str, str]:
    """The budgets as they were given, by the names of their fields."""
    return {name: str(getattr(config, name)) for name in given(config)}


def budget_record(config: ScaleConfig, surface: Surface) -> dict[str, Any]:
    """What run.json says of them, and of how latencies were had."""
    if surface.budget is None:
        return {}
    if config.target_latency is None:
        return {"budget": budget_asked(config)}
    costs = record_of_latency(config.costs.latency_on, config.costs.latency_table, surface.model)
    return {"budget": budget_asked(config), "costs": costs}


def _all_of(budgets: list[Budget]) -> Budget:
    """One budget that is kept where all are: of the largest share that is taken of any."""
    measures = [budget.measure for budget in budgets]

    def share(spec: ModelSpec) -> float:
        return max(budget.measure.of(spec) / budget.most for budget in budgets)

    flags = " and ".join(f"{budget.measure.flag} {budget.measure.said(budget.most)}" for budget in budgets)
    precision = max(measure.precision for measure in measures)
    return Budget(Measure(flags + ":", share, "{:.1%} of the budget".format, precision), 1.0)


def _latency_model(config: ScaleConfig, base: ModelSpec, directory: Path) -> LatencyModel:
    """Fitted to the base scaled in random directions, from a smaller network on to about twice the budget."""
    from nasbench.evaluators.latency import latency_of

    costs = costs_by(config.costs, ("latency",), None)
    costs.by.check()
    low, high = 0.0, 0.0
    if not config.place.resume:
        ratio = math.log2(amount_of(config, "target_latency") / latency_of(base, costs.by).median)
        low, high = min(0.0, ratio) - 1.0, max(0.0, ratio) + 1.0

    def draw(rng: Random) -> ModelSpec:
        direction = on_surface(1.0 - math.sqrt(rng.random()), rng.random())
        try:
            return compound_scale(base, direction.at(rng.uniform(low, high)))
        except UsageError as error:
            raise TrialFailed(str(error)) from error

    return latency_model_for(config, costs, draw, directory)

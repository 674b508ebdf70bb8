"""What follows a search for coefficients: its front-runners under more seeds, beside equally costly networks."""

from collections.abc import Callable, Sequence

from nasbench.core.compound import PUBLISHED, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec
from nasbench.core.trial import Trial
from nasbench.engine.parts.scaled import MOST, compound_scale, counted, solve_phi
from nasbench.engine.scaling.budgets import Budget
from nasbench.engine.scaling.source import growth
from nasbench.engine.scaling.surface import Surface
from nasbench.report.scaling.results import FRONT_RUNNER, coefficients_of_trial, phi_of

PRECISION = 0.01
"""Of a growth that is solved for: 0.7 % of the multiply-adds, which rounding leaves finer seldom."""

OTHERS: dict[str, Callable[[float], Multipliers]] = {
    "published coefficients": PUBLISHED.at,
    "depth alone": lambda growth: Multipliers(depth=2.0**growth),
    "width alone": lambda growth: Multipliers(width=2.0 ** (growth / 2)),
    "resolution alone": lambda growth: Multipliers(resolution=2.0 ** (growth / 2)),
}
"""Name -> multipliers of a growth, which is about the logarithm to base 2 of how many times multiply-adds grow."""


def comparison_jobs(
    base: ModelSpec, best: Sequence[Trial], plan: Plan, seeds: Sequence[int], first: int, surface: Surface | None = None
) -> list[Job]:
    """What to train after the search, numbered from `first`: every network under the first seed, then under the next.

    That is the front-runners (but for what the search has trained already), the published coefficients, and each
    dimension alone. The others are scaled until their counted multiply-adds come as near as can be to the first
    front-runner's; under a budget, as far as it lets them.
    """
    if not best:
        return []
    target = int(best[0].metrics["macs"])
    budget = None if surface is None else surface.budget
    others = {
        name: at_macs(base, at, target) if surface is None or budget is None else at_budget(surface.base, at, budget)
        for name, at in OTHERS.items()
    }
    listed: list[tuple[str, Multipliers, int, Trial | None]] = []
    for seed in seeds:
        for place, trial in enumerate(best, start=1):
            if (trial.seed, trial.epochs) != (seed, plan.epochs):
                name, multipliers = f"{FRONT_RUNNER} {place}", coefficients_of_trial(trial).at(phi_of(trial))
                listed.append((name, multipliers, seed, trial))
        listed += [(name, found, seed, None) for name, found in others.items() if found is not None]
    base_macs = counted(base).macs
    jobs = []
    for number, (name, multipliers, seed, of) in enumerate(listed, start=first):
        model = compound_scale(base, multipliers)
        note = {"control": True, "compared_as": name, **({"of": of.number} if of is not None else {})}
        facts = growth(model, multipliers, base_macs)
        facts |= {"phi": of.metrics["phi"]} if of is not None and "phi" in of.metrics else {}
        jobs.append(Job(number, seed, plan.epochs, model.key, model, name=name, data=plan.data, note=note, facts=facts))
    return jobs


def at_macs(base: ModelSpec, at: Callable[[float], Multipliers], target: int) -> Multipliers | None:
    """The multipliers whose counted multiply-adds come nearest to `target`; None where the base grows no further that
    way.

    Counted multiply-adds are a staircase: of the two sides of the step that spans the target, the nearer one is taken.
    """
    low, high = 0.0, 1.0
    try:
        while _macs(base, at(high)) < target:
            low, high = high, high + 0.5
            if max(vars(at(high)).values()) > MOST:
                return None
        while high - low > PRECISION:
            middle = (low + high) / 2
            low, high = (middle, high) if _macs(base, at(middle)) < target else (low, middle)
    except UsageError:
        return None
    return min((at(low), at(high)), key=lambda each: abs(_macs(base, each) - target))


def at_budget(base: ModelSpec, at: Callable[[float], Multipliers], budget: Budget) -> Multipliers | None:
    """The multipliers of the largest network within the budget; None where that way leads to none."""
    try:
        return at(solve_phi(base, at, budget.most, budget.measure))
    except UsageError:
        return None


def _macs(base: ModelSpec, multipliers: Multipliers) -> int:
    return counted(compound_scale(base, multipliers)).macs

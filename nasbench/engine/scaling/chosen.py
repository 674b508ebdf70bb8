"""How far a base is scaled, and by what: by a law and a phi, to a budget, by multipliers, or as a table has it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.law import Ladder, Law, PowerLaw, Rung
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.scaled import compound_scale, solve_phi
from nasbench.engine.scaling.budgets import Budget, budget_of
from nasbench.engine.scaling.laws import DEFAULT, law_named, multipliers_at, names_of_laws, of_rung, rounded
from nasbench.engine.scaling.published import PublishedScale, build_as_published, named
from nasbench.engine.scaling.regularisation import with_regularisation
from nasbench.engine.scaling.request import along, coefficients_of, read_found


@dataclass(frozen=True)
class Chosen:
    """`base` scaled. `phi` and `coefficients` are None where no formula has led to the multipliers; `row` is of the
    published EfficientNets, `rung` of another law's table.
    """

    law: str
    base: ModelSpec
    scaled: ModelSpec
    multipliers: Multipliers
    phi: float | None = None
    coefficients: Coefficients | None = None
    row: PublishedScale | None = None
    rung: Rung | None = None


def choose(config: ScaleConfig, base: ModelSpec) -> Chosen:
    """What the configuration asks for, with dropout and drop path. UsageError for what cannot be had."""
    (name,) = names_of_laws(config)
    if config.law is None and config.coefficients is not None:
        name = read_found(Path(config.coefficients))[1].get("law", DEFAULT)
    law = law_named(name)
    budget = budget_of(config)
    base = rounded(base, law)
    dropout: float | None = None
    if isinstance(law, Ladder):
        rung = _rung(config, law, base, budget)
        found = Chosen(name, base, of_rung(base, law, rung), law.multipliers(rung), rung=rung)
        dropout = rung.dropout
    elif config.published is not None:
        if name != DEFAULT:
            raise UsageError(f"--published is for laws with a table; {name!r} has none. Give --phi or --target-macs.")
        row = named(config.published)
        found = Chosen(name, base, build_as_published(row, base), row.multipliers, row=row)
        dropout = row.dropout
    else:
        found = _by_formula(config, name, law, base, budget)
    scaled = with_regularisation(config, found.scaled, found.multipliers, found.phi, dropout)
    own = scaled.size.resolution == scaled.task.image_size
    return replace(found, scaled=replace(scaled, size=replace(scaled.size, own_resolution=own)))


def _by_formula(config: ScaleConfig, name: str, law: Law, base: ModelSpec, budget: Budget | None) -> Chosen:
    given = (config.depth, config.width, config.resolution)
    if any(value is not None for value in given):
        multipliers = Multipliers(*(1.0 if each is None else each for each in given))
        return Chosen(name, base, compound_scale(base, multipliers), multipliers)
    coefficients: Coefficients | None = None
    at: Callable[[float], Multipliers] = partial(multipliers_at, name, law)
    if name == DEFAULT or config.coefficients is not None:
        coefficients = coefficients_of(config)
        at = along(coefficients, config.dims)
    elif isinstance(law, PowerLaw):
        coefficients = law.coefficients
    phi = 1.0 if config.phi is None else config.phi
    if budget is not None:
        phi = solve_phi(base, at, budget.most, budget.measure)
    return Chosen(name, base, compound_scale(base, at(phi)), at(phi), phi, coefficients)


def _rung(config: ScaleConfig, law: Ladder, base: ModelSpec, budget: Budget | None) -> Rung:
    """The row that is named, or the largest one within the budget."""
    names = ", ".join(rung.name for rung in law.rungs)
    if config.published is not None:
        return law.rung(config.published)
    if budget is None:
        raise UsageError(
            f"--law {config.law} is a table: give a row of it, --published NAME ({names}), or a budget, such as "
            f"--target-macs. Its rows side by side: nasbench scale --law {config.law},compound"
        )
    measure = budget.measure
    found = {rung.name: measure.of(of_rung(base, law, rung)) for rung in law.rungs}
    within = [rung for rung in law.rungs if found[rung.name] <= budget.most]
    if not within:
        least = min(found, key=found.__getitem__)
        raise UsageError(
            f"{measure.flag} {measure.said(budget.most)} is out of reach: the least row of {config.law} is {least}, "
            f"with {measure.said(found[least])}"
        )
    return max(within, key=lambda rung: found[rung.name])

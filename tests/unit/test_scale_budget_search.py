"""A search for coefficients under a budget: two multipliers are free, the third follows from what the budget allows."""

from dataclasses import replace
from pathlib import Path

import pytest

from nasbench.core.compound import PUBLISHED, Coefficients
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.scaled import compound_scale, counted, quick_macs
from nasbench.engine.scaling.request import check_search
from nasbench.engine.scaling.surface import surface_of

BASE = ModelSpec("zoo", name="mobilenet_v1", size=Size(), task=Task(10, 32, 3))
NOWHERE = Path("not-used")
DIRECTIONS = (PUBLISHED, Coefficients(1.9, 1.02, 1.0), Coefficients(1.0, 1.3, 1.08))


def asked(**values: str) -> ScaleConfig:
    return ScaleConfig.of(base="mobilenet_v1", search=True, **values)


def test_each_direction_grows_as_far_as_the_budget_lets_it() -> None:
    surface = surface_of(asked(target_params="6M"), BASE, NOWHERE)
    for direction in DIRECTIONS:
        phi = surface.phi(direction)
        within, beyond = (compound_scale(BASE, direction.at(each)) for each in (phi, phi + 0.02))
        assert counted(within).params <= 6_000_000 < counted(beyond).params
        assert surface.facts(direction, phi)["phi"] == phi
        assert 0.8 < surface.facts(direction, phi)["budget_share"] <= 1


def test_parameters_alone_do_not_let_the_resolution_grow_without_end() -> None:
    surface = surface_of(asked(target_params="6M"), BASE, NOWHERE)
    resolution = Coefficients(1.0, 1.0, 2**0.5)
    balanced = quick_macs(compound_scale(BASE, PUBLISHED.at(surface.phi(PUBLISHED))))
    found = compound_scale(BASE, resolution.at(surface.phi(resolution)))
    assert counted(found).params == counted(BASE).params
    assert quick_macs(found) <= 2 * balanced
    assert "candidates have" in surface.told[0]


def test_several_budgets_are_all_kept() -> None:
    surface = surface_of(asked(target_params="6M", target_macs="80M"), BASE, NOWHERE)
    for direction in DIRECTIONS:
        found = compound_scale(BASE, direction.at(surface.phi(direction)))
        assert counted(found).params <= 6_000_000
        assert counted(found).macs <= 80_000_000
        assert surface.facts(direction, surface.phi(direction))["budget_share"] > 0.7


def test_without_a_budget_phi_is_one() -> None:
    surface = surface_of(asked(), BASE, NOWHERE)
    assert surface.phi(PUBLISHED) == 1.0
    assert surface.facts(PUBLISHED, 1.0) == {}


def test_a_budget_out_of_reach_is_answered_before_any_training() -> None:
    with pytest.raises(UsageError, match="--target-params 12 is out of reach: the least"):
        surface_of(asked(target_params="12"), replace(BASE), NOWHERE)
    with pytest.raises(UsageError, match="--latency-model is for a budget: add --target-latency"):
        check_search(ScaleConfig.of(search=True, latency_model=True))

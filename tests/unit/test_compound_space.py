"""The surface alpha * beta**2 * gamma**2 = 2 as a search space, its corners, and the paper's grid on it."""

from collections.abc import Sequence
from random import Random

import pytest

from nasbench.core.arch import Architecture, Range, sample
from nasbench.core.compound import Coefficients, Multipliers, on_surface, shares
from nasbench.core.errors import UsageError
from nasbench.core.source import Plan
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import Proposal, Trial
from nasbench.engine.scaling.source import ScaledBase, SurfaceSource
from nasbench.strategies.grid import Grid
from nasbench.testing import TOY_SPACE, check_space, check_strategy
from search_spaces.compound.space import CompoundGrid, CompoundSpace, coefficients_of, grid
from unit.toys import trial

TASK = Task(num_classes=10, image_size=16, channels=1)
BASE = ModelSpec("zoo", Size(depth=0.33, width=0.25, resolution=16), TASK, name="mobilenet_v1")
BUILDER = ScaledBase(BASE)


@pytest.mark.parametrize(
    "space",
    [CompoundGrid(BUILDER, 0.1), pytest.param(CompoundSpace(BUILDER), marks=pytest.mark.slow)],
    ids=["grid", "surface"],
)
def test_the_spaces_keep_the_contract(space):
    check_space(space, Size(), TASK, num_samples=1)


def test_every_sample_of_the_surface_has_a_product_of_two():
    space, rng = CompoundSpace(BUILDER), Random(0)
    assert all(isinstance(decision, Range) for decision in space.choices)
    for _ in range(500):
        assert coefficients_of(sample(space.name, space.choices, rng)).product == pytest.approx(2, abs=1e-6)


def test_the_corners_of_the_surface_are_single_dimensions():
    assert on_surface(1, 0.3) == Coefficients(2, 1, 1)
    assert on_surface(0, 1) == Coefficients(1, 2**0.5, 1)
    assert on_surface(0, 0) == Coefficients(1, 1, 2**0.5)


def test_random_points_treat_the_three_dimensions_alike():
    space, rng = CompoundSpace(BUILDER), Random(0)
    found = [shares(coefficients_of(sample(space.name, space.choices, rng))) for _ in range(4000)]
    for dimension in zip(*found, strict=True):
        assert sum(dimension) / 4000 == pytest.approx(1 / 3, abs=0.015)  # deviation of a mean: 0.004
        assert sum(share > 0.5 for share in dimension) / 4000 == pytest.approx(
            1 / 4, abs=0.03
        )  # a corner triangle of half the side


def test_with_all_growth_in_depth_the_other_share_says_nothing():
    space = CompoundSpace(BUILDER)
    keys = {
        space.canonical(Architecture.of("compound", {"depth_quantile": 1.0, "width_share": share})).key
        for share in (0.0, 0.4)
    }
    assert len(keys) == 1


def test_the_grid_is_the_papers():
    points = grid(0.1)
    assert Coefficients(1.2, 1.1, 1.15) in points
    assert all(abs(point.product - 2) <= 0.1 for point in points)
    assert all(
        value == round(value, 2) and round(value * 100) % 5 == 0 for point in points for value in vars(point).values()
    )
    by_hand = [
        (a, b, c)
        for a in range(20, 61)
        for b in range(20, 61)
        for c in range(20, 61)
        if abs(a * b * b * c * c / 20**5 - 2) <= 0.1
    ]
    assert len(points) == len(by_hand)


@pytest.mark.parametrize(("tolerance", "message"), [(-0.1, "takes a number in"), (1.5, "takes a number in")])
def test_a_tolerance_out_of_range_is_refused(tolerance, message):
    with pytest.raises(UsageError, match=message):
        grid(tolerance)


def test_grid_search_goes_through_every_point_once():
    space = CompoundGrid(BUILDER, 0.02)
    (choice,) = space.choices
    strategy, seen = Grid(space, seed=1), []
    for number in range(1, len(choice.options) + 1):  # type: ignore[union-attr]
        proposal = strategy.ask(number, Random(number), ())
        seen.append(proposal.architecture.key)
        strategy.tell(_trial(proposal))
    assert len(set(seen)) == len(choice.options)  # type: ignore[union-attr]
    assert Grid(space, seed=2).ask(1, Random(1), ()) != Grid(space, seed=1).ask(1, Random(1), ())


def test_grid_search_keeps_the_contract():
    check_strategy(Grid, TOY_SPACE)


def test_a_continuous_space_has_no_grid():
    with pytest.raises(UsageError, match="no grid"):
        Grid(CompoundSpace(BUILDER))


def test_multipliers_of_both_spaces():
    by_grid = Architecture.of("compound-grid", {"coefficients": "1.20 1.10 1.15"})
    assert coefficients_of(by_grid).at(1.0) == Multipliers(1.2, 1.1, 1.15)
    corner = Architecture.of("compound", {"depth_quantile": 1.0, "width_share": 0.0})
    assert coefficients_of(corner).at(1.0) == Multipliers(2.0, 1.0, 1.0)


def _trial(proposal: Proposal) -> Trial:
    return trial(proposal.number, architecture=proposal.architecture, key=proposal.architecture.key)


class Strays:
    """A strategy that proposes what is no point of the space."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return Proposal(number, Architecture.of("compound-grid", {"coefficients": "40.00 1.00 1.00"}))

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""


def test_a_candidate_off_the_grid_is_the_strategys_fault():
    space = CompoundGrid(BUILDER, 0.1)
    plan = Plan(range(1, 2), 0, 1, "space:compound-grid", BASE.size, BASE.task)
    with pytest.raises(UsageError, match=r"no point of the space 'compound-grid'.*no option '40\.00 1\.00 1\.00'"):
        SurfaceSource(space, Strays(), plan, BASE).ask(1, ())

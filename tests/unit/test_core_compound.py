"""Compound scaling as arithmetic: the surface and the powers of phi."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.core.compound import PUBLISHED, Coefficients, Multipliers, on_surface, shares
from nasbench.core.errors import UsageError

SHARE = st.floats(0, 1)


@given(SHARE, SHARE)
def test_every_pair_of_shares_lies_on_the_surface(depth_share: float, width_share: float) -> None:
    found = on_surface(depth_share, width_share)
    assert abs(found.product - 2) <= 1e-6
    assert math.isclose(shares(found)[0], depth_share, abs_tol=1e-9)
    assert math.isclose(sum(shares(found)), 1, abs_tol=1e-9)


@given(st.floats(-3, 8))
def test_multipliers_at_phi_grow_as_the_law_says(phi: float) -> None:
    assert math.isclose(PUBLISHED.at(phi).product, PUBLISHED.product**phi, rel_tol=1e-9)


def test_the_published_coefficients() -> None:
    assert vars(PUBLISHED) == {"alpha": 1.2, "beta": 1.1, "gamma": 1.15}
    assert PUBLISHED.product == pytest.approx(1.920, abs=5e-4)


@pytest.mark.parametrize(
    "values", [(0.9, 1.1, 1.15), (1.2, 0.5, 1.15), (1.2, 1.1, math.nan), (math.inf, 1.1, 1.15), (1.2, 1e200, 1)]
)
def test_a_dimension_that_would_shrink_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError, match="from 1 on"):
        Coefficients(*values)


@pytest.mark.parametrize("values", [(0, 1, 1), (1, -1, 1), (1, 1, math.nan)])
def test_multipliers_are_positive(values: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError, match="positive"):
        Multipliers(*values)


@pytest.mark.parametrize("phi", [1e6, -1e6, math.inf, math.nan])
def test_a_phi_for_which_there_is_no_number_is_refused(phi: float) -> None:
    with pytest.raises(UsageError, match="out of reach: multiply-adds about double"):
        PUBLISHED.at(phi)

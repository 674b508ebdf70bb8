"""What is told of a score, on made-up rankings whose correlations are known."""

from math import log

import numpy as np
import pytest
import scipy.stats

from nasbench.report.common.rankings import (
    bootstrap,
    chance,
    estimate,
    kendall,
    measure,
    membership,
    pick_rank,
    population_score,
    precision_at_top,
)

TRUTH = np.arange(20.0)


def swapped(pairs: int) -> np.ndarray:
    """The truth with so many separate pairs of neighbours swapped, from the bottom."""
    score = TRUTH.copy()
    for index in range(0, 2 * pairs, 2):
        score[[index, index + 1]] = score[[index + 1, index]]
    return score


def test_tau_counts_the_pairs_in_the_wrong_order() -> None:
    pairs = 20 * 19 / 2
    assert measure(TRUTH, TRUTH)["tau"] == pytest.approx(1.0)
    assert measure(TRUTH, -TRUTH)["tau"] == pytest.approx(-1.0)
    assert measure(TRUTH, swapped(4))["tau"] == pytest.approx(1 - 2 * 4 / pairs)
    assert measure(TRUTH, swapped(4))["spearman"] == pytest.approx(1 - 6 * 8 / (20 * (20**2 - 1)))


def test_the_upper_half_is_that_of_the_truth() -> None:
    found = measure(TRUTH, np.where(TRUTH >= 10, -TRUTH, TRUTH - 100))
    assert found["tau_upper_half"] == pytest.approx(-1.0)
    assert found["tau"] == pytest.approx((100 + 45 - 45) / 190)
    assert found["tau_top_tenth"] is None  # two networks


def test_the_top_tenth_is_told_from_fifty_networks_on() -> None:
    truth = np.arange(50.0)
    assert measure(truth, truth)["tau_top_tenth"] == pytest.approx(1.0)
    assert measure(truth[:-1], truth[:-1])["tau_top_tenth"] == pytest.approx(1.0)
    assert measure(truth[:40], truth[:40])["tau_top_tenth"] is None


def test_a_constant_score_has_no_correlation() -> None:
    found = measure(TRUTH, np.zeros(20))
    assert found["tau"] is None
    assert found["spearman"] is None
    assert found["p_at_top5"] == pytest.approx(1 / 20)
    assert found["pick_rank"] == pytest.approx(10.5)


def test_ties_at_the_border_are_shared() -> None:
    assert membership(np.array([3.0, 1.0, 2.0, 2.0]), 2).tolist() == [1.0, 0.0, 0.5, 0.5]
    score = np.where(TRUTH >= 16, 1.0, 0.0)  # four share the first place
    assert precision_at_top(TRUTH, score, 0.1) == pytest.approx(0.5)
    assert pick_rank(TRUTH, score) == pytest.approx((1 + 2 + 3 + 4) / 4)


def test_where_a_score_failed_the_network_ranks_last() -> None:
    score = TRUTH.copy()
    score[[0, 1]] = -np.inf
    assert measure(TRUTH, score)["tau"] == pytest.approx((190 - 1) / (190 * (190 - 1)) ** 0.5)
    assert measure(TRUTH, score)["pick_rank"] == 1


def test_the_score_of_a_population_is_a_sum_of_log_ranks() -> None:
    found = population_score([[1.0, 30.0], [2.0, None], [3.0, 10.0]])
    assert found == pytest.approx([log(1 / 3) + log(3 / 3), log(2 / 3) + log(1 / 3), log(3 / 3) + log(2 / 3)])


def test_bootstrap_intervals_hold_the_value_and_are_the_same_again() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=60)
    scores = {"good": truth + rng.normal(size=60), "blind": rng.normal(size=60)}
    drawn, again = bootstrap(truth, scores), bootstrap(truth, scores)
    assert all(np.array_equal(drawn[name]["tau"], again[name]["tau"]) for name in scores)
    good, blind = (estimate(measure(truth, scores[name])["tau"], drawn[name]["tau"]) for name in ("good", "blind"))
    assert good.low is not None
    assert good.low < good.value < good.high
    assert good.differs_from_zero
    assert not blind.differs_from_zero


def test_random_choice_has_the_spread_of_random_rankings() -> None:
    rng = np.random.default_rng(2)
    found = [measure(TRUTH, rng.permutation(TRUTH)) for _ in range(300)]
    expected = chance(20)
    for name in ("tau", "spearman"):
        assert np.std([each[name] for each in found]) * 1.96 == pytest.approx(expected[name].high, rel=0.2)
    assert expected["p_at_top5"].value == 1 / 20
    assert expected["pick_rank"].value == 10.5


@pytest.mark.parametrize("count", [7, 99, 140])
def test_correlations_are_scipys_also_with_ties(count: int) -> None:
    rng = np.random.default_rng(count)
    truth, score = rng.integers(0, 6, count).astype(float), rng.integers(0, 9, count).astype(float)
    assert kendall(truth, score) == pytest.approx(scipy.stats.kendalltau(truth, score).statistic)
    assert measure(truth, score)["spearman"] == pytest.approx(scipy.stats.spearmanr(truth, score).statistic)

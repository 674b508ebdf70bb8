"""Statistics of a run against brute force."""

from itertools import combinations
from random import Random
from statistics import mean

import pytest

from nasbench.core.arch import Choice, Range
from nasbench.core.curves import (
    best_so_far,
    expected_best,
    groups_of,
    observed_groups,
    option_groups,
    option_shares,
    random_scores,
    search_epochs,
    searched,
)
from nasbench.report.common.numbers import count, duration, score
from nasbench.report.common.rankings import kendall_test
from nasbench.report.run.statistics import (
    leaderboard,
    retrained,
    shares_over_time,
)
from nasbench.report.run.tables import leaderboard_rows, leaderboard_table
from unit.toys import ToySpace, trial


@pytest.mark.parametrize("total", [1, 2, 5, 8])
def test_expected_best_is_the_mean_over_all_subsets(total):
    rng = Random(total)
    scores = [round(rng.random(), 1) for _ in range(total)]  # rounding makes ties
    for n in range(1, total + 1):
        assert expected_best(scores, n) == pytest.approx(mean(max(subset) for subset in combinations(scores, n)))


def test_expected_best_of_one_is_the_mean_and_of_all_the_best():
    rng = Random(1)
    scores = [rng.gauss(0, 1) for _ in range(5000)]
    assert expected_best(scores, 1) == pytest.approx(mean(scores))
    assert expected_best(scores, 5000) == pytest.approx(max(scores))


@pytest.mark.parametrize("n", [0, 4])
def test_expected_best_refuses_what_cannot_be_estimated(n):
    with pytest.raises(ValueError, match="from 1 to the number of scores, 3"):
        expected_best([1.0, 2.0, 3.0], n)


def test_kendall_tau_counts_pairs():
    rng = Random(3)
    first, second = [rng.random() for _ in range(12)], [rng.random() for _ in range(12)]
    signs = [(a[0] - b[0]) * (a[1] - b[1]) for a, b in combinations(list(zip(first, second, strict=True)), 2)]
    tau = kendall_test(first, second)
    assert tau is not None
    assert tau[0] == pytest.approx(sum(1 if sign > 0 else -1 for sign in signs) / len(signs))
    assert kendall_test([1.0], [2.0]) is None
    assert kendall_test([1.0, 1.0], [2.0, 3.0]) is None


def test_best_so_far_starts_with_the_first_score():
    trials = [
        trial(1, "failed", None),
        trial(2, score=0.3),
        trial(3, score=0.2),
        trial(4, "failed", None),
        trial(5, score=0.4),
    ]
    assert best_so_far(trials) == [None, 0.3, 0.3, 0.3, 0.4]


def test_leaderboard_ranks_different_architectures_and_leaves_controls_out():
    trials = [
        trial(1, score=0.5, genes="aaa"),
        trial(2, "cached", 0.5, genes="aaa"),
        trial(3, score=0.9, genes="abc", note={"control": True}),
        trial(4, "failed", None, genes="bbb"),
        trial(5, score=0.6, genes="ccc"),
        trial(6, score=0.4, genes="aaa", epochs=9, note={"retrain_of": 1}),
    ]
    assert [ranked.number for ranked in leaderboard(trials)] == [6, 5]
    assert leaderboard_rows(trials)[0][:2] == ("1", "6")
    assert leaderboard_table(trials).row_count == 2
    assert [(a.number, b.number) for a, b in retrained(trials)] == [(1, 6)]
    assert [t.number for t in searched(trials)] == [1, 2, 4, 5]


def test_random_scores_are_of_different_blind_children_at_the_epochs_of_the_search():
    trials = [
        trial(1, score=0.1, genes="aaa", note={"blind": True}),
        trial(2, "cached", 0.1, genes="aaa", note={"blind": True}),
        trial(3, score=0.2, genes="bbb", note={"blind": False}),
        trial(4, score=0.3, genes="ccc", note={"blind": True}, epochs=5),
        trial(5, score=0.4, genes="abc", note={"control": True}),
        trial(6, score=0.9, genes="aaa", note={"blind": True, "retrain_of": 1}),
    ]
    assert sorted(random_scores(trials)) == [0.1, 0.4]
    assert search_epochs(trials) == 1
    assert search_epochs([]) == 0


def test_groups_come_from_equal_options():
    ops, states = ("sep", "max"), ("h", "h_prev")
    choices = [
        Choice("normal_0_op_1", ops),
        Choice("normal_0_in", states),
        Choice("normal_0_op_2", ops),
        Choice("one", ("x",)),
        Range("r", 0, 1),
    ]
    choices += [Choice("depth", (1, 2))]
    groups = option_groups(choices)
    assert [(group.name, group.decisions) for group in groups] == [
        ("op", ("normal_0_op_1", "normal_0_op_2")),
        ("in", ("normal_0_in",)),
    ]


def test_observed_groups_join_what_overlaps():
    trials = [trial(genes=genes) for genes in ("abc", "bca", "cab")]
    (group,) = observed_groups(trials)
    assert group.options == ("a", "b", "c")
    assert group.decisions == ("op_0", "op_1", "op_2")
    assert observed_groups([]) == []
    assert groups_of({"space": "no-such-space"}, trials) == [group]
    assert groups_of({"space": "no_such_module:Space"}, trials) == [group]
    assert groups_of({"space": f"{ToySpace.__module__}:ToySpace"}, trials) == option_groups(ToySpace.choices)


def test_shares_against_counting():
    trials = [trial(number, genes=genes) for number, genes in enumerate(("aab", "abb", "ccc", "aaa", "bbb"), start=1)]
    (group,) = option_groups(ToySpace.choices)
    assert option_shares(trials, group) == {"a": 6 / 15, "b": 6 / 15, "c": 3 / 15}
    assert option_shares([], group) == {"a": 0.0, "b": 0.0, "c": 0.0}
    for windows in (1, 2, 5, 9):
        parts = shares_over_time(trials, group, windows)
        assert len(parts) == min(windows, 5)
        assert all(sum(shares.values()) == pytest.approx(1) for _, shares in parts)
        assert [place for place, _ in parts] == sorted(place for place, _ in parts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (4.26, "4.3 s"),
        (42, "42 s"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (273600, "3 d 4 h"),
        (59.7, "1 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_numbers_in_tables():
    assert (count(1234567), count(None), score(0.91234), score(None), score(123456.0)) == (
        "1,234,567",
        "–",
        "0.9123",
        "–",
        "1.235e+05",
    )

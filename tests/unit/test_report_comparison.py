"""What a comparison says: statistics against scipy and brute force, and what the verdict may say."""

import json
import re
from dataclasses import replace
from random import Random
from statistics import mean

import pytest
from scipy import stats

from nasbench.report.comparison.results import (
    comparison_rows,
    comparison_table,
    contrast,
    half_width,
    relative_improvement,
    verdict,
)
from nasbench.report.comparison.rows import Row


def row(
    model: str, source: str, accuracies: tuple[float, ...], macs: int | None = 10**6, params: int | None = 10**5
) -> Row:
    return Row(model, source, params, macs, 123.4, tuple(range(len(accuracies))), accuracies)


def drawn(
    model: str, source: str, centre: float, seeds: int = 5, macs: int | None = 10**6, spread: float = 0.002
) -> Row:
    rng = Random(f"{model}{seeds}")
    return row(
        model,
        source,
        tuple(rng.gauss(centre, spread) for _ in range(seeds)),
        macs,
        params=round(1e5 * rng.uniform(0.5, 20)),
    )


def usual(seeds: int = 5, found: float = 0.95) -> list[Row]:
    return [
        drawn("runs/20260101-101010-nasnet-ppo", "found", found, seeds, 18_000_000),
        *(drawn(f"random {number}", "random", 0.90, seeds, 17_000_000 + number * 10**6) for number in (1, 2, 3)),
        drawn("zoo:lenet5", "baseline", 0.80, seeds, 415_000),
        drawn("zoo:small", "baseline", 0.93, seeds, 12_000_000),
        drawn("zoo:resnet20", "baseline", 0.97, seeds, 40_000_000),
        drawn("zoo:densenet_bc_100_12", "baseline", 0.98, seeds, 290_000_000),
    ]


def test_rows_carry_mean_and_sample_deviation():
    one = row("a", "found", (0.9, 0.8, 0.7))
    assert (one.mean, one.std) == (pytest.approx(0.8), pytest.approx(0.1))
    assert row("a", "found", (0.9,)).std is None
    assert row("a", "found", ()).mean is None
    assert one.by_seed == {0: 0.9, 1: 0.8, 2: 0.7}
    assert replace(one, accuracies=(0.9, 0.8)).by_seed == {}, "which seed is missing cannot be known"
    assert json.loads(json.dumps(one.to_json())) == {
        "model": "a",
        "source": "found",
        "params": 10**5,
        "macs": 10**6,
        "mean": pytest.approx(0.8),
        "std": pytest.approx(0.1),
        "seeds": 3,
        "accuracies": [0.9, 0.8, 0.7],
        "images_per_second": 123.4,
    }


@pytest.mark.parametrize("seeds", [2, 5, 9])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_intervals_are_those_of_the_paired_t_test(seeds, level):
    ours, theirs = drawn("a", "found", 0.9, seeds, spread=0.02), drawn("b", "baseline", 0.89, seeds, spread=0.02)
    made = contrast(ours, theirs.by_seed, "b", "baseline", level)
    wanted = stats.ttest_rel(ours.accuracies, theirs.accuracies).confidence_interval(level)
    assert made is not None
    assert (made.low, made.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
    assert made.difference == pytest.approx(mean(ours.accuracies) - mean(theirs.accuracies))


def test_the_interval_covers_as_often_as_it_says():
    rng = Random(5)
    hits = 0
    for _ in range(1000):
        values = [rng.gauss(1, 1) for _ in range(5)]
        hits += abs(mean(values) - 1) <= (half_width(values, 0.9) or 0)
    assert 0.87 < hits / 1000 < 0.93


def test_pairs_are_by_seed_and_over_common_seeds_only():
    ours = Row("a", "found", 1, 1, None, (3, 0, 1), (0.9, 0.6, 0.7))
    theirs = Row("b", "baseline", 1, 1, None, (1, 3, 7), (0.6, 0.5, 0.1))
    made = contrast(ours, theirs.by_seed, "b", "baseline", 0.95)
    assert made is not None
    assert (made.seeds, made.difference) == (2, pytest.approx((0.4 + 0.1) / 2))
    assert contrast(ours, {8: 0.5}, "b", "baseline", 0.95) is None


def test_the_found_model_against_the_mean_of_the_random_cells():
    rows = usual()
    told = verdict(rows)
    random = [one for one in rows if one.source == "random"]
    average = [mean(values) for values in zip(*(one.accuracies for one in random), strict=True)]
    wanted = stats.ttest_rel(rows[0].accuracies, average).confidence_interval(0.95)
    first = told.contrasts[0]
    assert (first.kind, first.word, first.seeds, first.level) == ("random", "better", 5, 0.95)
    assert (first.low, first.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
    improvement = 100 * (mean(rows[0].accuracies) - mean(average)) / mean(average)
    assert f"beats 3 of 3, relative improvement {improvement:+.2f} %" in told.text
    assert relative_improvement(0.9, 0.6) == pytest.approx(50)
    assert relative_improvement(0.9, 0.0) is None


def test_baselines_are_those_of_no_more_macs_at_a_simultaneous_level():
    rows = usual()
    told = verdict(rows)
    baselines = [one for one in told.contrasts if one.kind == "baseline"]
    assert [one.other for one in baselines] == ["zoo:small", "zoo:lenet5"], (
        "the hardest to beat first; the larger ones are told apart"
    )
    assert all(one.level == pytest.approx(0.975) for one in baselines), "two candidates share the 5 %"
    wanted = stats.ttest_rel(rows[0].accuracies, rows[5].accuracies).confidence_interval(0.975)
    assert (baselines[0].low, baselines[0].high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
    assert "better than zoo:small" in told.text
    assert "the best of the 2 baselines of no more MACs" in told.text
    assert "Bonferroni" in told.text
    equal = [replace(one, macs=18_000_000) if one.model == "zoo:resnet20" else one for one in rows]
    assert "worse than zoo:resnet20" in verdict(equal).text, "as many MACs are no more"


def test_larger_baselines_are_named_with_their_gain_and_their_cost():
    rows = usual()
    told = verdict(rows)
    larger = [one for one in told.contrasts if one.kind == "larger"]
    assert [(one.other, one.word) for one in larger] == [
        ("zoo:densenet_bc_100_12", "worse"),
        ("zoo:resnet20", "worse"),
    ]
    gain = 100 * (mean(rows[6].accuracies) - mean(rows[0].accuracies))
    assert f"zoo:resnet20 is better by {gain:.2f} points" in told.text
    of_resnet = larger[1]
    assert of_resnet.low is not None
    assert of_resnet.high is not None
    ends = f"{-100 * of_resnet.high:+.2f} to {-100 * of_resnet.low:+.2f}"
    assert f"zoo:resnet20 is better by {gain:.2f} points (97.5 % interval {ends}" in told.text, "in its own direction"
    assert "5 seeds), at 2.22 times the MACs" in told.text
    assert "at 16.1 times the MACs" in told.text
    alone = verdict([rows[0], *rows[1:4], rows[6]]).text
    assert "none of the 1 takes no more" in alone
    assert "zoo:resnet20 is better by" in alone
    weak = verdict([*rows[:6], drawn("zoo:weak", "baseline", 0.7, 5, 10**8)]).text
    assert "zoo:weak is worse by" in weak
    assert "at 5.56 times the MACs" in weak
    few = verdict(usual(3)).text
    assert re.search(r"zoo:resnet20 has \+\d\.\d\d points \(.*3 seeds\), at 2.22 times the MACs", few)


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_under_five_seeds_no_winner_is_named(seeds):
    told = verdict(usual(seeds))
    assert f"Not enough seeds ({seeds}; at least 5 are needed): no winner is named." in told.text
    assert {one.word for one in told.contrasts} == {"not enough seeds"}
    assert not re.search(r"\b(better|worse) than (?!a random draw)", told.text)
    assert re.search(r"difference from the mean of 3 random cells: [+-]\d\.\d\d points", told.text)
    assert ("no interval" in told.text) is (seeds == 1)


def test_worse_and_undecided_are_said():
    assert verdict(usual(found=0.85)).contrasts[0].word == "worse"
    assert "worse than the mean of 3 random cells by 5." in verdict(usual(found=0.85)).text
    same = [row("a", "found", (0.9, 0.8, 0.9, 0.8, 0.9)), row("r", "random", (0.8, 0.9, 0.8, 0.9, 0.9))]
    assert verdict(same).contrasts[0].word == "no difference shown"
    assert "no difference shown from the mean of 1 random cell: 0.00 points" in verdict(same).text


def test_equal_accuracies_have_an_interval_without_width():
    flat = row("a", "found", (0.9,) * 5)
    told = verdict([flat, row("r", "random", (0.9,) * 5), row("b", "baseline", (0.8,) * 5)])
    assert [(one.difference, one.low, one.word) for one in told.contrasts] == [
        (0, 0, "no difference shown"),
        (pytest.approx(0.1), pytest.approx(0.1), "better"),
    ]
    assert "without width: the same difference at every seed" in told.text
    assert half_width([0.1 + 0.2, 0.3], 0.95) == 0.0


def test_what_is_missing_is_said():
    rows = usual()
    assert "none were trained (--controls K)" in verdict([one for one in rows if one.source != "random"]).text
    assert (
        "it is not compared with a hand-designed network"
        in verdict([one for one in rows if one.source != "baseline"]).text
    )
    alone = verdict([one for one in rows if one.source != "found"])
    assert alone.contrasts == ()
    assert "nothing is ranked" in alone.text
    assert "none of the 2 takes no more than its 18,000,000 MACs" in verdict([rows[0], *rows[-2:]]).text
    assert "not known" in verdict([replace(rows[0], macs=None), *rows[1:]]).text
    assert (
        "1 baseline without multiply-adds or a finished training left out"
        in verdict([*rows, replace(rows[4], macs=None)]).text
    )
    assert "none of its trainings finished" in verdict([row("a", "found", ()), *rows[1:]]).text
    assert "takes no part in the verdict" in verdict([*rows, drawn("ensemble", "ensemble", 0.99)]).text
    assert "share no finished seed" in verdict([rows[0], replace(rows[1], seeds=(7, 8, 9, 10, 11))]).text
    assert "nothing is ranked" in verdict([]).text


def test_failed_trainings_are_said():
    rows = usual()
    short = replace(rows[5], seeds=(0, 1, 3), accuracies=rows[5].accuracies[:3])
    told = verdict([*rows[:5], short, row("zoo:never", "baseline", ())])
    assert "zoo:small has 3 of 5 seeds, zoo:never has 0 of 5 seeds" in told.text
    assert "Not enough seeds (3;" in told.text
    unknown = replace(rows[5], accuracies=rows[5].accuracies[:3])
    assert "zoo:small has 3 of 5 seeds" in verdict([*rows[:5], unknown]).text


def test_the_table_has_a_line_a_row():
    rows = [*usual(), Row("[bold]odd", "baseline", None, None, None, (), ())]
    assert comparison_table(rows).row_count == 9
    assert comparison_rows(rows)[-1] == ("[bold]odd", "baseline", "–", "–", "–", "–", "0")
    assert comparison_rows([row("a", "found", (0.9,))])[0] == (
        "a",
        "found",
        "100,000",
        "1,000,000",
        "123",
        "90.00",
        "1",
    )
    assert re.fullmatch(r"9\d\.\d\d ± 0\.\d\d", comparison_rows(rows)[0][5])

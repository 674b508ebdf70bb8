"""Whether the search beat chance: the interval, the sentence, the curve with its band."""

from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from scipy.stats import ttest_1samp, ttest_ind

from nasbench.core.curves import expected_best
from nasbench.core.trial import Trial
from nasbench.report.run.chance import MIN_CHILDREN, Exact, chance_curve, chance_of, exact_of, verdict, welch
from unit.toys import trial


def many(count: int, low: float, seed: int, epochs: int = 1, **note: object) -> list[Trial]:
    rng = Random(seed)
    made = []
    for _ in range(count):
        number = rng.randrange(10**6)
        made.append(trial(number, score=low + 0.1 * rng.random(), key=str(number), note=note, epochs=epochs))
    return made


BLIND, BETTER, WORSE, SAME = many(20, 0.5, 1, blind=True), many(40, 0.6, 2), many(40, 0.4, 3), many(40, 0.5, 4)


def test_the_interval_is_welchs():
    rng = Random(5)
    first, second = [rng.gauss(1, 1) for _ in range(9)], [rng.gauss(0, 3) for _ in range(6)]
    known = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert welch(first, second) == pytest.approx((mean(first) - mean(second), known.low, known.high))
    known = ttest_1samp(first, 0.5).confidence_interval(0.95)
    assert welch(first, 0.5) == pytest.approx((mean(first) - 0.5, known.low - 0.5, known.high - 0.5))
    assert welch([1.0, 1.0], [0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_the_answer_follows_from_the_interval():
    told = verdict([*BLIND, *BETTER])
    assert (told.answer, told.sentence[:28]) == ("yes", "The search beat chance: its ")
    assert told.low is not None
    assert told.low > 0
    assert "40 chosen children" in told.sentence
    assert "20 random children" in told.sentence
    assert f"{told.low:+.3g}" in told.sentence
    assert verdict([*BLIND, *WORSE]).answer == "no"
    same = verdict([*BLIND, *SAME])
    assert same.answer == "unknown"
    assert "cannot be told" in same.sentence
    assert "95 % interval" in same.sentence
    assert told.to_json()["low"] == told.low


def test_six_random_children_are_enough_for_an_interval():
    told = verdict([*many(6, 0.5, 1, control=True), *many(18, 0.6, 2)])
    assert told.answer == "yes"
    assert "expected best of 6" in told.sentence


def test_of_several_objectives_the_first_is_judged_and_named():
    trials = [*BLIND, *BETTER]
    told = chance_of({"config": {"objectives": ["val_accuracy", "macs"]}}, trials)
    assert told.sentence.startswith("By val_accuracy alone, the first of 2 objectives: the search beat chance: its ")
    assert chance_of({"config": {"objectives": ["val_accuracy"]}}, trials) == verdict(trials)
    assert chance_of({"config": {"target_macs": 400}}, trials) == verdict(trials)


def test_what_cannot_be_told_says_why():
    assert "cannot be told yet" in verdict([*BLIND[: MIN_CHILDREN - 1], *BETTER]).sentence
    assert "--control K" in verdict(BETTER).sentence
    assert "random search itself" in verdict(BLIND).sentence
    assert verdict([]).sentence == "No trial of the search has a score yet."
    promoted = many(5, 0.8, 2, epochs=3)
    assert (
        "20 random children had 1 epoch, and what the search chose had other" in verdict([*BLIND, *promoted]).sentence
    )
    repeated = [trial(1, score=0.7, key="one")] + [trial(n, "cached", 0.7, key="one") for n in range(2, 30)]
    assert verdict([*BLIND, *repeated]).answer == "unknown", "one architecture met 29 times is one observation"


def test_better_children_without_a_better_best_are_no_yes():
    lucky = [*many(19, 0.3, 1, control=True), trial(1, score=0.95, key="lucky", note={"control": True})]
    told = verdict([*lucky, *many(20, 0.6, 2)])
    assert told.answer == "unknown"
    assert "its best is not ahead" in told.sentence


def test_a_control_trained_in_full_is_compared_with_what_was_trained_in_full():
    halved = [*many(30, 0.1, 1, blind=True), *many(6, 0.8, 2, epochs=9), *many(6, 0.7, 3, epochs=9, control=True)]
    assert verdict(halved).answer == "yes"
    assert chance_curve(halved)[-1][0] == 6


def test_where_networks_got_deeper_those_as_deep_as_the_control_are_compared() -> None:
    shallow, deep = many(20, 0.3, 1, layers=2), many(20, 0.7, 2, layers=6)
    random = many(6, 0.7, 3, layers=6, control=True, blind=True)
    told = verdict([*shallow, *deep, *random])
    assert told == verdict([*deep, *random])
    assert "20 chosen children" in told.sentence
    among = many(6, 0.3, 4, layers=2, control=True, blind=True)
    assert "40 chosen children" in verdict([*shallow, *among, *deep, *random]).sentence, "as deep as these, all of them"
    assert "6 layers, and what the search chose had other numbers" in verdict([*shallow, *random]).sentence


def test_children_that_were_stopped_early_are_said_to_be_left_out():
    early = [replace(each, status="pruned", epochs=1) for each in many(3, 0.1, 9)]
    searched = [replace(each, epochs=4) for each in [*many(6, 0.5, 1, control=True), *many(18, 0.6, 2)]]
    told = verdict([*searched, *early])
    assert "18 chosen children" in told.sentence
    assert "left out, in the search's favour: 3 that were stopped early" in told.sentence


def test_the_curve_of_a_control_has_a_band_around_it():
    curve = chance_curve([*BLIND, *BETTER])
    scores = [each.score or 0.0 for each in BLIND]
    assert [n for n, *_ in curve] == list(range(1, 21))
    assert [m for _, m, *_ in curve] == pytest.approx([expected_best(scores, n) for n in range(1, 21)])
    assert all(low <= middle <= high + 1e-12 for _, middle, low, high in curve)
    assert all(before[1] <= after[1] for before, after in pairwise(curve))
    low, high = curve[0][2:]
    interval = welch(scores, 0.0)
    assert (low, high) == pytest.approx(interval[1:], abs=0.01), "of one child, it is that of the mean"
    assert chance_curve([*BLIND, *BETTER]) == curve
    assert chance_curve(BETTER) == []
    assert len(chance_curve(many(500, 0.5, 1, blind=True))) <= 64


def test_a_table_says_exactly_what_chance_is():
    rng = Random(3)
    scores = [rng.gauss(0, 1) for _ in range(500)]
    exact = Exact.of({"plan": {"chance": exact_of(scores)}})
    assert exact is not None
    assert exact.mean == pytest.approx(mean(scores))
    assert exact.best_of(1) == pytest.approx(mean(scores))
    drawn = [max(rng.choices(scores, k=10)) for _ in range(4000)]
    assert exact.best_of(10) == pytest.approx(mean(drawn), abs=0.03)
    (_, _, low, high) = next(point for point in exact.curve if point[0] == 10)
    assert sum(low <= best <= high for best in drawn) / 4000 == pytest.approx(0.95, abs=0.02)
    assert exact.best_of(10_000) == pytest.approx(max(scores), abs=1e-3)
    assert exact.best_of(20) < exact.best_of(21) < exact.best_of(22)
    assert Exact.of({"plan": {}}) is None


def test_a_search_on_a_table_needs_no_control():
    exact = Exact.of({"plan": {"chance": exact_of([each.score or 0.0 for each in BLIND])}})
    assert exact is not None
    told = verdict(BETTER, exact)
    assert told.answer == "yes"
    assert "the table's 20 networks" in told.sentence
    assert "yet" in verdict(BETTER[:2], exact).sentence
    assert [n for n, *_ in chance_curve(BETTER, exact)][-1] == 40

"""The median stopping rule: whom it stops, from when on, and that a resumed run stops the same."""

from random import Random
from statistics import fmean, median

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.registry import pruners
from nasbench.strategies.median import MedianPruner


def heard(scores: dict[int, list[float]], **options: int) -> MedianPruner:
    """A pruner that has heard whole trainings: number -> the score after each epoch."""
    pruner = MedianPruner(**options)
    for number, values in scores.items():
        for epoch, score in enumerate(values, start=1):
            pruner.should_stop(number, epoch, score)
    return pruner


FIVE = {number: [number / 10, number / 5] for number in range(1, 6)}
"""Mean scores up to epoch 2: 0.15, 0.3, 0.45, 0.6, 0.75."""


def test_a_child_below_the_median_of_the_others_means_is_stopped() -> None:
    pruner = heard(FIVE)
    assert not pruner.should_stop(6, 1, 0.30), "as good as the median, 0.3"
    assert pruner.should_stop(6, 2, 0.44), "below the median of the means up to that epoch, 0.45"
    assert not heard(FIVE).should_stop(6, 2, 0.45)
    assert heard(FIVE).should_stop(6, 1, 0.29)


def test_what_counts_is_its_best_so_far() -> None:
    pruner = heard(FIVE)
    assert not pruner.should_stop(6, 1, 0.5)
    assert not pruner.should_stop(6, 2, 0.1), "its best, 0.5, is above 0.45"


def test_the_others_are_those_that_reported_that_epoch() -> None:
    pruner = heard({**FIVE, 9: [0.0]})
    for number in (10, 11, 12, 13):
        pruner.should_stop(number, 1, 0.9)
    assert not heard({**FIVE, 9: [0.0]}, startup=6).should_stop(6, 2, 0.0), "five others have epoch 2"
    assert pruner.should_stop(6, 2, 0.44)
    assert not pruner.should_stop(7, 2, 0.45), "those that were stopped before epoch 2 do not raise its median"


def test_nobody_is_stopped_before_enough_others_and_epochs() -> None:
    four = {number: scores for number, scores in FIVE.items() if number < 5}
    assert not heard(four).should_stop(5, 2, 0.0)
    assert heard(four, startup=4).should_stop(5, 2, 0.0)
    assert not heard(FIVE, warmup=2).should_stop(6, 1, 0.0)
    assert heard(FIVE, warmup=2).should_stop(6, 2, 0.0)
    assert not MedianPruner(startup=1).should_stop(1, 1, 0.0), "there is no other"


def test_scores_may_be_negative() -> None:
    losses = {number: [-number / 10] for number in range(1, 6)}
    assert heard(losses).should_stop(6, 1, -0.31)
    assert not heard(losses).should_stop(6, 1, -0.3)


@pytest.mark.parametrize("seed", range(3))
def test_against_the_rule_as_the_paper_words_it(seed: int) -> None:
    rng = Random(seed)
    pruner, curves = MedianPruner(startup=3), dict[int, list[float]]()
    for number in range(1, 21):
        mine = curves.setdefault(number, [])
        for epoch in range(1, 6):
            mine.append(rng.random() + epoch / 10)
            others = [fmean(values[:epoch]) for n, values in curves.items() if n != number and len(values) >= epoch]
            wanted = len(others) >= 3 and max(mine) < median(others)
            assert pruner.should_stop(number, epoch, mine[-1]) is wanted
            if wanted:
                break


def test_hearing_the_curves_again_restores_it() -> None:
    once, twice = heard(FIVE), heard({**FIVE, **FIVE})
    for number, values in FIVE.items():  # a training that was interrupted reports its epochs again
        twice.should_stop(number, 1, values[0])
    for score in (0.1, 0.3, 0.44, 0.45, 0.9):
        assert once.should_stop(6, 2, score) == twice.should_stop(6, 2, score)


def test_it_is_the_pruner_named_median() -> None:
    assert pruners.get("median") is MedianPruner
    assert isinstance(pruners.make("median"), MedianPruner)
    with pytest.raises(UsageError, match="Did you mean 'median'"):
        pruners.make("medain")

"""The median stopping rule (Golovin et al. 2017, Google Vizier, section 3.2).

A child is stopped after an epoch where its best score so far is below the median of the other children's mean scores up
to that epoch.
"""

from bisect import bisect_left, insort
from math import isnan
from statistics import fmean
from typing import final

from nasbench.core.registry import pruners

LARGEST = 1e300
"""Scores are cut off here, so that they have a mean; one that is NaN is the lowest."""


@final
@pruners.register("median")
class MedianPruner:
    """Compares from `warmup` epochs on, and once `startup` other children have reported that epoch.

    The means of each epoch are kept in order, so that a report looks at its own child's scores alone.
    """

    def __init__(self, startup: int = 5, warmup: int = 1) -> None:
        self._startup, self._warmup = startup, warmup
        self._scores: dict[int, dict[int, float]] = {}  # number of the trial -> epochs -> score
        self._means: dict[int, list[float]] = {}  # epochs -> every child's mean score up to them, in order

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        mine = self._scores.setdefault(number, {})
        later = [epoch for epoch in mine if epoch >= epochs]  # of a child that was begun again
        for epoch in later:
            means = self._means[epoch]
            del means[bisect_left(means, _mean_up_to(mine, epoch))]
        mine[epochs] = -LARGEST if isnan(score) else min(max(score, -LARGEST), LARGEST)
        for epoch in {epochs, *later}:
            insort(self._means.setdefault(epoch, []), _mean_up_to(mine, epoch))
        means = self._means[epochs]
        others = len(means) - 1
        if epochs < self._warmup or others < self._startup:
            return False
        return max(mine.values()) < _median_without(means, bisect_left(means, _mean_up_to(mine, epochs)))


def _mean_up_to(scores: dict[int, float], epochs: int) -> float:
    return fmean(value for epoch, value in scores.items() if epoch <= epochs)


def _median_without(ordered: list[float], place: int) -> float:
    """The median of the numbers without the one at `place`."""
    count = len(ordered) - 1

    def at(index: int) -> float:
        return ordered[index if index < place else index + 1]

    return at(count // 2) if count % 2 else (at(count // 2 - 1) + at(count // 2)) / 2

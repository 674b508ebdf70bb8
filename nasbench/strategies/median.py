"""The median stopping rule (Golovin et al. 2017, Google Vizier, section 3.2).

A child is stopped after an epoch where its best score so far is below the median of the other children's mean scores up
to that epoch.
"""

from statistics import fmean, median
from typing import final

from nasbench.core.registry import pruners


@final
@pruners.register("median")
class MedianPruner:
    """Compares from `warmup` epochs on, and once `startup` other children have reported that epoch."""

    def __init__(self, startup: int = 5, warmup: int = 1) -> None:
        self._startup, self._warmup = startup, warmup
        self._scores: dict[int, dict[int, float]] = {}  # number of the trial -> epochs -> score

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        mine = self._scores.setdefault(number, {})
        mine[epochs] = score
        others = [
            fmean(value for epoch, value in known.items() if epoch <= epochs)
            for other, known in self._scores.items()
            if other != number and epochs in known
        ]
        return epochs >= self._warmup and len(others) >= self._startup and max(mine.values()) < median(others)

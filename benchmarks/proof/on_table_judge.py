"""What the routes on the table return, judged by trainings that no search saw, and how sure that is.

Many searches return the same few cells. So the interval of what a route returns has two parts: other searches would
return other cells, and other trainings of these cells would have other accuracies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from on_table_routes import BUDGET, CHOSEN, GRID, RETRAINED
from scipy.stats import t
from trained_cells import SCORED, Trained

from nasbench.report.race.results import Repetition

Values = tuple[float, ...]
"""What a race tells of a returned cell: its score, then the columns that are only reported."""
Groups = Sequence[Sequence[Repetition]]
"""The repetitions of a route. Those of one group share the weights that they score by."""
NORMAL = 1.96
"""Deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Judge:
    """`anew` is the mean test accuracy in percent of a cell's trainings under seeds that its score does not know, and
    how many they are; `noise` the deviation of one of them.

    The spread over searches is that of noisy means, so the two parts of an interval overlap a little: it is too wide
    rather than too narrow.
    """

    anew: Mapping[Values, tuple[float, int]]
    noise: float

    def half(self, shares: Mapping[Values, float]) -> float:
        """Half of the 95 % interval of a mean of cells, with these shares, over other trainings."""
        return NORMAL * self.noise * sqrt(sum(share**2 / self.anew[cell][1] for cell, share in shares.items()))


def judge_of(cells: Mapping[Values, Trained]) -> Judge:
    """Of cells that were trained under the seed of the score and under others, some of them under all that there are.

    A seed is another sample of the images, and lifts or lowers all cells: by how much, those that were trained under
    all seeds say, and it is taken off. What is left between the trainings of a cell is its noise.
    """
    tested = {
        name: {seed: 100 * cell.measured["test_accuracy"][seed] for seed in cell.seeds if seed != SCORED}
        for name, cell in cells.items()
    }
    seeds = sorted({seed for of_seeds in tested.values() for seed in of_seeds})
    complete = [each for each in tested.values() if len(each) == len(seeds)]
    lifted = {seed: fmean(each[seed] - fmean(each.values()) for each in complete) for seed in seeds}
    rest = [each[seed] - fmean(each.values()) - lifted[seed] for each in complete for seed in seeds]
    noise = sqrt(sum(value**2 for value in rest) / ((len(complete) - 1) * (len(seeds) - 1)))
    level = {name: [value - lifted[seed] for seed, value in each.items()] for name, each in tested.items()}
    return Judge({name: (fmean(each), len(each)) for name, each in level.items()}, noise)


def by_values(cells: Iterable[Trained], score: str) -> dict[Values, Trained]:
    """The cells of a table by what a race tells of them: score, test accuracy of that training, and trained anew."""
    found = {}
    for cell in cells:
        row = cell.row()
        found[row[score], row[CHOSEN], row[RETRAINED]] = cell
    return found


def told(routes: Mapping[str, Groups], judge: Judge, base: str) -> dict[str, dict[str, Any]]:
    """Name of a route -> what it returns along the seconds, and at the end how far it is ahead of the route `base`."""
    at_the_end = {name: shares(groups, BUDGET) for name, groups in routes.items()}
    found = {}
    for name, groups in routes.items():
        along = [_at(groups, seconds, judge) for seconds in GRID]
        found[name] = dict(zip(("mean", "low", "high"), map(list, zip(*along, strict=True)), strict=True))
        own, other = at_the_end[name], at_the_end[base]
        apart = {cell: own.get(cell, 0.0) - other.get(cell, 0.0) for cell in {*own, *other}}
        searches = sqrt(_half(_worths(groups, BUDGET, judge)) ** 2 + _half(_worths(routes[base], BUDGET, judge)) ** 2)
        ahead = sum(share * judge.anew[cell][0] for cell, share in apart.items())
        half = sqrt(searches**2 + judge.half(apart) ** 2) if name != base else 0.0
        chosen = sum(share * 100 * cell[1] for cell, share in own.items())
        found[name] |= {"ahead": [round(ahead, 4), round(half, 4)], "chosen": round(chosen, 4), "cells": len(own)}
    return found


def _at(groups: Groups, seconds: float, judge: Judge) -> tuple[float | None, ...]:
    """Mean and interval; None before every repetition returns something."""
    if any(each.at(seconds, "seconds") is None for group in groups for each in group):
        return None, None, None
    worths = _worths(groups, seconds, judge)
    mean = fmean(map(fmean, worths))
    half = sqrt(_half(worths) ** 2 + judge.half(shares(groups, seconds)) ** 2)
    return tuple(round(value, 4) for value in (mean, mean - half, mean + half))


def _half(worths: Sequence[Sequence[float]]) -> float:
    """Over other searches: Student's over the means of the groups, and no narrower than that over all repetitions, as
    a few groups may lie close to each other by chance.
    """
    return max(half_of(list(map(fmean, worths))), half_of([value for group in worths for value in group]))


def half_of(values: Sequence[float]) -> float:
    """Half of Student's 95 % interval of the mean."""
    return float(t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))


def _worths(groups: Groups, seconds: float, judge: Judge) -> list[list[float]]:
    return [[judge.anew[cell][0] for cell in returned] for returned in _returned(groups, seconds)]


def shares(groups: Groups, seconds: float) -> dict[Values, float]:
    """Cell -> in which share of the searches it is returned; groups weigh the same."""
    found: dict[Values, float] = {}
    for returned in _returned(groups, seconds):
        for cell in returned:
            found[cell] = found.get(cell, 0.0) + 1 / len(returned) / len(groups)
    return found


def _returned(groups: Groups, seconds: float) -> list[list[Values]]:
    found = [[each.at(seconds, "seconds") for each in group] for group in groups]
    return [[tuple(values) for values in group if values is not None] for group in found]

"""Proposals for a Pareto front: the hypervolume of the observed front, and what a candidate would add to it.

Targets. In each objective the worst of the observed front is 0, and the best is 1. Between them a target is the average
of the value's place in this range and of its rank among the values of the front: with places alone, a part of the
front that is short in one unit (low costs, in linear units) counts for nothing. With ranks among all observations, the
differences in the region searched last outgrow all others, and the search stays there.

The hypervolume is the volume between the front and a reference, which lies a little below the worst of the observed
front. What lies beyond it counts for nothing: a search that has seen no accurate and expensive network would never ask
for one. So for every second proposal the reference lies lower: below what the candidates that are expected to be best
in one objective have in the others, the nadir of the payoff table.

What a candidate adds to it is expected under
independent normal posteriors: in two objectives exactly (Emmerich et al. 2011, "Hypervolume-based expected
improvement"), in more as the mean over random directions (Golovin and Zhang 2020, "Random hypervolume scalarizations",
arXiv:2006.04655, lemma 5).

Which candidates are worth this sum is told by their place in each of a few directions from the reference, so that the
candidates cover the whole front.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf

import numpy as np

from nasbench.core.pareto import undominated
from nasbench.strategies.predictor.features import Floats
from nasbench.strategies.predictor.improvement import expected_excess
from nasbench.strategies.predictor.targets import FAILED_SHARE

MARGIN = 0.5
"""The reference lies below the worst of the front by this fraction of the front's range."""
LOWEST = -1.0
"""Targets are clipped here: how bad bad networks are does not matter."""
NEAR_BEST = 0.02
"""Expected to be best in an objective are those that are so close to the best."""
BEYOND_ENDS = 0.1
"""The lower reference lies so far below what they have in the others."""
TINY = 1e-12
DIRECTIONS, DRAWS = 64, 16
"""Directions from the reference, and draws of each candidate's values, for three objectives and more."""


def front_targets(values: Sequence[tuple[float, ...] | None], ranks: float) -> list[Floats]:
    """The targets of observations with these values, more is better: an array (n,) for each objective.

    `ranks` is the weight of the rank among the values of the front. None, a failed trial, has the target of the lower
    quartile.
    """
    is_known = [each is not None for each in values]
    known = np.array([each for each in values if each is not None])  # (m, K)
    found = []
    for column, steps in zip(known.T, front_of(known).T, strict=True):
        steps = np.unique(steps)
        place = (column - steps[0]) / max(float(steps[-1] - steps[0]), TINY)
        rank = np.interp(column, steps, np.linspace(0.0, 1.0, len(steps)))
        mixed = np.where((place >= 0) & (place <= 1), (1 - ranks) * place + ranks * rank, place)
        target = np.clip(mixed, LOWEST, None)
        targets = np.full(len(values), float(np.quantile(target, FAILED_SHARE)))
        targets[is_known] = target
        found.append(targets)
    return found


def front_of(values: Floats) -> Floats:
    """The points (F, K) of `values` (n, K) that no other beats, the best in the first objective first."""
    return np.asarray(values[undominated([tuple(row) for row in values.tolist()])])


def expected_growth(mean: Floats, deviation: Floats, known: Floats, ends: bool = False) -> Floats:
    """By how much candidates extend the hypervolume of the front of `known` (n, K), in expectation: (C, K) -> (C,).
    With `ends` its lower reference counts.

    A tiny multiple of the mean is added: if nothing is expected to extend the front, the highest means win.
    """
    front = front_of(known)
    reference = reference_of(np.concatenate([mean, known]), ends)
    of_candidates = _of_two if mean.shape[1] == 2 else _of_more
    growth = of_candidates(mean, deviation, front, reference)
    return np.asarray(growth + 1e-9 * (mean - mean.min(axis=0)).sum(axis=1))


def nearness(values: Floats, ends: bool = False) -> Floats:
    """Minus the best place of each point (C, K) among all, over the directions from the reference: (C,)."""
    lengths = _lengths(values, reference_of(values, ends))  # (C, W)
    places = lengths.argsort(axis=0)[::-1].argsort(axis=0)
    return np.asarray(-places.min(axis=1).astype(np.float64))


def reference_of(values: Floats, ends: bool) -> Floats:
    """Where hypervolumes begin: (K,). With `ends` not above what the best of `values` (C, K) in one objective have in
    the others.
    """
    reference = np.full(values.shape[1], -MARGIN)
    if not ends:
        return reference
    near_best = values >= values.max(axis=0) - NEAR_BEST  # (C, K)
    payoffs = np.stack([values[rows].max(axis=0) for rows in near_best.T])  # (K, K)
    return np.asarray(np.minimum(reference, payoffs.min(axis=0) - BEYOND_ENDS))


def _of_two(mean: Floats, deviation: Floats, front: Floats, reference: Floats) -> Floats:
    """The strips between neighbours of the front: what lies above each strip is a product of two expectations."""
    low, lowest_floor = reference.tolist()
    steps = front[::-1]  # (F, 2), the first objective rising, the second falling
    edges = [low, *np.maximum(steps[:, 0], low).tolist(), inf]
    floors = [*np.maximum(steps[:, 1], lowest_floor).tolist(), lowest_floor]
    beyond = [expected_excess(mean[:, 0], deviation[:, 0], edge) for edge in edges[:-1]]
    growth = np.zeros(len(mean))
    for (left, right), floor in zip(pairwise([*beyond, np.zeros(len(mean))]), floors, strict=True):
        growth += (left - right) * expected_excess(mean[:, 1], deviation[:, 1], floor)
    return growth


def _of_more(mean: Floats, deviation: Floats, front: Floats, reference: Floats) -> Floats:
    count = mean.shape[1]
    best = _lengths(front, reference).max(axis=0) ** count  # (W,)
    growth = np.zeros(len(mean))
    for draw in _draws(count):
        reached = np.maximum(_lengths(mean + draw * deviation, reference), 0.0) ** count  # (C, W)
        growth += np.maximum(reached - best, 0.0).mean(axis=1) / DRAWS
    return growth


def _lengths(values: Floats, reference: Floats) -> Floats:
    """How far each point reaches in each direction from the reference: (C, K) -> (C, W)."""
    beyond = (values - reference)[:, None, :]  # (C, 1, K)
    return np.asarray((beyond / _directions(values.shape[1])).min(axis=2))


@lru_cache(maxsize=8)
def _directions(count: int) -> Floats:
    """Directions of the positive orthant, uniform on the sphere: (W, K)."""
    if count == 2:
        angles = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS * np.pi / 2
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    drawn = np.abs(np.random.default_rng(count).standard_normal((DIRECTIONS, count)))
    return np.asarray(np.maximum(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), 1e-3))


@lru_cache(maxsize=8)
def _draws(count: int) -> Floats:
    """Standard normal draws, the same for every candidate, in pairs of opposite sign: (DRAWS, K)."""
    half = np.random.default_rng(count).standard_normal((DRAWS // 2, count))
    return np.concatenate([half, -half])

"""Architectures as vectors for the predictor.

A point is a row of D numbers: for a categorical decision the index of its option, for a continuous decision its
position in [0, 1]. The features of a point are two blocks of columns. The kernel of the predictor is a function of the
squared distances in them:
  - place: a one-hot vector for each decision. The squared distance is the number of decisions in which two points
    differ. A continuous decision adds half the squared difference, in units of `RANGE_UNIT`.
  - make-up: for each group of decisions with the same options (for example all operations of a cell), the frequency of
    each option; for each decision with numeric options, the rank of its option. So two cells with the same number of
    convolutions are similar, wherever the convolutions are.
"""

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import final

import numpy as np
from numpy.typing import NDArray

from nasbench.core.arch import Architecture, Choice, Decision, Gene, Range

Floats = NDArray[np.float64]

RANGE_UNIT = 0.2
"""Unit of distance along a range, as a fraction of the range."""

RANGE_STEP = 0.1
"""Standard deviation of a mutation along a range, as a fraction of the range."""


@final
class Encoder:
    """Converts between architectures, points (D,) and features (P + M,): P columns of place, then M of make-up."""

    def __init__(self, space: str, choices: Sequence[Decision]) -> None:
        self._space, self._choices = space, tuple(choices)
        self.sizes = np.array([len(choice.options) if isinstance(choice, Choice) else 0 for choice in self._choices])
        """Number of options of each decision; 0 for a continuous decision."""
        self._index = [
            {option: index for index, option in enumerate(choice.options)} if isinstance(choice, Choice) else {}
            for choice in self._choices
        ]
        self._widths = np.maximum(self.sizes, 1)
        self._starts = np.concatenate([[0], np.cumsum(self._widths)[:-1]])
        self.decision_of_place = np.repeat(np.arange(len(self._choices)), self._widths)
        """The decision of each column of the place block: (P,)"""
        self.num_places = len(self.decision_of_place)
        self._make_up = self._make_up_matrix()
        self.num_features = self.num_places + self._make_up.shape[1]

    @property
    def num_decisions(self) -> int:
        return len(self._choices)

    def point(self, architecture: Architecture) -> Floats:
        """(D,)"""
        genes = architecture.genes
        return np.array(
            [
                index[genes[choice.name]]
                if isinstance(choice, Choice)
                else (float(genes[choice.name]) - choice.low) / (choice.high - choice.low)
                for choice, index in zip(self._choices, self._index, strict=True)
            ],
            dtype=np.float64,
        )

    def architecture(self, point: Floats) -> Architecture:
        """The architecture at a point."""
        return Architecture(
            self._space, tuple((c.name, _gene(c, v)) for c, v in zip(self._choices, point.tolist(), strict=True))
        )

    def features(self, points: Floats) -> Floats:
        """(B, D) -> (B, P + M)"""
        points = points.reshape(-1, self.num_decisions)
        place = np.zeros((len(points), self.num_places))
        rows = np.arange(len(points))
        for decision, (size, start) in enumerate(zip(self.sizes, self._starts, strict=True)):
            if size:
                # sqrt(0.5): points with different options have a squared distance of 1
                place[rows, start + points[:, decision].astype(np.int64)] = sqrt(0.5)
            else:
                place[:, start] = points[:, decision] / (sqrt(2) * RANGE_UNIT)
        return np.hstack([place, place @ self._make_up])

    def sample(self, count: int, rng: Random) -> Floats:
        """Points drawn uniformly: (count, D)."""
        uniform = np.array([[rng.random() for _ in self._choices] for _ in range(count)]).reshape(count, -1)
        return np.where(self.sizes > 0, np.floor(uniform * self.sizes), uniform)

    def mutate(self, points: Floats, changes: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """Changes `changes` (B,) decisions of each point: to another option, or by a small step along a range.

        (B, D) -> (B, D)
        """
        order = rng.random(points.shape)
        order[:, self.sizes == 1] = 2.0  # a decision with one option cannot change
        chosen = order.argsort(axis=1).argsort(axis=1) < changes[:, None]  # (B, D)
        shift = np.floor(rng.random(points.shape) * (self.sizes - 1)) + 1
        other = (points + shift) % np.maximum(self.sizes, 1)
        moved = np.clip(points + RANGE_STEP * rng.standard_normal(points.shape), 0.0, 1.0)
        return np.where(chosen & (self.sizes != 1), np.where(self.sizes > 0, other, moved), points)

    def _make_up_matrix(self) -> Floats:
        """The matrix (P, M) that maps the place block to the make-up block."""
        groups: dict[tuple[Gene, ...], list[int]] = {}
        columns: list[Floats] = []
        for start, choice in zip(self._starts.tolist(), self._choices, strict=True):
            if isinstance(choice, Choice) and len(choice.options) > 1:
                groups.setdefault(choice.options, []).append(start)
                if len(choice.options) > 2 and all(isinstance(o, int | float) for o in choice.options):
                    column = np.zeros(self.num_places)
                    ranks = np.argsort(np.argsort(np.array(choice.options, dtype=np.float64)))
                    column[start : start + len(ranks)] = ranks / (len(ranks) - 1)
                    columns.append(column)
        for options, starts in groups.items():
            if len(starts) > 1:
                for option in range(len(options)):
                    column = np.zeros(self.num_places)
                    column[[start + option for start in starts]] = 1 / sqrt(len(starts))
                    columns.append(column)
        return np.stack(columns, axis=1) * sqrt(2) if columns else np.zeros((self.num_places, 0))


def _gene(choice: Decision, value: float) -> Gene:
    if isinstance(choice, Range):
        return choice.low + value * (choice.high - choice.low)
    return choice.options[int(value)]

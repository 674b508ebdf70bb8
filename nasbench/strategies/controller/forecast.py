"""Which of several draws promises most? The Gaussian processes of the strategy `predictor` forecast it from the trials
that were told.

Asked for is the highest expected improvement over the best posterior mean among the trials, as in `predictor`: a draw
promises much if it is forecast to be good, or if little is known about it. Model, targets and features are the
predictor's too. The policy decides what is drawn; the forecast chooses among its draws.
"""

from collections.abc import Sequence
from statistics import median
from typing import final

import numpy as np

from nasbench.core.protocols import SearchSpace
from nasbench.strategies.predictor.features import Encoder, Floats
from nasbench.strategies.predictor.improvement import expected_improvement
from nasbench.strategies.predictor.kernels import Geometry
from nasbench.strategies.predictor.memory import Memory
from nasbench.strategies.predictor.model import Ensemble, next_rebuild
from nasbench.strategies.predictor.targets import targets_of
from nasbench.strategies.predictor.threads import one_blas_thread

Row = tuple[int, ...]

FEWEST = 8
"""Architectures before there is a forecast."""
MEMBERS = 6
"""Gaussian processes in the ensemble."""
RANKS = 0.5
"""Weight of a score's rank in its target; the score itself has the rest (`targets_of`)."""
MEMORY = 400
"""So many architectures are kept, the newer half and the best of the others."""


@final
class Forecast:
    """Learns from `tell`, forecasts in `best`. What it returns depends on what it was told alone, and on what runs."""

    def __init__(self, space: SearchSpace) -> None:
        self._encoder = encoder = Encoder(space.name, space.choices)
        geometry = Geometry(encoder.decision_of_place, encoder.num_decisions)
        self._model = Ensemble(MEMBERS, geometry, np.zeros((0, encoder.num_features)))
        self._scores: dict[Row, float] = {}
        self._memory: Memory[Row] = Memory(MEMORY)
        self._modelled: list[Row] = []
        """The architectures of the model, in the order of its rows."""
        self._appended = 0
        """So many of them the model has. The others are appended when it is asked: a replay asks nothing."""
        self._rebuild_at = FEWEST
        self._typical = 0.0
        """The score of a random network: the median of the scores before the first model."""

    @property
    def ready(self) -> bool:
        return self._model.ready

    def tell(self, indices: Row, score: float) -> None:
        """The option numbers of an architecture (T,), and its score. A later score of the same one replaces it."""
        if indices in self._scores:
            self._memory.forget()
        else:
            self._memory.add(indices)
            self._modelled.append(indices)
        self._scores[indices] = score
        if len(self._modelled) >= self._rebuild_at:
            with one_blas_thread():
                self._rebuild()

    def best(self, candidates: Sequence[Row], running: Sequence[Row] = ()) -> int:
        """The place of the candidate with the highest expected improvement, given that `running` will be known; of
        equal ones, and without a forecast, the earliest.
        """
        if len(candidates) < 2 or not self.ready:
            return 0
        with one_blas_thread():
            self._append()
            targets = self._targets()
            mean, variance = self._model.predict(self._features(candidates), targets, self._features(running))
            best = float(self._model.fitted(targets).max())
            return int(expected_improvement(mean, np.sqrt(variance), best).argmax())

    def _rebuild(self) -> None:
        from_scratch = not self.ready or len(self._modelled) > MEMORY
        if not self.ready:
            self._typical = median(self._scores.values())
        if from_scratch:
            self._modelled = self._memory.kept(self._scores.get)
        else:
            self._append()
        self._model.rebuild(self._features(self._modelled), self._targets(), from_scratch)
        self._appended = len(self._modelled)
        self._rebuild_at = next_rebuild(self._appended)

    def _append(self) -> None:
        for features in self._features(self._modelled[self._appended :]):
            self._model.append(features)
        self._appended = len(self._modelled)

    def _targets(self) -> Floats:
        """Of the architectures of the model: (n,)"""
        return targets_of([self._scores[row] for row in self._modelled], self._typical, RANKS)

    def _features(self, rows: Sequence[Row]) -> Floats:
        """(B, F)"""
        return self._encoder.features(np.array(rows, dtype=np.float64))

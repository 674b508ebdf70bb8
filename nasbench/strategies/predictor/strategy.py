"""Bayesian optimisation with an ensemble of Gaussian processes over the encoded architectures.

After White et al. 2021 (BANANAS, arXiv:1910.11858): a predictor with uncertainty, and mutations of the best networks as
candidates. Each step proposes the candidate with the highest expected improvement (Jones et al. 1998) over the highest
posterior mean among the observations.

Targets. A target is the average of two terms:
  - the rank of the score, as a normal quantile (the copula of Salinas et al. 2020, arXiv:1909.13595). Accuracies have a
    heavy tail of bad networks, and the differences between good networks are small; ranks spread the good networks.
  - the score itself, clipped below. With ranks alone, the model overestimates the region searched last and
    underestimates the rest of the space.

Exploration. The first proposals are random. Until `explore` networks are known, every second proposal is random too,
because a model that has seen only one region keeps proposing from it. Later, if the last `patience` results brought no
improvement, every second proposal maximises an upper confidence bound over random networks. This happens in small
spaces only: in a large space, random networks are too far from the observations.

Candidates. All networks of a small space are encoded once, in canonical form, and ranked at every step. In a large
space the candidates are random networks and mutations of the best networks, which the model selects over some rounds.

No network (canonical key) is proposed twice while unknown networks are left. Running trials count as known, and they
reduce the variance near them. A failed trial gets the target of the lower quartile of the scored trials: one failure by
accident has little effect on its neighbours, but a region that fails repeatedly is avoided.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import erf, inf, isfinite, pi, sqrt
from random import Random
from statistics import NormalDist, median
from typing import final

import numpy as np
from threadpoolctl import ThreadpoolController

from nasbench.core.arch import Architecture, sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.met import Met
from nasbench.strategies.options import Option, read_options
from nasbench.strategies.predictor.candidates import offspring, pool_of
from nasbench.strategies.predictor.features import Encoder, Floats
from nasbench.strategies.predictor.kernels import Geometry
from nasbench.strategies.predictor.memory import Memory
from nasbench.strategies.predictor.model import Ensemble

OPTIONS = (
    Option("initial", 8, low=2),
    Option("explore", 32, low=0),
    Option("patience", 16, low=1),
    Option("ranks", 0.5, low=0.0, high=1.0),
    Option("members", 6, low=1, high=20),
    Option("candidates", 512, low=16),
)
MAX_OBSERVATIONS = 1000
"""Maximum number of observations of the model. Beyond it, a rebuild keeps the newer half and the best of the others."""
REFIT_GROWTH = 0.12
"""The kernels are chosen again when the number of observations has grown by this fraction."""
FAILED_SHARE = 0.25
FAILED_TARGET = NormalDist().inv_cdf(FAILED_SHARE)
UCB_DEVIATIONS = 3.0
"""The upper confidence bound is the mean plus this many standard deviations."""
TINY = 1e-12
"""Lower bound of the score difference that scales the targets: avoids a division by zero if all scores are equal."""
NUM_PARENTS = 32
"""Number of best networks that are mutated in a large space."""
TIE_TOLERANCE = 1e-6
"""Candidates whose utility is within this fraction of the best are ties; one of them is drawn."""
TRIES = 100
"""Random draws to find an unknown architecture. If all fail, the space counts as exhausted."""


@dataclass(frozen=True)
class Observation:
    """A told network: its point (D,), and its score, None if its trial failed. Its features are ten times as long, and
    follow from its point.
    """

    point: Floats
    score: float | None


@final
@strategies.register("predictor")
class Predictor:
    """Options:
    initial     scored random architectures before the model is used
    explore     while fewer than this many are known, every second proposal is random
    patience    after this many results without improvement, every second proposal maximises an upper confidence
                bound (small spaces only)
    ranks       weight of the rank-transformed score in the target; the score itself has weight 1 - ranks
    members     models in the ensemble
    candidates  architectures scored by the whole ensemble at each step
    """

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        settings = read_options("predictor", OPTIONS, options)
        self._initial, self._explore, self._num_candidates = (
            int(settings[name]) for name in ("initial", "explore", "candidates")
        )
        self._patience = int(settings["patience"])
        self._ranks = settings["ranks"]
        self._space, self._pool = space, pool_of(space)
        self._encoder = encoder = Encoder(space.name, space.choices)
        none = np.zeros((0, encoder.num_features))
        self._model = Ensemble(
            int(settings["members"]),
            Geometry(encoder.decision_of_place, encoder.num_decisions),
            self._pool.features if self._pool else none,
        )
        self._observed: dict[str, Observation] = {}
        self._memory = Memory(MAX_OBSERVATIONS)
        self._scored = 0
        """The number of observations with a score."""
        self._pool_rows: list[int] = []
        """The rows of the pool that were observed."""
        self._modelled: list[str] = []
        """Keys of the observations of the model, in the order of its rows."""
        self._appended = 0
        """So many of them the model has. The others are appended when it is asked: a replay asks nothing."""
        self._refit_at = 0
        self._best, self._since_best = -inf, 0
        """The best score, and the number of results since then."""
        self._typical = 0.0
        """Typical score of a random network: the median of the scores before the first model."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        taken = Met(self._observed, self._space, running)
        num_known = len(self._observed) + len(running)
        every_second = num_known % 2 == 1
        if not self._model.ready or (every_second and num_known < self._explore):
            return Proposal(number, self._random_unknown(taken, rng), note={"blind": True})
        stuck = every_second and self._since_best >= self._patience and self._pool is not None
        with _one_thread():
            self._append()
            targets = self._targets()
            points, features = self._random_candidates(rng) if stuck else self._best_candidates(targets, running, rng)
            pending = self._encoder.features(np.array([self._point(proposal.architecture) for proposal in running]))
            mean, variance = self._model.predict(features, targets, pending)
            deviation, best = np.sqrt(variance), float(self._model.fitted(targets).max())
            utility = mean + UCB_DEVIATIONS * deviation if stuck else expected_improvement(mean, deviation, best)
        chosen = self._best_unknown(points, utility, taken, rng)
        if chosen is None:
            return Proposal(number, self._random_unknown(taken, rng), note={"blind": False})
        row, architecture = chosen
        quantile = NormalDist().cdf(float(mean[row]))
        note = {"blind": False, "quantile": round(quantile, 4), "deviation": round(float(deviation[row]), 4)}
        return Proposal(number, architecture, note=note)

    def tell(self, trial: Trial) -> None:
        key = self._space.canonical(trial.proposed).key
        score = trial.score if trial.score is not None and isfinite(trial.score) else None
        self._since_best += 1
        if score is not None and score > self._best:
            self._best, self._since_best = score, 0
        known = self._observed.get(key)
        if known is not None:
            if score is not None:  # a network that is told again keeps its row
                self._scored += known.score is None
                self._observed[key] = Observation(known.point, score)
                self._memory.forget()
        else:
            self._observed[key] = Observation(self._point(trial.proposed), score)
            self._memory.add(key)
            self._scored += score is not None
            if self._pool is not None and key in self._pool.row:
                self._pool_rows.append(self._pool.row[key])
            if self._model.ready:
                self._modelled.append(key)
        self._rebuild_when_due()

    def _features(self, key: str) -> Floats:
        """(F,)"""
        features: Floats = self._encoder.features(self._observed[key].point[None])[0]
        return features

    def _append(self) -> None:
        """Gives the model the observations that it does not have yet."""
        for key in self._modelled[self._appended :]:
            self._model.append(self._features(key))
        self._appended = len(self._modelled)

    def _rebuild_when_due(self) -> None:
        if self._model.ready:
            due = len(self._modelled) >= self._refit_at
        else:
            due = self._scored >= self._initial
        if due:
            if not self._model.ready:
                self._typical = median(seen.score for seen in self._observed.values() if seen.score is not None)
            from_scratch = not self._model.ready or len(self._modelled) > MAX_OBSERVATIONS
            if from_scratch:
                self._modelled = self._memory.kept(lambda key: self._observed[key].score)
            self._refit_at = len(self._modelled) + max(2, int(REFIT_GROWTH * len(self._modelled)))
            with _one_thread():
                if not from_scratch:
                    self._append()
                features = np.stack([self._features(key) for key in self._modelled])  # (n, F)
                self._model.rebuild(features, self._targets(), from_scratch)
            self._appended = len(self._modelled)

    def _targets(self) -> Floats:
        """The targets of the model's observations: (n,).

        A target is the weighted average of the score's rank, as a normal quantile, and the score itself. The score is
        shifted and scaled, so that a typical random network is 0 and the best network is 2, and clipped at -2.
        """
        scores = [self._observed[key].score for key in self._modelled]
        known = np.array([score for score in scores if score is not None])
        _, place, count = np.unique(known, return_inverse=True, return_counts=True)
        middle = np.cumsum(count) - (count + 1) / 2  # equal scores share the mean of their ranks
        quantile = np.interp(middle, np.arange(len(known)), _normal_quantiles(len(known)))[place]
        reach = max(float(known.max()) - self._typical, TINY)
        height = np.clip(2.0 * (known - self._typical) / reach, -2.0, 2.0)
        failed = self._ranks * FAILED_TARGET + (1 - self._ranks) * float(np.quantile(height, FAILED_SHARE))
        targets = np.full(len(scores), failed)
        targets[[score is not None for score in scores]] = self._ranks * quantile + (1 - self._ranks) * height
        return targets

    def _point(self, architecture: Architecture) -> Floats:
        """In a small space the point of the canonical form. In a large space the point of the given encoding, because
        mutations keep the encoding of their parents.
        """
        return self._encoder.point(self._space.canonical(architecture) if self._pool else architecture)

    def _best_candidates(self, targets: Floats, running: Sequence[Proposal], rng: Random) -> tuple[Floats, Floats]:
        """Points (C, D) and features (C, F) of the candidates with the highest means."""
        if self._pool is not None:
            points, features, mean = self._pool.points, self._pool.features, self._model.pool_mean(targets)
            keys = (self._space.canonical(proposal.architecture).key for proposal in running)
            mean[[*self._pool_rows, *(self._pool.row[key] for key in keys if key in self._pool.row)]] = -np.inf
        else:
            points = self._offspring(targets, rng)
            features = self._encoder.features(points)
            mean = self._model.rough_mean(features, targets)
        count = min(self._num_candidates, len(mean))
        rows = np.sort(np.argpartition(-mean, count - 1)[:count])
        return points[rows], features[rows]

    def _random_candidates(self, rng: Random) -> tuple[Floats, Floats]:
        """Points (C, D) and features (C, F) of random networks of a small space."""
        assert self._pool is not None
        rows = rng.sample(range(len(self._pool.points)), min(self._num_candidates, len(self._pool.points)))
        return self._pool.points[rows], self._pool.features[rows]

    def _offspring(self, targets: Floats, rng: Random) -> Floats:
        best = np.argsort(-targets, kind="stable")[:NUM_PARENTS]
        parents = np.array([self._observed[self._modelled[row]].point for row in best])  # (B, D)

        def value(points: Floats) -> Floats:
            return self._model.rough_mean(self._encoder.features(points), targets)

        return offspring(self._encoder, parents, self._num_candidates, value, rng)

    def _best_unknown(
        self, points: Floats, utility: Floats, taken: Met, rng: Random
    ) -> tuple[int, Architecture] | None:
        """The candidate of the highest utility that is not taken, and its row. Ties are broken at random."""
        order = [int(row) for row in np.argsort(-utility, kind="stable")]
        num_equal = int((utility >= (1 - TIE_TOLERANCE) * utility.max()).sum())
        for row in rng.sample(order[:num_equal], num_equal) + order[num_equal:]:
            architecture = self._encoder.architecture(points[row])
            if self._space.canonical(architecture).key not in taken:
                return row, architecture
        return None

    def _random_unknown(self, taken: Met, rng: Random) -> Architecture:
        """A random architecture that is not taken. After TRIES failures, any random architecture."""
        for _ in range(TRIES):
            architecture = sample(self._space.name, self._space.choices, rng)
            if self._space.canonical(architecture).key not in taken:
                break
        return architecture


def expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """The expected improvement of normal variables over `best` (Jones et al. 1998, eq. 15).

    A tiny multiple of the mean is added: if all improvements are 0, the highest mean wins.
    """
    excess = (mean - best) / deviation
    cumulative = np.array([0.5 * (1.0 + erf(value / sqrt(2.0))) for value in excess.tolist()])
    density = np.exp(-0.5 * excess**2) / sqrt(2.0 * pi)
    return np.asarray(deviation * (excess * cumulative + density) + 1e-9 * (mean - mean.min()))


@lru_cache(maxsize=4096)
def _normal_quantiles(count: int) -> Floats:
    """The normal quantiles of `count` ranks: (count,)"""
    return np.array([NormalDist().inv_cdf((rank + 0.5) / count) for rank in range(count)])


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Runs linear algebra on one thread: the steps are small, and results do not depend on the number of threads."""
    with _blas().limit(limits=1, user_api="blas"):
        yield

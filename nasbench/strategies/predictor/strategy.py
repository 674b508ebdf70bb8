"""Bayesian optimisation with an ensemble of Gaussian processes over the encoded architectures.

After White et al. 2021 (BANANAS, arXiv:1910.11858): a predictor that says how sure it is, and mutated front-runners as
candidates. Each step proposes the architecture of the highest expected improvement (Jones et al. 1998) over the best
that the model believes it has seen. Scores are learned half by their ranks, as normal quantiles (the copula of Salinas
et al. 2020, arXiv:1909.13595): accuracies have a heavy tail of bad networks, in which nobody is interested, and lie
close together where it counts. The other half is the score itself, cut off below: ranks alone make the neighbourhood
searched last look larger than it is, and the rest of the space hopeless.

The first proposals are random, and up to `explore` networks every second one still is: a model of one neighbourhood
goes on in it. Later, where the last `patience` answers were no better than the best one before, every second proposal
is the one of some random networks whose score may be highest for all that the model knows (an upper confidence bound);
in a large space random networks are too far off for that.

Any space will do. Where it is small, all of its networks are encoded once, in their canonical form, and ranked at every
step. In a large one the candidates are drawn: offspring of the front-runners, selected by the model over some rounds,
and random ones.

No network (canonical key) is proposed twice while there are others; those in flight count as taken, and as places about
which there will be less to learn. A failed trial counts as one that three quarters of the scored ones beat: an accident
costs its neighbours little, and what fails again and again is left.
"""

from collections.abc import Iterator, Sequence, Set
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
from nasbench.strategies.options import Option, read_options
from nasbench.strategies.predictor.candidates import offspring, pool_of
from nasbench.strategies.predictor.features import Encoder, Floats
from nasbench.strategies.predictor.kernels import Geometry
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
"""With more, the model forgets down to this many, the newer half and the best of the others, when it is built anew."""
REFIT_GROWTH = 0.12
"""Kernels are chosen, and the members built, anew when the observations have grown by this share."""
FAILED_SHARE = 0.25
FAILED_TARGET = NormalDist().inv_cdf(FAILED_SHARE)
BOUND = 3.0
"""Deviations above the mean that count as possible where the search is stuck."""
TINY = 1e-12
"""Of a score: where all are equal nothing is to be told apart."""
NUM_FRONT_RUNNERS = 32
SAME = 1e-6
"""Candidates whose worth differs by less, relative to the best, are equal: one of them is drawn."""
TRIES = 100
"""Random draws for an architecture that is not taken; a space that gives none in so many is taken for exhausted."""


@dataclass(frozen=True)
class Observation:
    """What was told of a network: its point (D,), its features (F,), its score, None where it failed."""

    point: Floats
    features: Floats
    score: float | None


@final
@strategies.register("predictor")
class Predictor:
    """Options: initial (random networks before the first guess), explore (as many networks until when every second one
    is random), patience (answers without a better one, after which every second proposal is, in a small space, one of
    which little is known), ranks (their share in what is learned, the score's being the rest), members (of the
    ensemble), candidates (looked at closely in each step).
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
        self._modelled: list[str] = []
        """Keys of the model's observations, in its order."""
        self._refit_at = 0
        self._best, self._since_best = -inf, 0
        """The best score told, and the answers since."""
        self._typical = 0.0
        """Score of a random network: the median of those told before the model began."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        taken = self._observed.keys() | {self._space.canonical(proposal.architecture).key for proposal in running}
        num_known = len(self._observed) + len(running)
        second = num_known % 2 == 1
        if not self._model.ready or (second and num_known < self._explore):
            return Proposal(number, self._unknown(taken, rng), note={"blind": True})
        stuck = second and self._since_best >= self._patience and self._pool is not None
        with _one_thread():
            targets = self._targets()
            points, features = self._some_of_pool(rng) if stuck else self._candidates(targets, taken, rng)
            pending = self._encoder.features(np.array([self._point(proposal.architecture) for proposal in running]))
            mean, variance = self._model.predict(features, targets, pending)
            deviation, best = np.sqrt(variance), float(self._model.fitted(targets).max())
            worth = mean + BOUND * deviation if stuck else expected_improvement(mean, deviation, best)
        chosen = self._first_free(points, worth, taken, rng)
        if chosen is None:
            return Proposal(number, self._unknown(taken, rng), note={"blind": False})
        row, architecture = chosen
        quantile = NormalDist().cdf(float(mean[row]))
        note = {"blind": False, "quantile": round(quantile, 4), "deviation": round(float(deviation[row]), 4)}
        return Proposal(number, architecture, note=note)

    def tell(self, trial: Trial) -> None:
        key = self._space.canonical(trial.architecture).key
        score = trial.score if trial.score is not None and isfinite(trial.score) else None
        self._since_best += 1
        if score is not None and score > self._best:
            self._best, self._since_best = score, 0
        known = self._observed.get(key)
        if known is not None:
            if score is not None:  # a network told again keeps its place
                self._observed[key] = Observation(known.point, known.features, score)
        else:
            point = self._point(trial.architecture)
            self._observed[key] = Observation(point, self._encoder.features(point[None])[0], score)
            if self._model.ready:
                self._modelled.append(key)
                with _one_thread():
                    self._model.append(self._observed[key].features)
        self._rebuild_when_due()

    def _rebuild_when_due(self) -> None:
        if self._model.ready:
            due = len(self._modelled) >= self._refit_at
        else:
            due = sum(seen.score is not None for seen in self._observed.values()) >= self._initial
        if due:
            if not self._model.ready:
                self._typical = median(seen.score for seen in self._observed.values() if seen.score is not None)
            afresh = not self._model.ready or len(self._modelled) > MAX_OBSERVATIONS
            if afresh:
                self._modelled = self._memorable()
            self._refit_at = len(self._modelled) + max(2, int(REFIT_GROWTH * len(self._modelled)))
            with _one_thread():
                self._model.rebuild(
                    np.stack([self._observed[key].features for key in self._modelled]), self._targets(), afresh
                )

    def _memorable(self) -> list[str]:
        keys = list(self._observed)
        if len(keys) <= MAX_OBSERVATIONS:
            return keys
        half = MAX_OBSERVATIONS // 2
        older = [key for key in keys[:-half] if self._observed[key].score is not None]
        best = set(sorted(older, key=lambda key: -(self._observed[key].score or 0.0))[:half])
        return [key for key in keys[:-half] if key in best] + keys[-half:]

    def _targets(self) -> Floats:
        """What the model learns, for each of its observations: its score's rank, as a normal quantile, averaged with
        the score. (n,)

        The score is counted from a random network's, and so that the best one is 2; what is worse than -2 counts as -2.
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
        """In a small space that of the canonical form. In a large one that of the spelling: offspring are spelled as
        their parents.
        """
        return self._encoder.point(self._space.canonical(architecture) if self._pool else architecture)

    def _candidates(self, targets: Floats, taken: Set[str], rng: Random) -> tuple[Floats, Floats]:
        """Points (C, D) and features (C, F) of those with the highest means."""
        if self._pool is not None:
            points, features, mean = self._pool.points, self._pool.features, self._model.pool_mean(targets)
            mean[[self._pool.row[key] for key in taken if key in self._pool.row]] = -np.inf
        else:
            points = self._offspring(targets, rng)
            features = self._encoder.features(points)
            mean = self._model.rough_mean(features, targets)
        count = min(self._num_candidates, len(mean))
        rows = np.sort(np.argpartition(-mean, count - 1)[:count])
        return points[rows], features[rows]

    def _some_of_pool(self, rng: Random) -> tuple[Floats, Floats]:
        """Points (C, D) and features (C, F) of random networks of a small space."""
        assert self._pool is not None
        rows = rng.sample(range(len(self._pool.points)), min(self._num_candidates, len(self._pool.points)))
        return self._pool.points[rows], self._pool.features[rows]

    def _offspring(self, targets: Floats, rng: Random) -> Floats:
        best = np.argsort(-targets, kind="stable")[:NUM_FRONT_RUNNERS]
        front_runners = np.array([self._observed[self._modelled[row]].point for row in best])

        def value(points: Floats) -> Floats:
            return self._model.rough_mean(self._encoder.features(points), targets)

        return offspring(self._encoder, front_runners, self._num_candidates, value, rng)

    def _first_free(
        self, points: Floats, worth: Floats, taken: Set[str], rng: Random
    ) -> tuple[int, Architecture] | None:
        """The candidate that promises most among those that are not taken; of equal ones, one drawn by `rng`."""
        order = [int(row) for row in np.argsort(-worth, kind="stable")]
        num_equal = int((worth >= (1 - SAME) * worth.max()).sum())
        for row in rng.sample(order[:num_equal], num_equal) + order[num_equal:]:
            architecture = self._encoder.architecture(points[row])
            if self._space.canonical(architecture).key not in taken:
                return row, architecture
        return None

    def _unknown(self, taken: Set[str], rng: Random) -> Architecture:
        """A random architecture that is not taken; any where there seems to be none."""
        for _ in range(TRIES):
            architecture = sample(self._space.name, self._space.choices, rng)
            if self._space.canonical(architecture).key not in taken:
                break
        return architecture


def expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """Of normal variables over `best` (Jones et al. 1998, eq. 15). Where nothing is to be expected the mean decides."""
    excess = (mean - best) / deviation
    cumulative = np.array([0.5 * (1.0 + erf(value / sqrt(2.0))) for value in excess.tolist()])
    density = np.exp(-0.5 * excess**2) / sqrt(2.0 * pi)
    return np.asarray(deviation * (excess * cumulative + density) + 1e-9 * (mean - mean.min()))


@lru_cache(maxsize=4096)
def _normal_quantiles(count: int) -> Floats:
    """Of `count` ranks: (count,)"""
    return np.array([NormalDist().inv_cdf((rank + 0.5) / count) for rank in range(count)])


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Inside, linear algebra runs on one thread: steps are small, and the last bits do not depend on how many threads
    there are.
    """
    with _blas().limit(limits=1, user_api="blas"):
        yield

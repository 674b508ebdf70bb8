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

Several objectives. Each objective has an ensemble of its own, and a step proposes the candidate with the highest
expected improvement of the hypervolume that the front dominates (`front`). `explore` is half as long.

No network (canonical key) is proposed twice while unknown networks are left. Running trials count as known, and they
reduce the variance near them. A failed trial gets the target of the lower quartile of the scored trials: one failure by
accident has little effect on its neighbours, but a region that fails repeatedly is avoided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from operator import ge
from random import Random
from statistics import NormalDist, median
from typing import final

import numpy as np

from nasbench.core.arch import Architecture, sample
from nasbench.core.objectives import parse_objectives
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.met import Met
from nasbench.strategies.options import Option, read_options, with_defaults
from nasbench.strategies.predictor.candidates import offspring, pool_of
from nasbench.strategies.predictor.features import Encoder, Floats
from nasbench.strategies.predictor.front import expected_growth, front_targets, nearness
from nasbench.strategies.predictor.improvement import expected_improvement
from nasbench.strategies.predictor.kernels import Geometry
from nasbench.strategies.predictor.memory import Memory
from nasbench.strategies.predictor.model import Ensemble, next_rebuild
from nasbench.strategies.predictor.targets import targets_of
from nasbench.strategies.predictor.threads import one_blas_thread

OPTIONS = (
    Option("initial", 8, low=2),
    Option("explore", 32, low=0),
    Option("patience", 16, low=1),
    Option("ranks", 0.5, low=0.0, high=1.0),
    Option("members", 6, low=1, high=20),
    Option("candidates", 512, low=16),
)
EXPLORE_FRONT = 16
"""The default of `explore` with several objectives."""
MAX_OBSERVATIONS = 1000
"""Maximum number of observations of the model. Beyond it, a rebuild keeps the newer half and the best of the others."""
UCB_DEVIATIONS = 3.0
"""The upper confidence bound is the mean plus this many standard deviations."""
NUM_PARENTS = 32
"""Number of best networks that are mutated in a large space."""
TIE_TOLERANCE = 1e-6
"""Candidates whose utility is within this fraction of the best are ties; one of them is drawn."""
Targets = Sequence[Floats]
"""An array (n,) for each objective, or one of the score."""
TRIES = 100
"""Random draws to find an unknown architecture. If all fail, the space counts as exhausted."""

Values = tuple[float, ...]


@dataclass(frozen=True)
class Observation:
    """A told network: its point (D,), and its value in each objective, more is better; None if its trial failed. Its
    features are ten times as long, and follow from its point.
    """

    point: Floats
    values: Values | None


@final
@strategies.register("predictor")
class Predictor:
    """Options:
    initial     scored random architectures before the model is used
    explore     while fewer than this many are known, every second proposal is random (with several objectives 16)
    patience    after this many results without improvement, every second proposal maximises an upper confidence
                bound (small spaces and one objective only)
    ranks       weight of the rank-transformed score in the target; the score itself has weight 1 - ranks; of several
                objectives, the rank among the values of the front
    members     models in the ensemble
    candidates  architectures scored by the whole ensemble at each step

    `objectives` are the metrics to optimise, such as ('val_accuracy', 'macs'). With fewer than two, the score is.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, objectives: Sequence[str] = (), **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        several = parse_objectives(objectives)
        self._objectives = several if len(several) > 1 else ()
        known = with_defaults(OPTIONS, {"explore": EXPLORE_FRONT}) if self._objectives else OPTIONS
        settings = read_options("predictor", known, options)
        self._initial, self._explore, self._num_candidates = (
            int(settings[name]) for name in ("initial", "explore", "candidates")
        )
        self._patience = int(settings["patience"])
        self._ranks = settings["ranks"]
        self._space, self._pool = space, pool_of(space)
        self._encoder = encoder = Encoder(space.name, space.choices)
        none = np.zeros((0, encoder.num_features))
        geometry = Geometry(encoder.decision_of_place, encoder.num_decisions)
        pool = self._pool.features if self._pool else none
        self._models = [Ensemble(int(settings["members"]), geometry, pool) for _ in self._objectives or (None,)]
        """One for each objective; one where the score is what is searched for."""
        self._observed: dict[str, Observation] = {}
        self._memory: Memory[str] = Memory(MAX_OBSERVATIONS)
        self._scored = 0
        """The number of observations with a score."""
        self._pool_rows: list[int] = []
        """The rows of the pool that were observed."""
        self._modelled: list[str] = []
        """Keys of the observations of the model, in the order of its rows."""
        self._appended = 0
        """So many of them the model has. The others are appended when it is asked: a replay asks nothing."""
        self._refit_at = 0
        self._best: list[Values] = []
        """The values that no other beats."""
        self._since_best = 0
        """The number of results since one was added to them."""
        self._typical = 0.0
        """Typical score of a random network: the median of the scores before the first model."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        taken = Met(self._observed, self._space, running)
        num_known = len(self._observed) + len(running)
        every_second = num_known % 2 == 1
        if not self._ready or (every_second and num_known < self._explore):
            return Proposal(number, self._random_unknown(taken, rng), note={"blind": True})
        ends = not every_second
        stuck = every_second and self._since_best >= self._patience and self._pool is not None and not self._objectives
        with one_blas_thread():
            self._append()
            targets = self._targets()
            if stuck:
                points, features = self._random_candidates(rng)
            else:
                points, features = self._best_candidates(targets, running, rng, ends)
            pending = self._encoder.features(np.array([self._point(proposal.architecture) for proposal in running]))
            means, deviations = self._predicted(features, targets, pending)
            utility = self._utility(means, deviations, targets, stuck, ends)
        chosen = self._best_unknown(points, utility, taken, rng)
        if chosen is None:
            return Proposal(number, self._random_unknown(taken, rng), note={"blind": False})
        row, architecture = chosen
        mean, deviation = float(means[0][row]), float(deviations[0][row])  # of the first objective
        note = {"blind": False, "quantile": round(NormalDist().cdf(mean), 4), "deviation": round(deviation, 4)}
        return Proposal(number, architecture, note=note)

    def tell(self, trial: Trial) -> None:
        key = self._space.canonical(trial.proposed).key
        values = self._values(trial)
        self._since_best += 1
        if values is not None and not any(all(map(ge, best, values)) for best in self._best):
            self._best = [best for best in self._best if not all(map(ge, values, best))] + [values]
            self._since_best = 0
        known = self._observed.get(key)
        if known is not None:
            if values is not None:  # a network that is told again keeps its row
                self._scored += known.values is None
                self._observed[key] = Observation(known.point, values)
                self._memory.forget()
        else:
            self._observed[key] = Observation(self._point(trial.proposed), values)
            self._memory.add(key)
            self._scored += values is not None
            if self._pool is not None and key in self._pool.row:
                self._pool_rows.append(self._pool.row[key])
            if self._ready:
                self._modelled.append(key)
        self._rebuild_when_due()

    def _values(self, trial: Trial) -> Values | None:
        """The score, or the values of the objectives, higher is better; None where one is missing or infinite."""
        if trial.score is None or any(each.metric not in trial.metrics for each in self._objectives):
            return None
        values = tuple(each.signed_value(trial.metrics) for each in self._objectives) or (trial.score,)
        return values if all(map(isfinite, values)) else None

    @property
    def _ready(self) -> bool:
        return self._models[0].ready

    def _predicted(self, features: Floats, targets: Targets, pending: Floats) -> tuple[list[Floats], list[Floats]]:
        """Mean and deviation of each objective at features (C, F): an array (C,) for each."""
        found = [m.predict(features, target, pending) for m, target in zip(self._models, targets, strict=True)]
        return [mean for mean, _ in found], [np.sqrt(variance) for _, variance in found]

    def _utility(
        self, means: Sequence[Floats], deviations: Sequence[Floats], targets: Targets, stuck: bool, ends: bool
    ) -> Floats:
        """(C,)"""
        fitted = [model.fitted(target) for model, target in zip(self._models, targets, strict=True)]
        if not self._objectives:
            if stuck:
                return means[0] + UCB_DEVIATIONS * deviations[0]
            return expected_improvement(means[0], deviations[0], float(fitted[0].max()))
        mean, deviation, known = np.stack(means, axis=1), np.stack(deviations, axis=1), np.stack(fitted, axis=1)
        return expected_growth(mean, deviation, known, ends)

    def _worth(self, means: Sequence[Floats], ends: bool = False) -> Floats:
        """What candidates are chosen by before their deviations are known, higher is better: (C,)."""
        return nearness(np.stack(means, axis=1), ends) if self._objectives else means[0]

    def _features(self, key: str) -> Floats:
        """(F,)"""
        features: Floats = self._encoder.features(self._observed[key].point[None])[0]
        return features

    def _append(self) -> None:
        """Gives the model the observations that it does not have yet."""
        for key in self._modelled[self._appended :]:
            features = self._features(key)
            for model in self._models:
                model.append(features)
        self._appended = len(self._modelled)

    def _rebuild_when_due(self) -> None:
        due = len(self._modelled) >= self._refit_at if self._ready else self._scored >= self._initial
        if due:
            if not self._ready:
                self._typical = median(seen.values[0] for seen in self._observed.values() if seen.values is not None)
            from_scratch = not self._ready or len(self._modelled) > MAX_OBSERVATIONS
            if from_scratch:
                self._modelled = self._kept()
            self._refit_at = next_rebuild(len(self._modelled))
            with one_blas_thread():
                if not from_scratch:
                    self._append()
                features = np.stack([self._features(key) for key in self._modelled])  # (n, F)
                for model, targets in zip(self._models, self._targets(), strict=True):
                    model.rebuild(features, targets, from_scratch)
            self._appended = len(self._modelled)

    def _kept(self) -> list[str]:
        """The keys of the observations that the model keeps."""
        if not self._objectives:
            return self._memory.kept(lambda key: None if (values := self._observed[key].values) is None else values[0])
        keys = [key for key, seen in self._observed.items() if seen.values is not None]
        targets = self._targets(keys)
        worth = dict(zip(keys, self._worth(targets).tolist(), strict=True))
        self._memory.forget()  # what is near the front depends on the front
        return self._memory.kept(worth.get)

    def _targets(self, keys: Sequence[str] | None = None) -> Targets:
        """The targets of the model's observations: an array (n,) for each objective."""
        seen = [self._observed[key].values for key in (self._modelled if keys is None else keys)]
        if self._objectives:
            return front_targets(seen, self._ranks)
        return [targets_of([None if values is None else values[0] for values in seen], self._typical, self._ranks)]

    def _point(self, architecture: Architecture) -> Floats:
        """In a small space the point of the canonical form. In a large space the point of the given encoding, because
        mutations keep the encoding of their parents.
        """
        return self._encoder.point(self._space.canonical(architecture) if self._pool else architecture)

    def _best_candidates(
        self, targets: Targets, running: Sequence[Proposal], rng: Random, ends: bool
    ) -> tuple[Floats, Floats]:
        """Points (C, D) and features (C, F) of the most promising candidates by their means."""
        if self._pool is not None:
            points, features = self._pool.points, self._pool.features
            means = [model.pool_mean(target) for model, target in zip(self._models, targets, strict=True)]
            worth = self._worth(means, ends)
            keys = (self._space.canonical(proposal.architecture).key for proposal in running)
            worth[[*self._pool_rows, *(self._pool.row[key] for key in keys if key in self._pool.row)]] = -np.inf
        else:
            points = self._offspring(targets, rng)
            features = self._encoder.features(points)
            worth = self._worth(self._rough_means(features, targets), ends)
        count = min(self._num_candidates, len(worth))
        rows = np.sort(np.argpartition(-worth, count - 1)[:count])
        return points[rows], features[rows]

    def _random_candidates(self, rng: Random) -> tuple[Floats, Floats]:
        """Points (C, D) and features (C, F) of random networks of a small space."""
        assert self._pool is not None
        rows = rng.sample(range(len(self._pool.points)), min(self._num_candidates, len(self._pool.points)))
        return self._pool.points[rows], self._pool.features[rows]

    def _offspring(self, targets: Targets, rng: Random) -> Floats:
        best = np.argsort(-self._worth(targets), kind="stable")[:NUM_PARENTS]
        parents = np.array([self._observed[self._modelled[row]].point for row in best])  # (B, D)

        def value(points: Floats) -> Floats:
            return self._worth(self._rough_means(self._encoder.features(points), targets))

        return offspring(self._encoder, parents, self._num_candidates, value, rng)

    def _rough_means(self, features: Floats, targets: Targets) -> list[Floats]:
        return [model.rough_mean(features, target) for model, target in zip(self._models, targets, strict=True)]

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

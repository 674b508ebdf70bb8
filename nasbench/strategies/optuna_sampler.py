"""TPE and NSGA-II from Optuna. The modules that import optuna are imported when they are used.

`tpe` is the tree-structured Parzen estimator (Bergstra et al. 2011; multivariate, as in BOHB, Falkner et al. 2018,
arXiv:1807.01774). It models the density of the best tenth of the trials and the density of the other trials, and
proposes the sample with the highest ratio of the two. `nsga2` (Deb et al. 2002, doi:10.1109/4235.996017) is an
evolution in generations that keeps the trials not dominated in the objectives.

Optuna's samplers have their own generators and write their state into the study. To keep `ask` reproducible, the study
here holds only the told trials. Each `ask` creates a new sampler, seeded from its `rng`, and works on a copy of the
study, which is discarded afterwards.
"""

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, final

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from nasbench.core.arch import Architecture, Decision, Gene, Range, mutate
from nasbench.core.objectives import Objective, parse_objectives
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.met import Met
from nasbench.strategies.options import Option, read_options

STEPS = 20
"""If a sample is already known or running, up to this many mutations are applied to it to find a new architecture."""
GENERATION = ":generation"
"""Suffix of the attribute names in which Optuna's NSGA-II stores the generation of a trial."""


class _Storage(InMemoryStorage):
    """A storage with cheap copies."""

    def branch(self) -> "_Storage":
        """A copy that can be written to without changing this storage.

        Both share the trial objects. That is safe, because the storage replaces a trial instead of changing it.
        """
        other = copy.copy(self)
        other._trial_id_to_study_id_and_number = dict(self._trial_id_to_study_id_and_number)
        other._studies = {key: copy.copy(study) for key, study in self._studies.items()}
        for study in other._studies.values():
            study.trials = list(study.trials)
            study.param_distribution = dict(study.param_distribution)
        return other


class OptunaStrategy(ABC):
    """The common part of TPE and NSGA-II.

    Scored trials are told to the sampler; a pruned trial has the score that it reached. A failed trial is only
    remembered as known, because neither sampler uses failures. Running proposals are shown to the sampler as running.
    """

    def __init__(self, space: SearchSpace, objectives: Sequence[Objective], random_trials: float) -> None:
        self._space, self._objectives, self._random_trials = space, objectives, random_trials
        self._distributions = {decision.name: distribution_of(decision) for decision in space.choices}
        self._several = {
            name: distribution for name, distribution in self._distributions.items() if not distribution.single()
        }
        directions = [StudyDirection.MAXIMIZE] * max(1, len(objectives))  # of signed values
        with quiet():
            self._storage = _Storage()
            self._storage.create_new_study(directions, "search")
        self._known: set[str] = set()
        self._told = 0

    @abstractmethod
    def sampler(self, seed: int) -> BaseSampler:
        """A new sampler."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        met = Met(self._known, self._space, running)
        with quiet():
            branch = self._storage.branch()
            for proposal in running:
                branch.create_new_trial(0, self._trial(proposal.architecture, None, proposal.note))
            architecture, attributes = self._draw(branch, rng.getrandbits(32))
        for _ in range(STEPS):
            if self._space.canonical(architecture).key not in met:
                break
            architecture = mutate(architecture, self._space.choices, rng)
        note = {"sampler": attributes} if attributes else {}
        return Proposal(number, architecture, note={**note, "blind": self._told < self._random_trials})

    def tell(self, trial: Trial) -> None:
        self._known.add(trial.key)
        values = self._signed_values(trial)
        if values is not None:
            self._storage.create_new_trial(0, self._trial(trial.proposed, values, trial.note))
            self._told += 1

    def _draw(self, branch: _Storage, seed: int) -> tuple[Architecture, dict[str, Any]]:
        """The proposal of a new sampler, and the attributes that hold its generation.

        Calls the sampler's methods as `Study.ask` does, but without inferring the space from all trials every time.
        """
        sampler, study = self.sampler(seed), Study("search", branch)
        number = branch.create_new_trial(0)
        sampler.before_trial(study, branch.get_trial(number))
        drawn = sampler.sample_relative(study, branch.get_trial(number), self._several)
        genes: dict[str, Gene] = {}
        for name, distribution in self._distributions.items():
            if name not in drawn:
                drawn[name] = sampler.sample_independent(study, branch.get_trial(number), name, distribution)
            genes[name] = drawn[name]
        attributes = branch.get_trial(number).system_attrs
        kept = {name: value for name, value in attributes.items() if name.endswith(GENERATION)}
        return Architecture.of(self._space.name, genes), kept

    def _trial(
        self, architecture: Architecture, values: Sequence[float] | None, note: Mapping[str, Any]
    ) -> FrozenTrial:
        attributes = note.get("sampler")
        return create_trial(
            state=TrialState.RUNNING if values is None else TrialState.COMPLETE,
            values=values,
            params=dict(architecture.genes),
            distributions=self._distributions,
            system_attrs=dict(attributes) if isinstance(attributes, Mapping) else {},
        )

    def _signed_values(self, trial: Trial) -> list[float] | None:
        if trial.score is None or any(objective.metric not in trial.metrics for objective in self._objectives):
            return None
        return [objective.signed_value(trial.metrics) for objective in self._objectives] or [trial.score]


TPE_OPTIONS = (Option("startup", 10, low=1), Option("candidates", 24, low=1))


@final
@strategies.register("tpe")
class Tpe(OptunaStrategy):
    """Options, both from Optuna:
    startup     number of random trials at the start
    candidates  samples per step, of which the one with the highest density ratio is proposed
    """

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        settings = read_options("tpe", TPE_OPTIONS, options)
        self._startup, self._candidates = int(settings["startup"]), int(settings["candidates"])
        super().__init__(space, (), random_trials=self._startup)

    def sampler(self, seed: int) -> BaseSampler:
        return TPESampler(
            seed=seed,
            n_startup_trials=self._startup,
            n_ei_candidates=self._candidates,
            multivariate=True,
            constant_liar=True,
        )


NSGA2_OPTIONS = (Option("population", 10, low=2),)


@final
@strategies.register("nsga2")
class Nsga2(OptunaStrategy):
    """Options: population (published: 100, for tens of thousands of trials).

    `objectives` are the metrics to optimise, such as ('val_accuracy', 'macs'). If it is empty, the score is optimised.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, objectives: Sequence[str] = (), **options: object) -> None:  # noqa: ARG002
        self._population = int(read_options("nsga2", NSGA2_OPTIONS, options)["population"])
        self._sizes: dict[tuple[Any, ...], int] = {}  # generation -> number of its scored trials
        super().__init__(space, parse_objectives(objectives), random_trials=self._population)

    def tell(self, trial: Trial) -> None:
        """When a generation is full, the parents of the next one are chosen and stored. A trial that finishes later is
        not among them.
        """
        super().tell(trial)
        if self._filled_a_generation(trial):
            with quiet():
                branch = self._storage.branch()
                self._draw(branch, 0)
                for name, value in branch.get_study_system_attrs(0).items():
                    self._storage.set_study_system_attr(0, name, value)

    def _filled_a_generation(self, trial: Trial) -> bool:
        attributes = trial.note.get("sampler")
        if self._signed_values(trial) is None or not isinstance(attributes, Mapping):
            return False
        generation = tuple(sorted(attributes.items()))
        self._sizes[generation] = self._sizes.get(generation, 0) + 1
        return self._sizes[generation] == self._population

    def sampler(self, seed: int) -> BaseSampler:
        return NSGAIISampler(seed=seed, population_size=self._population)


def distribution_of(decision: Decision) -> BaseDistribution:
    """A decision as Optuna has it."""
    if isinstance(decision, Range):
        return FloatDistribution(decision.low, decision.high)
    return CategoricalDistribution(decision.options)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses Optuna's log messages and its warnings about experimental options."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)

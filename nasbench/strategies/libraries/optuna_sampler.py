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
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from random import Random
from typing import Any, final

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseGASampler, BaseSampler, NSGAIISampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from nasbench.core.arch import Architecture, Decision, Gene, Range, mutate
from nasbench.core.errors import UsageError
from nasbench.core.objectives import Objective, parse_objectives
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.shown import shown
from nasbench.core.trial import Proposal, Trial
from nasbench.core.typed import fits
from nasbench.strategies.met import Met
from nasbench.strategies.options import Option, read_options

STEPS = 20
"""If a sample is already known or running, up to this many mutations are applied to it to find a new architecture."""
GENERATION = ":generation"
"""Suffix of the attribute names in which Optuna's genetic samplers store the generation of a trial."""


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

    def keep(self, trial_ids: Set[int]) -> dict[int, int]:
        """Forgets the other trials of the only study, and its attributes. Kept trials get new ids, their places in the
        same order: old id -> new id.
        """
        study, new_ids = self._studies[0], dict[int, int]()
        trials, study.trials, study.system_attrs, study.best_trial_id = study.trials, [], {}, None
        for trial in trials:
            if trial._trial_id in trial_ids:
                kept = copy.copy(trial)
                kept._trial_id = kept.number = new_ids[trial._trial_id] = len(study.trials)
                study.trials.append(kept)
        self._trial_id_to_study_id_and_number = {number: (0, number) for number in range(len(study.trials))}
        self._max_trial_id = len(study.trials) - 1
        return new_ids


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
            made = self.sampler(0)
            self._storage = _Storage()
            self._storage.create_new_study(directions, "search")
        self._genetic = made if isinstance(made, BaseGASampler) else None
        self._sizes: dict[int, int] = {}  # generation -> number of its scored trials
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
        """When a generation is full, the parents of the next one are chosen and stored. A trial that finishes later is
        not among them. What no later proposal can depend on is forgotten, so that a step does not grow with the search.

        UsageError where the note holds a generation that no search writes.
        """
        _check_generation(trial)
        self._known.add(trial.key)
        values = self._signed_values(trial)
        if values is None:
            return
        self._storage.create_new_trial(0, self._trial(trial.proposed, values, trial.note))
        self._told += 1
        if self._genetic is not None and self._filled_a_generation(trial, self._genetic):
            with quiet():
                branch = self._storage.branch()
                self._draw(branch, 0)
                self._forget(branch.get_study_system_attrs(0), self._genetic)

    def _filled_a_generation(self, trial: Trial, sampler: BaseGASampler) -> bool:
        attributes = trial.note.get("sampler")
        generation = attributes.get(sampler._get_generation_key()) if isinstance(attributes, Mapping) else None
        if generation is None:
            return False
        self._sizes[generation] = self._sizes.get(generation, 0) + 1
        return self._sizes[generation] == sampler.population_size

    def _forget(self, attributes: Mapping[str, Any], sampler: BaseGASampler) -> None:
        """Keeps the trials from the newest generation on whose parents are chosen, and these parents: the sampler draws
        a generation's children from its parents, and chooses those of the next one among both.
        """
        key, prefix = sampler._get_generation_key(), sampler._get_parent_cache_key_prefix()
        trials = self._storage.get_all_trials(0, deepcopy=False)
        generations = {each._trial_id: each.system_attrs.get(key, -1) for each in trials}
        newest = max(generations.values())
        parents = {int(name.removeprefix(prefix)): name for name in attributes if name.startswith(prefix)}
        first = max((each for each in parents if each <= newest), default=0)
        chosen = attributes[parents[first]] if first in parents else ()
        kept = {each for each, generation in generations.items() if generation >= first} | {*chosen}
        new_ids = self._storage.keep(kept)
        for each, name in parents.items():
            if each >= first:
                self._storage.set_study_system_attr(0, name, [new_ids[trial_id] for trial_id in attributes[name]])

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
        super().__init__(space, parse_objectives(objectives), random_trials=self._population)

    def sampler(self, seed: int) -> BaseSampler:
        return NSGAIISampler(seed=seed, population_size=self._population)


def _check_generation(trial: Trial) -> None:
    attributes = trial.note.get("sampler")
    for name, generation in attributes.items() if isinstance(attributes, Mapping) else ():
        if name.endswith(GENERATION) and not (fits(generation, int) and 0 <= generation <= trial.number):
            raise UsageError(
                f"trial {trial.number}: {name!r} in the note is the sampler's generation, a whole number from 0 to "
                f"{trial.number}; got {shown(generation)}. Put the line of the log back as the search wrote it"
            )


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

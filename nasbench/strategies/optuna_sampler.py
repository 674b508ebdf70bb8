"""TPE and NSGA-II through Optuna. This is the one module that imports optuna; import it when it is used.

`tpe`, the tree-structured Parzen estimator (Bergstra et al. 2011; multivariate, as in BOHB, Falkner et al. 2018,
arXiv:1807.01774), models where the best tenth of the trials lies and where the others do, and proposes what is likelier
among the best. `nsga2` (Deb et al. 2002, doi:10.1109/4235.996017) is an evolution by generations that keeps those that
nothing else beats in all of the objectives.

Optuna's samplers keep generators and write what they do into their study. So the study here holds what was told and
nothing else; each question goes to a new sampler, seeded by the generator handed to `ask`, on a branch of the study
that is thrown away afterwards.
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
from nasbench.strategies.options import Option, read_options

STEPS = 20
"""From a sample that is known or running, which would teach nothing, at most so many decisions are changed until one is
new.
"""
GENERATION = ":generation"
"""How the names of the attributes end in which an evolution of Optuna's keeps to which generation a trial belongs."""


class _Storage(InMemoryStorage):
    """A storage that branches."""

    def branch(self) -> "_Storage":
        """A storage to write in that leaves this one as it is: they share trials, and a trial that is written to is
        replaced.
        """
        other = copy.copy(self)
        other._trial_id_to_study_id_and_number = dict(self._trial_id_to_study_id_and_number)
        other._studies = {key: copy.copy(study) for key, study in self._studies.items()}
        for study in other._studies.values():
            study.trials = list(study.trials)
            study.param_distribution = dict(study.param_distribution)
        return other


class OptunaStrategy(ABC):
    """What the two share. A scored trial is told, a pruned one with the score it reached; a failed one only as known:
    neither sampler makes anything of it. Proposals in flight are shown to the sampler as running.
    """

    def __init__(self, space: SearchSpace, objectives: Sequence[Objective], random_trials: int) -> None:
        self._space, self._objectives, self._random_trials = space, objectives, random_trials
        self._distributions = {decision.name: _distribution(decision) for decision in space.choices}
        self._several = {
            name: distribution for name, distribution in self._distributions.items() if not distribution.single()
        }
        directions = [StudyDirection.MAXIMIZE] * max(1, len(objectives))  # of worths, of which more is better
        with _quiet():
            self._storage = _Storage()
            self._storage.create_new_study(directions, "search")
        self._known: set[str] = set()
        self._told = 0

    @abstractmethod
    def sampler(self, seed: int) -> BaseSampler:
        """A new sampler."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        met = self._known | {self._space.canonical(proposal.architecture).key for proposal in running}
        with _quiet():
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
        worths = self._worths(trial)
        if worths is not None:
            self._storage.create_new_trial(0, self._trial(trial.architecture, worths, trial.note))
            self._told += 1

    def _draw(self, branch: _Storage, seed: int) -> tuple[Architecture, dict[str, Any]]:
        """What a new sampler proposes, and to which generation it counts it.

        Its methods are called as a study would call them, but for finding out from all trials, every time, what the
        space is.
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
        self, architecture: Architecture, worths: Sequence[float] | None, note: Mapping[str, Any]
    ) -> FrozenTrial:
        attributes = note.get("sampler")
        return create_trial(
            state=TrialState.RUNNING if worths is None else TrialState.COMPLETE,
            values=worths,
            params=dict(architecture.genes),
            distributions=self._distributions,
            system_attrs=dict(attributes) if isinstance(attributes, Mapping) else {},
        )

    def _worths(self, trial: Trial) -> list[float] | None:
        if trial.score is None or any(objective.metric not in trial.metrics for objective in self._objectives):
            return None
        return [objective.worth(trial.metrics) for objective in self._objectives] or [trial.score]


TPE_OPTIONS = (Option("startup", 10, low=1), Option("candidates", 24, low=1))


@final
@strategies.register("tpe")
class Tpe(OptunaStrategy):
    """Options: startup (random trials at first), candidates (samples of which the likeliest is proposed); both Optuna's
    own.
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

    Optimises `objectives`, metrics such as ('val_accuracy', 'macs'), or the score where there are none.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, objectives: Sequence[str] = (), **options: object) -> None:  # noqa: ARG002
        self._population = int(read_options("nsga2", NSGA2_OPTIONS, options)["population"])
        self._sizes: dict[tuple[Any, ...], int] = {}  # generation -> its scored trials
        super().__init__(space, parse_objectives(objectives), random_trials=self._population)

    def tell(self, trial: Trial) -> None:
        """When a generation is full, the parents of the next are chosen once and kept; who comes late is no parent of
        it.
        """
        super().tell(trial)
        if self._filled_a_generation(trial):
            with _quiet():
                branch = self._storage.branch()
                self._draw(branch, 0)
                for name, value in branch.get_study_system_attrs(0).items():
                    self._storage.set_study_system_attr(0, name, value)

    def _filled_a_generation(self, trial: Trial) -> bool:
        attributes = trial.note.get("sampler")
        if self._worths(trial) is None or not isinstance(attributes, Mapping):
            return False
        generation = tuple(sorted(attributes.items()))
        self._sizes[generation] = self._sizes.get(generation, 0) + 1
        return self._sizes[generation] == self._population

    def sampler(self, seed: int) -> BaseSampler:
        return NSGAIISampler(seed=seed, population_size=self._population)


def _distribution(decision: Decision) -> BaseDistribution:
    if isinstance(decision, Range):
        return FloatDistribution(decision.low, decision.high)
    return CategoricalDistribution(decision.options)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's messages and its warnings that an option is experimental."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)

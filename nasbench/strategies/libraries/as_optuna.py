"""A strategy as a sampler of Optuna: `study = optuna.create_study(sampler=StrategySampler("predictor", {...}))`."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, final

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nasbench.core.arch import Architecture, Choice, Decision, Gene, Range
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Strategy
from nasbench.core.registry import strategies
from nasbench.core.seeds import derive
from nasbench.core.spec import Size
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.libraries.optuna_sampler import distribution_of

if TYPE_CHECKING:
    from torch import nn

NAME = "optuna"


class PlainSpace:
    """Decisions without networks: what a strategy needs of a space."""

    name = NAME
    default_size = Size()

    def __init__(self, choices: Sequence[Decision]) -> None:
        self.choices = tuple(choices)

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, *_: object) -> "nn.Module":
        raise UsageError("the decisions of an Optuna study build no network")


@final
class StrategySampler(BaseSampler):
    """`strategy` by its name, with `options`. `space`: parameter -> its options, or (low, high) of a continuous one.

    Parameters that the objective suggests besides are drawn at random. For studies of one value. UsageError for an
    unknown strategy or option, and for a space that is none.
    """

    def __init__(
        self,
        strategy: str,
        space: Mapping[str, Sequence[Gene] | tuple[float, float]],
        seed: int = 0,
        **options: Any,
    ) -> None:
        self._space = PlainSpace([_decision(name, values) for name, values in space.items()])
        self._distributions = {each.name: distribution_of(each) for each in self._space.choices}
        self._strategy: Strategy = strategies.make(strategy, self._space, options=options, seed=seed)
        self._others = RandomSampler(seed)
        self._seed = seed
        self._proposed: dict[int, Proposal] = {}
        self._told: set[int] = set()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:  # noqa: ARG002
        return dict(self._distributions)

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, Any]:
        if len(study.directions) > 1:
            raise UsageError("StrategySampler is for studies of one value; use one of Optuna's samplers for several")
        self._hear(study)
        rng = Random(derive(self._seed, f"optuna {trial.number}"))
        proposal = self._strategy.ask(trial.number + 1, rng, tuple(self._proposed.values()))
        self._proposed[trial.number] = proposal
        return dict(proposal.architecture.genes)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._others.sample_independent(study, trial, param_name, param_distribution)

    def _hear(self, study: Study) -> None:
        """Tells the strategy the trials that have ended, those of the study before it too."""
        sign = -1.0 if study.direction is StudyDirection.MINIMIZE else 1.0
        for each in study.get_trials(deepcopy=False):
            if each.number not in self._told and each.state.is_finished():
                self._told.add(each.number)
                proposal = self._proposed.pop(each.number, None)
                if all(name in each.params for name in self._distributions):
                    self._strategy.tell(self._answer(each, proposal, sign))

    def _answer(self, each: FrozenTrial, proposal: Proposal | None, sign: float) -> Trial:
        genes = {name: each.params[name] for name in self._distributions}
        architecture = Architecture.of(NAME, genes)
        value = each.value if each.state is TrialState.COMPLETE else None
        if each.state is TrialState.PRUNED and each.intermediate_values:
            value = each.intermediate_values[max(each.intermediate_values)]
        return Trial(
            number=each.number + 1,
            architecture=architecture,
            key=architecture.key,
            status="failed" if value is None else "pruned" if each.state is TrialState.PRUNED else "ok",
            score=None if value is None else sign * value,
            metrics={},
            epochs=1,
            seconds=0.0,
            seed=self._seed,
            worker="",
            started="",
            note={} if proposal is None else proposal.note,
        )


def _decision(name: str, values: Sequence[Gene] | tuple[float, float]) -> Decision:
    if isinstance(values, tuple):
        if len(values) != 2 or not all(isinstance(each, int | float) for each in values):
            raise UsageError(f"{name!r} takes a list of options, or (low, high) of two numbers; got {values!r}")
        return Range(name, float(values[0]), float(values[1]))
    return Choice(name, tuple(values))

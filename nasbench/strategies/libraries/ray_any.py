"""Any searcher of Ray Tune as a strategy: `--strategy ray:OptunaSearch`, with the searcher's arguments as options.

A searcher is made anew for each proposal: seeded, and given what was told as `points_to_evaluate`, which every searcher
takes first; then it suggests one more. So it keeps nothing that a replay of the log would have to restore. A step takes
as long as the searcher needs to read the whole search again.

Random numbers come from the searcher's seed, and from the global generators of `random` and numpy, which are seeded
for the time that it runs. A searcher that draws from another source, as those built on torch do (AxSearch, HEBOSearch),
may propose something else when a search is resumed.
"""

import logging
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from math import inf, isclose
from random import Random
from typing import Any, final

import numpy as np
from ray import tune
from ray.tune.search import SEARCH_ALG_IMPORT, BasicVariantGenerator, Searcher
from ray.tune.search.variant_generator import generate_variants

from nasbench.core.arch import Architecture, Decision, Gene, Range, mutate, sample
from nasbench.core.errors import UsageError, unknown
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.shown import sentence, text_of
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.met import Met
from nasbench.strategies.options import count_of

SEEDS = ("seed", "random_state_seed", "random_state")
"""Names that searchers have for their seed."""
RANDOM_AT_THE_START = ("n_initial_points", "random_search_steps")
"""Arguments of searchers that say how many random trials come first."""
GIVEN = (*SEEDS, "space", "metric", "mode", "points_to_evaluate", "evaluated_rewards")
"""Arguments of searchers that the search itself gives."""
METRIC = "score"
STEPS = 20
"""If a suggestion is already known or running, up to this many mutations are applied to it."""


@final
class AnySearcher:
    """A searcher by its class; `arguments` are those of its constructor. It maximises the score.

    A pruned trial counts with the score that it reached. A failed one is only remembered as known. Where the searcher
    suggests nothing, because it waits for answers or skips what it has suggested before, the proposal is drawn at
    random, and its note says so.
    """

    def __init__(self, kind: type[Any], space: SearchSpace, arguments: dict[str, Any]) -> None:
        self._kind, self._space, self._arguments = kind, space, arguments
        self._domains = {decision.name: _domain(decision) for decision in space.choices}
        self._known: set[str] = set()
        self._told: list[tuple[dict[str, Gene], float]] = []
        is_random = kind is BasicVariantGenerator
        self._random_trials = inf if is_random else count_of(kind, RANDOM_AT_THE_START, arguments)
        """So many trials come first that use nothing of what was told."""
        try:
            with _seeded(0):
                self._suggest(0, ())
        except (AssertionError, ImportError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise UsageError(
                f"Ray Tune's {kind.__name__} cannot search the space {space.name!r} with {arguments or 'no options'}: "
                f"{sentence(' '.join(text_of(error).split()))}"
            ) from error

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        met = Met(self._known, self._space, running)
        seed = rng.getrandbits(32)
        with _seeded(seed):
            genes = self._suggest(seed, [dict(proposal.architecture.genes) for proposal in running])
        waits = genes is None
        if genes is None:
            architecture = sample(self._space.name, self._space.choices, rng)
        else:
            architecture = Architecture.of(self._space.name, genes)
        for _ in range(STEPS):
            if self._space.canonical(architecture).key not in met:
                break
            architecture = mutate(architecture, self._space.choices, rng)
        blind = waits or len(self._told) < self._random_trials
        return Proposal(number, architecture, note={"blind": blind, **({"searcher": "waits"} if waits else {})})

    def tell(self, trial: Trial) -> None:
        self._known.add(trial.key)
        if trial.score is not None:
            self._told.append((dict(trial.proposed.genes), trial.score))

    def _suggest(self, seed: int, running: Sequence[dict[str, Gene]]) -> dict[str, Gene] | None:
        """The suggestion of a new searcher that has met what was told, and what is running; None where it has none."""
        if self._kind is BasicVariantGenerator:  # no Searcher: it draws from the domains, whatever is told
            draws = generate_variants({"config": self._domains}, random_state=np.random.RandomState(seed))
            return dict(next(iter(draws))[1]["config"])
        met = [dict(genes) for genes, _ in self._told] + [dict(genes) for genes in running]
        parameters = signature(self._kind).parameters
        seeds = {name: seed for name in SEEDS if name in parameters}
        points = {"points_to_evaluate": [dict(genes) for genes in met]} if met else {}
        searcher: Searcher = self._kind(**{**seeds, **points, **self._arguments})
        searcher.set_search_properties(METRIC, "max", self._domains)
        for place, known in enumerate(met):
            taken_up = self._ask_searcher(searcher, str(place))
            if taken_up is not None and not _alike(taken_up, known):
                raise UsageError(
                    f"Ray Tune's {self._kind.__name__} does not take what was told as points_to_evaluate: it suggested "
                    f"{taken_up} instead of {known}"
                )
            if place < len(self._told):
                result = {METRIC: self._told[place][1], "training_iteration": 1}
                searcher.on_trial_complete(str(place), result)
        return self._ask_searcher(searcher, str(len(met)))

    def _ask_searcher(self, searcher: Searcher, name: str) -> dict[str, Gene] | None:
        """None where it waits for answers, or would suggest what it has suggested before."""
        found: Any = searcher.suggest(name)
        if found == Searcher.FINISHED:
            raise UsageError(
                f"Ray Tune's {self._kind.__name__} suggests nothing more after {len(self._told)} trials: it takes the "
                "search for converged. Another strategy goes on, or other options of this one"
            )
        if found is None:
            return None
        return {decision.name: _gene(decision, found[decision.name]) for decision in self._space.choices}


def searcher_named(name: str) -> Callable[..., Strategy]:
    """Makes strategies of the searcher with that name in ray.tune.search. UsageError where there is none."""
    kinds = _kinds()
    if name not in kinds:
        short = {each: kind.__name__ for each, kind in _imported()}
        hint = f"The searcher that Ray calls {name!r} is ray:{short[name]}" if name in short else ""
        raise unknown("searcher of Ray Tune", name, kinds, hint)
    kind = kinds[name]
    taken = [each for each in signature(kind).parameters if each not in GIVEN]

    def make(space: SearchSpace, seed: int = 0, **options: Any) -> Strategy:  # noqa: ARG001 - every draw comes from ask's rng
        for option in options:
            if option not in taken:
                raise unknown(f"argument of Ray Tune's {name}", option, taken)
        return AnySearcher(kind, space, options)

    return make


def _imported() -> Iterator[tuple[str, type[Any]]]:
    """Ray's own short name of each searcher, and its class."""
    for short, importer in SEARCH_ALG_IMPORT.items():
        try:
            yield short, importer()
        except ImportError:  # most searchers import their packages later, and say in their constructors what lacks
            continue


def _kinds() -> dict[str, type[Any]]:
    return {kind.__name__: kind for _, kind in _imported()}


def _domain(decision: Decision) -> Any:
    """A decision as Ray Tune has it."""
    return tune.uniform(decision.low, decision.high) if isinstance(decision, Range) else tune.choice(decision.options)


def _gene(decision: Decision, value: Any) -> Gene:
    """The value of a suggestion as the decision has it: a number within its range, or the option itself."""
    if isinstance(decision, Range):
        return min(max(float(value), decision.low), decision.high)
    if value not in decision.options:
        raise UsageError(f"{decision.name!r} is one of {', '.join(map(repr, decision.options))}; got {value!r}")
    equal = [option for option in decision.options if option == value]
    return min(equal, key=lambda option: type(option) is not type(value))


def _alike(found: dict[str, Gene], told: dict[str, Gene]) -> bool:
    """Whether they are the same, but for the rounding of numbers."""
    pairs = ((found[name], value) for name, value in told.items())
    return all(a == b or (isinstance(a, float) and isinstance(b, float) and isclose(a, b)) for a, b in pairs)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Global generators that start from `seed`, and are put back; what the searcher's libraries say is left out."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - the generators of the searchers
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        random.setstate(before)
        np.random.set_state(numpy_before)  # noqa: NPY002

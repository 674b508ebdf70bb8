"""Regularised evolution (Real, Aggarwal, Huang and Le 2019, arXiv:1802.01548).

The population is a queue of trials: when a new trial enters, the oldest leaves, however good it is. Each child is a
mutation of the best of `sample` members, which are drawn with replacement.

The published settings are for 20,000 trials: a population of 100 and samples of 25 (--strategy-options population=100
sample=25). With them, all of the first 100 trials are random. The defaults here are a population of 20 and samples of
10. Among the settings tried with 100 trials on synthetic rewards, they were the best both for a cell of six decisions
and for the fifty decisions of NASNet (docs/experiments.md).

A mutation changes one decision; all decisions are equally likely. In the NASNet space these are the published mutations
of an input and of an operation, and also a mutation of a combination. The published identity mutation (probability
1/20) is left out: it trains a network again to see the noise of another seed, but all children here share one seed. For
the same reason, a mutation is drawn again, a few times, if its network is already known or is the parent's own network
in another encoding.
"""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import final

from nasbench.core.arch import Architecture, mutate, sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.met import Met
from nasbench.strategies.options import Option, read_options

OPTIONS = (Option("population", 20, low=2), Option("sample", 10, low=1))
TRIES = 10
"""Mutations of the parent that are tried until one gives a new network. If all fail, as many further mutations follow,
each of the previous result. The last one is proposed in any case.
"""


@final
@strategies.register("evolution")
class Evolution:
    """Options: population, sample.

    Every scored trial enters the population, in the order of the calls of `tell`. A pruned trial enters with the score
    that it reached; a failed trial does not enter. Proposals are random until the scored and the running trials
    together are as many as the population has places.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        settings = read_options("evolution", OPTIONS, options)
        self._size, self._sample = int(settings["population"]), int(settings["sample"])
        if self._sample > self._size:
            raise UsageError(
                f"option 'sample' of the strategy 'evolution' is at most its population, {self._size}; "
                f"got {self._sample}. Give sample={self._size} or less, or a larger population."
            )
        self._space = space
        self._population: deque[Trial] = deque(maxlen=self._size)  # a full deque drops its oldest
        self._known: set[str] = set()

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        if not self._population or len(self._population) + len(running) < self._size:
            return Proposal(number, sample(self._space.name, self._space.choices, rng), note={"blind": True})
        parent = max(rng.choices(self._population, k=self._sample), key=lambda trial: (trial.score, -trial.number))
        met = Met(self._known, self._space, running)
        return Proposal(number, self._child(parent.proposed, met, rng), note={"parent": parent.number})

    def tell(self, trial: Trial) -> None:
        self._known.add(trial.key)
        if trial.score is not None:
            self._population.append(trial)

    def _child(self, parent: Architecture, met: Met, rng: Random) -> Architecture:
        child = parent
        for attempt in range(2 * TRIES):
            child = mutate(parent if attempt < TRIES else child, self._space.choices, rng)
            if self._space.canonical(child).key not in met:
                break
        return child

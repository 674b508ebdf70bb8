"""Regularised evolution (Real, Aggarwal, Huang and Le 2019, arXiv:1802.01548): a queue of trials whose oldest dies,
however good it was.

Each child is the best of `sample` members, drawn with replacement, with one decision changed. Published, for 20,000
trials: a population of 100 and samples of 25 (--strategy-options population=100 sample=25). With those a search of a
hundred trials is random from end to end. Here a population is 20 and a sample 10: of those tried at 100 trials on
made-up rewards, the best both in a cell of six decisions and over NASNet's fifty (docs/experiments.md).

A child differs from its parent in one decision, all equally likely: in the NASNet space the published mutations of an
input and of an operation, and besides them that of a combination. The published identity mutation, with a chance of 1
in 20, trains a network again to see another draw of its noise; children here share one seed, so it would teach nothing,
and is left out. For the same reason a mutation that leaves the network what it was (another spelling) or makes one that
is known is drawn again, a few times.
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
from nasbench.strategies.options import Option, read_options

OPTIONS = (Option("population", 20, low=2), Option("sample", 10, low=1))
TRIES = 10
"""So many mutations of the parent are tried, then as many of their child, until one makes a new network; the last is
proposed anyway.
"""


@final
@strategies.register("evolution")
class Evolution:
    """Options: population, sample.

    Every scored trial enters the population, a pruned one with the score it reached, in the order in which they are
    told; failed ones do not. Proposals are random until as many trials as the population has members are known or
    running.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        settings = read_options("evolution", OPTIONS, options)
        self._size, self._sample = int(settings["population"]), int(settings["sample"])
        if self._sample > self._size:
            raise UsageError(
                f"option 'sample' of the strategy 'evolution' is at most its population, {self._size}; got "
                f"{self._sample}. "
                f"Give sample={self._size} or less, or a larger population."
            )
        self._space = space
        self._population: deque[Trial] = deque(maxlen=self._size)  # a full deque drops its oldest
        self._known: set[str] = set()

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        if not self._population or len(self._population) + len(running) < self._size:
            return Proposal(number, sample(self._space.name, self._space.choices, rng), note={"blind": True})
        parent = max(rng.choices(self._population, k=self._sample), key=lambda trial: (trial.score, -trial.number))
        met = self._known | {self._space.canonical(proposal.architecture).key for proposal in running}
        return Proposal(number, self._child(parent.architecture, met, rng), note={"parent": parent.number})

    def tell(self, trial: Trial) -> None:
        self._known.add(trial.key)
        if trial.score is not None:
            self._population.append(trial)

    def _child(self, parent: Architecture, met: set[str], rng: Random) -> Architecture:
        child = parent
        for attempt in range(2 * TRIES):
            child = mutate(parent if attempt < TRIES else child, self._space.choices, rng)
            if self._space.canonical(child).key not in met:
                break
        return child

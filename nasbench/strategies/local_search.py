"""Local search (White, Nolen and Savani 2021, arXiv:2005.02960; Den Ottelander et al. 2021, arXiv:2004.08996).

Tries the neighbours of an architecture in random order and moves to the first one that is better. If no neighbour is
better, the architecture is a local optimum, and the search restarts at a random architecture. The first climb starts
at the best of `starts` random architectures (10, as in White et al.).

A neighbour differs in one decision. A categorical decision gives one neighbour for each other option. A continuous
decision gives `STEPS` neighbours, drawn around its value, so every climb is finite. A network that was already tried is
not tried again, even if it is encoded differently.
"""

from collections.abc import Sequence
from random import Random
from typing import final

from nasbench.core.arch import Architecture, Range, neighbours, sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.seeds import derive
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.options import Option, read_options

OPTIONS = (Option("starts", 10, low=1),)
STEPS, STEP_SIZE = 8, 0.1
"""Number of neighbours of a continuous decision, and their standard deviation as a fraction of its range."""


@final
@strategies.register("local_search")
class LocalSearch:
    """Options: starts.

    The note of a neighbour holds the number of the centre trial and the neighbour's own key. With the key, a neighbour
    that failed, or that was repaired before its evaluation, is not tried again. The note of a restart holds the number
    of the local optimum that it leaves.

    With several workers, results arrive late. A trial becomes the new centre in three cases:
      - it beats the centre that it was proposed around, and this centre is still the current one;
      - it beats all trials so far;
      - it is a restart, and the local optimum that it leaves is still the centre.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        self._starts = int(read_options("local_search", OPTIONS, options)["starts"])
        self._space = space
        self._known: set[str] = set()
        self._scored = 0
        self._centre: Trial | None = None
        self._around: list[Architecture] = []  # the centre's neighbours
        self._best_score: float | None = None

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        start = sample(self._space.name, self._space.choices, rng)
        if self._centre is None or self._scored + len(running) < self._starts:
            return Proposal(number, start, note={"blind": True})
        running_keys = {str(proposal.note.get("neighbour")) for proposal in running}
        for neighbour in rng.sample(self._around, len(self._around)):
            key = self._space.canonical(neighbour).key
            if key not in self._known and key not in running_keys:
                return Proposal(number, neighbour, note={"centre": self._centre.number, "neighbour": key})
        return Proposal(number, start, note={"blind": True, "leaves": self._centre.number})

    def tell(self, trial: Trial) -> None:
        self._known |= {trial.key, str(trial.note.get("neighbour", trial.key))}
        if trial.score is None:
            return
        self._scored += 1
        centre = self._centre
        best_so_far = self._best_score is None or trial.score > self._best_score
        if best_so_far:
            self._best_score = trial.score
        if centre is None or best_so_far or trial.note.get("leaves") == centre.number or self._climbs(trial, centre):
            self._centre, self._around = trial, self._neighbours(trial.proposed)

    def _climbs(self, trial: Trial, centre: Trial) -> bool:
        assert trial.score is not None
        assert centre.score is not None
        return trial.note.get("centre") == centre.number and trial.score > centre.score

    def _neighbours(self, architecture: Architecture) -> list[Architecture]:
        around, genes = list(neighbours(architecture, self._space.choices)), architecture.genes
        for decision in self._space.choices:
            if isinstance(decision, Range):
                draws = Random(derive(0, "neighbours", architecture.key, decision.name))
                value, width = float(genes[decision.name]), decision.high - decision.low
                for _ in range(STEPS):
                    moved = min(decision.high, max(decision.low, draws.gauss(value, STEP_SIZE * width)))
                    around.append(Architecture.of(architecture.space, {**genes, decision.name: moved}))
        return around

"""Local search (White, Nolen and Savani 2021, arXiv:2005.02960; Den Ottelander et al. 2021, arXiv:2004.08996).

Tries the neighbours of an architecture in random order, moves to the first that is better, and where none is, a local
optimum, starts again at a random one. The first climb starts at the best of `starts` random architectures, 10 as White
et al. have it.

A neighbour differs in one decision: in any other option of a categorical one; a continuous one has `STEPS` neighbours,
drawn around its value, so that a climb comes to an end there too. A network that is known, however spelled, is not
tried again.
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
"""Neighbours of a continuous decision, and their deviation as a share of its range."""


@final
@strategies.register("local_search")
class LocalSearch:
    """Options: starts.

    A neighbour's note names the trial it is next to, and its own key: it is not tried again if it fails, or if it was
    not evaluated as it was proposed. A restart's note names the local optimum that it leaves. With several workers
    answers come late: a trial is climbed from if it beats the centre it was proposed around, or everything so far; a
    restart, if its optimum still is the centre.
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
        met = self._known | {str(proposal.note.get("neighbour")) for proposal in running}
        for neighbour in rng.sample(self._around, len(self._around)):
            key = self._space.canonical(neighbour).key
            if key not in met:
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
            self._centre, self._around = trial, self._neighbours(trial.architecture)

    def _climbs(self, trial: Trial, centre: Trial) -> bool:
        assert trial.score is not None
        assert centre.score is not None
        return trial.note.get("centre") == centre.number and trial.score > centre.score

    def _neighbours(self, architecture: Architecture) -> list[Architecture]:
        around = list(neighbours(architecture, self._space.choices))
        for decision in self._space.choices:
            if isinstance(decision, Range):
                draws = Random(derive(0, "neighbours", architecture.key, decision.name))
                value, width = float(architecture.genes[decision.name]), decision.high - decision.low
                for _ in range(STEPS):
                    moved = min(decision.high, max(decision.low, draws.gauss(value, STEP_SIZE * width)))
                    around.append(Architecture.of(architecture.space, {**architecture.genes, decision.name: moved}))
        return around

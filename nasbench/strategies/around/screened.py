"""Any strategy behind a cheap score (`--screen`): of K proposals, only the best by the score is evaluated.

Each ask lets the wrapped strategy make K proposals. Each of them sees the earlier ones as running, so that a strategy
which proposes nothing twice makes K different ones. The best by the cheap score is proposed, as the strategy made it:
with its own note, its own log-probability among it. The others leave no trace, because only `tell` changes what a
strategy knows, and they are never told.

A proposal that goes on with an earlier trial (a promotion of `asha`) is not screened: the search has decided about its
network already. Networks that the search has met rank behind all others, since nothing would be evaluated. Those on
which the cheap score is not defined rank behind those on which it is; between equals the earlier proposal is taken.

The first proposal is the one that the strategy makes without a screen, from the trial's own generator; the others have
generators that are derived from it. A screened proposal is no random one, even where the strategy drew it blindly, so
its note says `blind: false`. The control of a search is not screened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite, log
from random import Random
from typing import Any, Protocol, final

from nasbench.core.arch import Architecture
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.around.scored_once import ScoredOnce, Values

NOTE = "screened"
"""The entry of a note that says by what a proposal was chosen (`by`), among how many networks (`of`), and its `score`;
the `parts` of the score where they are ranked among those networks.
"""


class CheapScore(Protocol):
    """A score of networks that costs little, of which more is better. The same network has the same values."""

    label: str

    def __call__(self, key: str, canonical: Architecture) -> Values:
        """The values of a network in its canonical form, whose key is `key`."""

    def remember(self, key: str, values: Values) -> None:
        """Learns what a log knows, so that it is not computed again."""


def screened(strategy: Strategy, cheap: ScoredOnce | None, space: SearchSpace) -> Strategy:
    """The strategy behind the screen, if there is one."""
    return strategy if cheap is None else Screened(strategy, cheap, cheap.proposals, space)


@final
class Screened:
    """A strategy of whose `count` proposals at a time the best by `cheap` is proposed."""

    def __init__(self, inner: Strategy, cheap: CheapScore, count: int, space: SearchSpace) -> None:
        self._inner, self._cheap, self._count, self._space = inner, cheap, count, space
        self._epochs: dict[str, int] = {}
        """Key of every network that was told -> the most epochs it had."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        first = self._inner.ask(number, rng, running)
        if not self._competes(first):
            return first
        made = [first]
        for _ in range(self._count - 1):
            proposal = self._inner.ask(number, Random(rng.getrandbits(64)), (*running, *made))
            if self._competes(proposal):
                made.append(proposal)
        return self._best(made, {self._key(proposal) for proposal in running})

    def tell(self, trial: Trial) -> None:
        self._epochs[trial.key] = max(trial.epochs, self._epochs.get(trial.key, 0))
        values = _logged(trial.note.get(NOTE))
        if values is not None:
            self._cheap.remember(trial.key, values)
        self._inner.tell(trial)

    def _key(self, proposal: Proposal) -> str:
        return self._space.canonical(proposal.architecture).key

    def _competes(self, proposal: Proposal) -> bool:
        """Whether it is screened. Not if it gives more epochs to a network that was evaluated."""
        if proposal.resume_from is not None:
            return False
        return proposal.epochs is None or not 0 < self._epochs.get(self._key(proposal), 0) < proposal.epochs

    def _best(self, made: Sequence[Proposal], running: set[str]) -> Proposal:
        networks: dict[str, Proposal] = {}
        for proposal in made:
            networks.setdefault(self._key(proposal), proposal)
        values = [self._cheap(key, self._space.canonical(each.architecture)) for key, each in networks.items()]
        scores = scores_among(values)
        ranks = {
            key: (key not in self._epochs and key not in running, -inf if score is None else score)
            for key, score in zip(networks, scores, strict=True)
        }
        best = max(ranks, key=lambda key: ranks[key])  # the earliest of equal ones
        place = list(networks).index(best)
        told: dict[str, Any] = {"by": self._cheap.label, "of": len(networks), "score": scores[place]}
        if len(values[place]) > 1:
            told["parts"] = dict(values[place])
        return replace(networks[best], note={**networks[best].note, "blind": False, NOTE: told})


def scores_among(values: Sequence[Values]) -> list[float | None]:
    """The scores of networks that are compared with each other: a single value is the score itself.

    Of several parts, the sum over the parts of log(rank / n) among the n networks, rank n the best. A part that is not
    defined ranks last; equal parts share their mean rank (Lee and Ham 2024, section 3.5).
    """
    if all(len(each) == 1 for each in values):
        return [next(iter(each.values())) for each in values]
    total = [0.0] * len(values)
    for part in values[0]:
        column = [-inf if (value := each[part]) is None else value for each in values]
        for place, value in enumerate(column):
            rank = sum(other < value for other in column) + (column.count(value) + 1) / 2
            total[place] += log(rank / len(column))
    return list(total)


def _logged(told: object) -> Values | None:
    """The values in a note as the log has it; None where there are none."""
    if not isinstance(told, Mapping) or "score" not in told:
        return None
    parts = told.get("parts")
    values = parts if isinstance(parts, Mapping) else {"score": told["score"]}
    right = all(value is None or (type(value) in (int, float) and isfinite(value)) for value in values.values())
    return dict(values) if right else None

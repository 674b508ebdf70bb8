"""Which network a search returns: the best seen, or the one of the highest posterior mean where scores are noisy.

The best of many noisy scores is the luckiest. The predictor's Gaussian processes, fitted to all networks that the
search has scored, tell score from noise: their posterior mean at a network is what its score would be without. Where
scores are exact, though, a model can only be wrong about them. So `auto` asks the models how much of the lead of the
best seen over a typical network they hold to be noise, and lets their posterior decide where it is most of it
(`benchmarks/returned.py` measures both kinds).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench.core.curves import searched
from nasbench.core.protocols import SearchSpace
from nasbench.core.retraining import best_networks
from nasbench.core.store import RETURNED
from nasbench.core.trial import Trial

FEWEST = 20
"""Networks with a score, from which on there is a model."""
MOST = 800
"""Networks that the models are fitted to at most: the best half as many, and others evenly over all scores."""
HELD_TO_BE_NOISE = 0.57
"""Share of the best's lead above which `auto` follows the posterior. Of exact scores, 1 in 360 searches lay above."""
MEMBERS, RANKS = 4, 0.5
"""As the predictor's own defaults."""


@dataclass(frozen=True)
class Returned:
    """`ranked` are the networks of a search, the returned one first. `noise` is the share of the best's lead that the
    models hold to be noise.
    """

    ranked: Sequence[Trial]
    seen: Trial
    by: str
    noise: float

    @property
    def sentence(self) -> str:
        """Which network it is, and why."""
        trial, share = self.ranked[0], f"{self.noise:.0%} of the lead of the best seen (trial {self.seen.number})"
        if self.by == "seen":
            return f"the best seen is returned: by a model of all scores, {share} is noise"
        other = "that trial has" if trial.number == self.seen.number else f"trial {trial.number} has"
        return f"by a model of all scores, {share} is noise, and {other} the highest posterior mean: it is returned"

    def to_json(self) -> dict[str, Any]:
        """What run.json says of it."""
        number, seen = self.ranked[0].number, self.seen.number
        noise = round(self.noise, 4)
        return {RETURNED: {"number": number, "by": self.by, "seen": seen, "noise": noise, "told": self.sentence}}


def returned_by(rule: str, space: SearchSpace, trials: Sequence[Trial]) -> Returned | None:
    """What `--return RULE` returns; None for `seen`, and where there are too few networks for a model.

    Among the strategy's own networks with the most epochs.
    """
    ranked = best_networks(searched(trials))
    known = [trial for trial in ranked if trial.epochs == ranked[0].epochs]
    if rule == "seen" or len(known) < FEWEST:
        return None
    means, target = _posterior(space, known if len(known) <= MOST else _spread(known))
    noise = min(max(1.0 - means[known[0].number] / target, 0.0), 1.0) if target > 0 else 0.0
    by = "posterior" if rule == "posterior" or noise > HELD_TO_BE_NOISE else "seen"
    if by == "posterior":
        order = {number: place for place, number in enumerate(sorted(means, key=lambda each: -means[each]))}
        known = sorted(known, key=lambda trial: order.get(trial.number, len(order)))
    return Returned(known, ranked[0], by, noise)


def _spread(known: Sequence[Trial]) -> list[Trial]:
    """The best, and others evenly over all scores."""
    best, rest = list(known[: MOST // 2]), known[MOST // 2 :]
    return best + [rest[place * len(rest) // (MOST // 2)] for place in range(MOST // 2)]


def _posterior(space: SearchSpace, known: Sequence[Trial]) -> tuple[Mapping[int, float], float]:
    """Number of a trial -> its posterior mean, and the target of the first: a typical network's is 0."""
    import numpy as np

    from nasbench.strategies.predictor.features import Encoder
    from nasbench.strategies.predictor.kernels import Geometry
    from nasbench.strategies.predictor.model import Ensemble
    from nasbench.strategies.predictor.targets import targets_of

    encoder = Encoder(space.name, space.choices)
    features = encoder.features(np.array([encoder.point(space.canonical(trial.proposed)) for trial in known]))
    scores = [float(trial.score or 0.0) for trial in known]
    targets = targets_of(scores, float(np.median(scores)), RANKS)
    model = Ensemble(MEMBERS, Geometry(encoder.decision_of_place, encoder.num_decisions), features[:0])
    model.rebuild(features, targets, from_scratch=True)
    means = model.fitted(targets).tolist()
    return dict(zip((trial.number for trial in known), means, strict=True)), float(targets[0])

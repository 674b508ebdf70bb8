"""Successive halving that waits for nobody: ASHA (Li et al. 2020, arXiv:1810.05934; Hyperband, Li et al. 2018,
arXiv:1603.06560).

New architectures are trained for the epochs of the lowest rung. Whenever an architecture is among the best 1/eta of its
rung, it goes on to the next one, eta times as many epochs, from the weights and the place in the schedule where it
stopped; where none is, a new architecture enters. The rungs end at the search's epochs E: E, E / eta, E / eta**2, ...
down to no less than `min_epochs`.

Where new architectures come from is another strategy's affair (`sampler`), which is told the lowest rung's answers
alone: those of more epochs do not compare with them. With `tpe` this is BOHB's idea (Falkner et al. 2018,
arXiv:1807.01774), with `random` plain ASHA.

Of n architectures that enter, about n / eta**k reach rung k. So a search needs eta**k trials and half as many again
until the first one is trained for all epochs (k rungs above the lowest: 13 trials for E = 20, 40 for E = 27); before
that, the best is one of fewer. With E = 1, or eta > E, there is one rung, and this is the sampler itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import final

from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.options import Option, read_options

OPTIONS = (Option("eta", 3, low=2), Option("min_epochs", 1, low=1))


@final
@strategies.register("asha")
class Asha:
    """Options: eta, min_epochs, sampler (another strategy by name: random, tpe, evolution, ...). `epochs` are the
    search's.

    Failed trials stay in their rung as its worst. A network met again, under another spelling too, counts once in a
    rung.
    """

    def __init__(
        self, space: SearchSpace, seed: int = 0, epochs: int = 1, sampler: str = "random", **options: object
    ) -> None:
        settings = read_options("asha", OPTIONS, options)
        least = int(settings["min_epochs"])
        if least > epochs:
            raise UsageError(
                f"option 'min_epochs' of the strategy 'asha' is at most the epochs of the search, {epochs}; got {least}"
            )
        if sampler == "asha":
            raise UsageError(
                "option 'sampler' of the strategy 'asha' is another strategy, such as random or tpe; got 'asha'"
            )
        self._space, self._eta = space, int(settings["eta"])
        self._sampler: Strategy = strategies.get(sampler)(space, seed=seed)
        self.epochs = rung_epochs(epochs, self._eta, least)
        self._rungs: list[dict[str, Trial]] = [{} for _ in self.epochs]  # canonical key -> its trial of those epochs

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        for rung in reversed(range(1, len(self.epochs))):
            trial = self._promotable(rung, running)
            if trial is not None:
                return Proposal(
                    number,
                    trial.architecture,
                    epochs=self.epochs[rung],
                    schedule=self.epochs[-1],
                    resume_from=trial.number if trial.of is None else trial.of,  # who has the weights
                    note={"rung": rung, "promotes": trial.number},
                )
        entering = [proposal for proposal in running if proposal.epochs == self.epochs[0]]
        proposal = self._sampler.ask(number, rng, entering)
        return replace(proposal, epochs=self.epochs[0], schedule=self.epochs[-1], note={**proposal.note, "rung": 0})

    def tell(self, trial: Trial) -> None:
        if trial.epochs == self.epochs[0]:
            self._sampler.tell(trial)
        if trial.epochs in self.epochs:
            rung = self._rungs[self.epochs.index(trial.epochs)]
            if trial.key not in rung or rung[trial.key].score is None:
                rung[trial.key] = trial

    def _promotable(self, rung: int, running: Sequence[Proposal]) -> Trial | None:
        """The best of the best 1/eta one rung lower that are not in this one, nor on their way to it."""
        below = self._rungs[rung - 1]
        scored = sorted(
            (trial for trial in below.values() if trial.score is not None),
            key=lambda trial: (-(trial.score or 0), trial.number),
        )
        best = scored[: len(below) // self._eta]
        if all(trial.key in self._rungs[rung] for trial in best):
            return None
        on_their_way = {self._space.canonical(p.architecture).key for p in running if p.epochs == self.epochs[rung]}
        return next(
            (trial for trial in best if trial.key not in self._rungs[rung] and trial.key not in on_their_way), None
        )


def rung_epochs(epochs: int, eta: int, least: int) -> tuple[int, ...]:
    """The epochs of the rungs, from the lowest: epochs / eta**k to the nearest whole number, down to no less than
    `least`.
    """
    rungs = [epochs]
    while epochs / eta ** len(rungs) >= least:
        rungs.append(round(epochs / eta ** len(rungs)))
    return tuple(reversed(rungs))

"""Asynchronous successive halving, ASHA (Li et al. 2020, arXiv:1810.05934), after Hyperband (Li et al. 2018,
arXiv:1603.06560).

A new architecture is trained for the epochs of the lowest rung. An architecture among the best 1/eta of its rung is
promoted to the next rung, which has eta times as many epochs. Its training resumes from the stored weights, at the
stored place in the schedule. If no architecture can be promoted, a new one enters. For a search of E epochs the rungs
are E, E / eta, E / eta**2, ..., but not below `min_epochs`.

Another strategy, the option `sampler`, proposes the new architectures. It is told only the results of the lowest rung,
because results after more epochs are not comparable with them. With `tpe` as the sampler, this is the idea of BOHB
(Falkner et al. 2018, arXiv:1807.01774); with `random` it is plain ASHA.

Of n architectures that enter, about n / eta**k reach rung k. So the first architecture is trained for all epochs after
about 1.5 * eta**k trials, where k is the number of rungs above the lowest: 13 trials for E = 20, 40 for E = 27. Before
that, the best trial has fewer epochs. With E = 1, or eta > E, there is one rung, and ASHA equals its sampler.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import final

from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.options import Option, read_options

Place = tuple[float, int, str]
"""(minus the score, number, key) of a trial."""

OPTIONS = (Option("eta", 3, low=2), Option("min_epochs", 1, low=1))


@final
@strategies.register("asha")
class Asha:
    """Options:
      eta         an architecture is promoted if it is among the best 1/eta of its rung
      min_epochs  lower bound of the lowest rung's epochs
      sampler     name of the strategy that proposes new architectures (random, tpe, evolution, ...)

    `epochs` are the epochs of the search. A failed trial stays in its rung as the worst. A network that is proposed
    twice counts once in a rung, even if it is encoded differently.
    """

    own_control = True

    def __init__(
        self, space: SearchSpace, seed: int = 0, epochs: int = 1, sampler: str = "random", **options: object
    ) -> None:
        settings = read_options("asha", OPTIONS, options)
        least = int(settings["min_epochs"])
        if not epochs:
            raise UsageError(
                "the strategy 'asha' gives more epochs to the best, and this evaluator trains nothing. Choose another "
                "strategy, such as evolution or ppo."
            )
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
        self._scored: list[list[Place]] = [[] for _ in self.epochs]
        """For each rung, the places of its scored trials, the best first."""
        self._waiting: list[list[Place]] = [[] for _ in self.epochs]
        """Of these, the ones that are not in the rung above."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        for rung in reversed(range(1, len(self.epochs))):
            trial = self._promotable(rung, running)
            if trial is not None:
                return Proposal(
                    number,
                    trial.proposed,
                    epochs=self.epochs[rung],
                    schedule=self.epochs[-1],
                    resume_from=trial.number if trial.of is None else trial.of,  # the trial that has the weights
                    note={"rung": rung, "promotes": trial.number},
                )
        entering = [proposal for proposal in running if proposal.epochs == self.epochs[0]]
        proposal = self._sampler.ask(number, rng, entering)
        return replace(proposal, epochs=self.epochs[0], schedule=self.epochs[-1], note={**proposal.note, "rung": 0})

    def tell(self, trial: Trial) -> None:
        if trial.epochs == self.epochs[0]:
            self._sampler.tell(trial)
        if trial.epochs in self.epochs:
            self._enter(self.epochs.index(trial.epochs), trial)

    def _enter(self, index: int, trial: Trial) -> None:
        """Puts a trial into its rung, unless one of its network is there that has a score."""
        rung, new = self._rungs[index], trial.key not in self._rungs[index]
        if not new and rung[trial.key].score is not None:
            return
        rung[trial.key] = trial
        if trial.score is not None:
            insort(self._scored[index], _place(trial))
            if index + 1 == len(self._rungs) or trial.key not in self._rungs[index + 1]:
                insort(self._waiting[index], _place(trial))
        below = self._rungs[index - 1].get(trial.key) if new and index else None
        if below is not None and below.score is not None:
            waiting = self._waiting[index - 1]
            del waiting[bisect_left(waiting, _place(below))]

    def _promotable(self, rung: int, running: Sequence[Proposal]) -> Trial | None:
        """The best trial to promote to `rung`: in the best 1/eta one rung lower, and neither in `rung` nor promoted."""
        below, scored = self._rungs[rung - 1], self._scored[rung - 1]
        promoted: set[str] | None = None
        for place in self._waiting[rung - 1]:
            if bisect_left(scored, place) >= len(below) // self._eta:
                return None
            if promoted is None:
                of_rung = (proposal for proposal in running if proposal.epochs == self.epochs[rung])
                promoted = {self._space.canonical(proposal.architecture).key for proposal in of_rung}
            if place[-1] not in promoted:
                return below[place[-1]]
        return None


def _place(trial: Trial) -> Place:
    """Sorts the best score first, then the earliest trial."""
    return -(trial.score or 0.0), trial.number, trial.key


def rung_epochs(epochs: int, eta: int, least: int) -> tuple[int, ...]:
    """The epochs of the rungs, the lowest first: epochs / eta**k, rounded, for all k where it is at least `least`."""
    rungs = [epochs]
    while epochs / eta ** len(rungs) >= least:
        rungs.append(round(epochs / eta ** len(rungs)))
    return tuple(reversed(rungs))

"""What the learned controllers share: a policy asked for architectures, and answers that change it.

A scored trial (ok, cached, or pruned with the score it reached) joins the batch with the log-probability in its own
note: that of
the policy that proposed it, which with several workers may be older than the current one. Where a constraint changed
the proposal
(`note['repaired']`) nobody proposed what was trained, and the log-probability is what the current policy gives it. Not
counted:
  - failed trials: they have no reward, and any number put in its place would outweigh the small differences between
  good networks;
  - trials without such a note (a random control, another strategy's): nobody knows how likely they were, so no
  correction exists.
When the batch is full, the policy learns.

Published controllers saw 12,800 and 20,000 architectures; a search of a hundred needs each of them to tell more. The
defaults do
(docs/experiments.md has what each part brings, `benchmarks/controller_settings.py` measures it):
  - `hidden_units` 0: a table of logits (as NAS-Bench-201's baseline has, Dong and Yang 2020, arXiv:2001.00326) instead
  of an LSTM;
  - `adam` 0: plain gradient steps. Adam makes every first step as long as it can be, whatever it was told;
  - `ranked` 1: the advantage of a trial is its rank among all told so far, as a normal quantile, not its score less a
  moving average.
    It needs no scale, and no tail of bad networks can drown the differences between good ones;
  - `unique` 1: what is known or running is drawn again, if need be with more and more decisions drawn uniformly;
  - `imitation`: each step also raises the likelihood of the best trials so far (after Oh et al. 2018,
  arXiv:1806.05635);
  - the batch is one trial, and the entropy's weight keeps a table from deciding too soon.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from random import Random
from statistics import NormalDist

import torch
from torch import Tensor

from nasbench.core.arch import Architecture
from nasbench.core.protocols import SearchSpace
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.controller.adam import Adam, PlainSteps
from nasbench.strategies.controller.policy import LstmPolicy, Policy, TablePolicy, one_thread
from nasbench.strategies.options import Option

ELITE_SHARE, ELITE_LEAST, ELITE_MOST = 0.1, 4, 32
"""The best tenth of the trials is imitated, within these bounds."""
COLD_TRIES, HOT_TRIES = 10, 40
"""Draws for an architecture that is not known: from the policy as it is, then with decisions drawn uniformly, one in 40
to all.
"""

SHARED_OPTIONS = (
    Option("hidden_units", 0, low=0),
    Option("adam", 0, low=0, high=1),
    Option("ranked", 1, low=0, high=1),
    Option("unique", 1, low=0, high=1),
    Option("imitation", 0.3, low=0.0),
)
PUBLISHED_SHARED = {"hidden_units": 100, "adam": 1, "ranked": 0, "unique": 0, "imitation": 0.0}


@dataclass(frozen=True)
class Sample:
    """A scored architecture: its indices, its log-probability when it was proposed, its score, and that above the
    baseline.
    """

    indices: tuple[int, ...]
    log_prob: float
    score: float
    advantage: float


class Controller(ABC):
    """Everything it knows follows from `seed`, the settings and the trials told, in their order: replay restores it bit
    for bit.

    `settings`: lr, batch_size (trials), baseline_decay, entropy_weight (reward a nat), and SHARED_OPTIONS; `epochs`:
    steps on each batch.
    """

    def __init__(self, space: SearchSpace, seed: int, settings: Mapping[str, float], epochs: int) -> None:
        self._space = space

        @lru_cache(
            maxsize=4096
        )  # each draw asks for those of all that is running, hundreds where there are hundreds of workers
        def key(architecture: Architecture) -> str:
            return space.canonical(architecture).key

        self._key = key
        hidden_units = int(settings["hidden_units"])
        self.policy: Policy = (
            LstmPolicy(space.choices, seed, hidden_units) if hidden_units else TablePolicy(space.choices)
        )
        make_steps = Adam if settings["adam"] else PlainSteps
        self._optimizer = make_steps(self.policy.parameters(), lr=settings["lr"])
        self._batch_size, self._epochs = int(settings["batch_size"]), epochs
        self._baseline_decay, self._entropy_weight = settings["baseline_decay"], settings["entropy_weight"]
        self._ranked, self._unique, self._imitation = (
            bool(settings["ranked"]),
            bool(settings["unique"]),
            settings["imitation"],
        )
        self._batch: list[Sample] = []
        self._scores: list[float] = []
        """Of all samples, in ascending order."""
        self._best: list[Sample] = []
        """The ELITE_MOST best samples, the best one first, the earlier one where equal."""
        self._known: set[str] = set()
        self.baseline: float | None = None
        self.updates = 0
        self.loss: float | None = None

    @abstractmethod
    def surrogate(self, log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor) -> Tensor:
        """What to maximise, for each of B samples: all (B,); differentiable in the current `log_prob`."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        architecture, log_prob, entropy = self._draw(rng, running)
        note = {
            "log_prob": log_prob,
            "entropy": entropy,
            "baseline": self.baseline,
            "updates": self.updates,
            "loss": self.loss,
            "blind": self.updates == 0,
        }
        return Proposal(number, architecture, note=note)

    def tell(self, trial: Trial) -> None:
        self._known.add(trial.key)
        log_prob = trial.note.get("log_prob")
        if (
            trial.score is None
            or not isfinite(trial.score)
            or not isinstance(log_prob, int | float)
            or not isfinite(log_prob)
        ):
            return
        indices = tuple(self.policy.indices(trial.architecture))
        if trial.note.get("repaired"):
            log_prob = self._log_prob(indices)
        baseline = trial.score if self.baseline is None else self.baseline
        sample = Sample(indices, float(log_prob), trial.score, trial.score - baseline)
        self.baseline = self._baseline_decay * baseline + (1 - self._baseline_decay) * trial.score
        insort(self._scores, trial.score)
        insort(self._best, sample, key=lambda known: -known.score)
        del self._best[ELITE_MOST:]
        self._batch.append(sample)
        if len(self._batch) >= self._batch_size:
            self._learn(self._batch)
            self._batch = []

    def _draw(self, rng: Random, running: Sequence[Proposal]) -> tuple[Architecture, float, float]:
        """An architecture, its log-probability, and the entropy of the decisions taken. Where all are known, the
        policy's own draw.
        """
        taken = self._known | {self._key(proposal.architecture) for proposal in running} if self._unique else set()
        first: tuple[Architecture, float, float] | None = None
        for attempt in range(COLD_TRIES + HOT_TRIES):
            indices, log_prob, entropy = self.policy.sample(rng, max(0, attempt - COLD_TRIES + 1) / HOT_TRIES)
            drawn = self.policy.architecture(self._space.name, indices), log_prob, entropy
            if not self._unique or self._key(drawn[0]) not in taken:
                return drawn
            first = first or drawn
        assert first is not None
        return first

    def _learn(self, batch: Sequence[Sample]) -> None:
        elite = self._best[: max(ELITE_LEAST, int(ELITE_SHARE * len(self._scores)))] if self._imitation else []
        indices = [sample.indices for sample in [*batch, *elite]]
        old_log_prob = torch.tensor([sample.log_prob for sample in batch], dtype=torch.float64, device="cpu")  # (B,)
        advantage = torch.tensor(
            [self._advantage(sample) for sample in batch], dtype=torch.float64, device="cpu"
        )  # (B,)
        with one_thread(), torch.enable_grad():
            for _ in range(self._epochs):
                log_prob, entropy = self.policy.log_prob_and_entropy(indices)  # (B + elite,), (B + elite,)
                own = slice(len(batch))
                loss = -(
                    self.surrogate(log_prob[own], old_log_prob, advantage) + self._entropy_weight * entropy[own]
                ).mean()
                if elite:
                    loss = loss - self._imitation * log_prob[len(batch) :].mean()
                loss.backward()
                self._optimizer.step()
        self.policy.refresh()
        self.updates += 1
        self.loss = float(loss.detach())

    def _advantage(self, sample: Sample) -> float:
        if not self._ranked:
            return sample.advantage
        rank = (bisect_left(self._scores, sample.score) + bisect_right(self._scores, sample.score)) / 2
        return NormalDist().inv_cdf(rank / len(self._scores))

    def _log_prob(self, indices: tuple[int, ...]) -> float:
        """What the current policy gives an architecture."""
        with one_thread(), torch.no_grad():
            log_prob, _ = self.policy.log_prob_and_entropy([indices])
        return float(log_prob[0])

"""The common part of the learned controllers: a policy that proposes architectures and learns from their scores.

A scored trial (ok, cached, or pruned with the score that it reached) joins the batch, with the log-probability in its
note. This is the log-probability under the policy that proposed the trial; with several workers, that policy may be
older than the current one. A repaired proposal (`note['repaired']`) gets its log-probability from the current policy,
because no policy proposed it. When the batch is full, the policy learns. Two kinds of trials are ignored:
  - failed trials. They have no reward, and any substitute would outweigh the small differences between good networks.
  - trials without a log-probability in their note (a random control, or another strategy's trial). Their probability is
    unknown, so no importance weight exists.

The published controllers saw 12,800 and 20,000 architectures. A search of a hundred trials must learn more from each
trial. The defaults serve that (docs/experiments.md has the effect of each, `benchmarks/controller_settings.py` measures
it):
  - `controller`: an LSTM, of 35 units if `hidden_units` does not say otherwise, or a table of logits (`hidden_units`
    0), as in the baseline of NAS-Bench-201 (Dong and Yang 2020, arXiv:2001.00326). With the steps below the two find
    equally good architectures; a step of the table takes a sixth to a half of the time.
  - `adam` 0: plain SGD. Adam's first update has size lr whatever the gradient, so single-trial batches would overshoot.
  - `ranked` 1: the advantage of a trial is its rank among all trials so far, as a normal quantile. The published
    advantage is the score minus a moving average. Ranks need no scale, and bad networks cannot hide the differences
    between good ones.
  - `unique` 1: if a draw is known or running, it is drawn again. After some draws, more and more decisions are drawn
    uniformly.
  - `imitation`: each step also raises the likelihood of the best trials so far (after Oh et al. 2018,
    arXiv:1806.05635).
  - `draws`: above 1, so many new architectures are drawn, and the one with the highest expected improvement under the
    predictor's Gaussian processes is proposed (module `forecast`), with its own log-probability. From draw to draw more
    decisions are drawn uniformly, from none to nearly all. Until there is a forecast, and by default, the first draw is
    proposed.
  - `beta1` and `epsilon` are Adam's. Logits are divided by `temperature`; with a `tanh_constant` c above 0 they become
    c * tanh(logits / temperature), which bounds how sure the policy can be (ENAS, Pham et al. 2018).
  - `anchors` 1: an LSTM decides on skip connections by anchor points in spaces that have them (`anchor_policy`).
  - the batch is one trial, and the entropy weight keeps the table from converging too early.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from operator import mul
from random import Random
from statistics import NormalDist
from typing import final

import torch

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.protocols import HasSkips, SearchSpace, Strategy
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.controller.adam import Adam, Sgd
from nasbench.strategies.controller.anchor_policy import AnchorPolicy
from nasbench.strategies.controller.forecast import Forecast
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import Policy, Sampler, Softmax, TablePolicy, one_thread
from nasbench.strategies.options import Option, read_options, with_defaults

ELITE_SHARE, ELITE_MIN, ELITE_MAX = 0.1, 4, 32
"""The best tenth of the trials is imitated, within these bounds."""
POLICY_TRIES, MIXED_TRIES = 10, 40
"""Draws to find an unknown architecture: first from the policy only, then with a growing fraction of uniform decisions
(1/40 in the first mixed draw, all in the last).
"""
ADAM_BETA2 = 0.999

CONTROLLERS = {"lstm": 35, "table": 0}
"""What --controller takes -> the hidden units that it has where nobody says so: 35 as Zoph and Le (2017)."""
DEFAULT_CONTROLLER = "lstm"
BEFORE_THE_FLAG: Mapping[str, int | float] = {"hidden_units": 0}
"""The defaults of a search that began before there was --controller, where they were others: it goes on with them."""

SHARED_OPTIONS = (
    Option("hidden_units", 0, low=0),
    Option("adam", 0, low=0, high=1),
    Option("ranked", 1, low=0, high=1),
    Option("unique", 1, low=0, high=1),
    Option("imitation", 0.3, low=0.0),
    Option("beta1", 0.9, low=0.0, high=0.999999),
    Option("epsilon", 1e-8, low=1e-12),
    Option("tanh_constant", 0.0, low=0.0),
    Option("temperature", 1.0, low=1e-3),
    Option("draws", 1, low=1, high=1000),
    Option("anchors", 1, low=0, high=1),
)
PUBLISHED_SHARED = {"hidden_units": 100, "adam": 1, "ranked": 0, "unique": 0, "imitation": 0.0}


@dataclass(frozen=True)
class Sample:
    """A scored architecture.

    `log_prob` is under the policy that proposed it. `advantage` is the score minus the baseline.
    """

    indices: tuple[int, ...]
    log_prob: float
    score: float
    advantage: float


def read_settings(
    strategy: str,
    known: Sequence[Option],
    controller: str | None,
    given: Mapping[str, object],
    of_lstm: Mapping[str, int | float] | None = None,
) -> dict[str, float]:
    """The options of a strategy with a controller: lstm, table, or None for what `hidden_units` says, else the default.

    `of_lstm` are the defaults that an LSTM has and a table has not. Raises UsageError for another controller, for one
    that `hidden_units` contradicts, and for what `read_options` does.
    """
    if controller not in (None, *CONTROLLERS):
        raise UsageError(f"--controller takes {' or '.join(CONTROLLERS)}; got {controller!r}")
    units = int(read_options(strategy, known, given)["hidden_units"])
    named = None if "hidden_units" not in given else "lstm" if units else "table"
    if controller is not None and named not in (None, controller):
        which = "an LSTM of that many units" if units else "a table of logits"
        raise UsageError(
            f"--controller {controller} contradicts the option hidden_units={units}, which is {which}. Leave one of "
            "the two out."
        )
    kind = controller or named or DEFAULT_CONTROLLER
    own = {"hidden_units": CONTROLLERS[kind], **((of_lstm or {}) if kind == "lstm" else {})}
    return with_new_draws(strategy, read_options(strategy, with_defaults(known, own), given))


def with_new_draws(strategy: str, settings: dict[str, float]) -> dict[str, float]:
    """The settings of a strategy. UsageError where `draws` is to choose among architectures that need not be new."""
    if settings["draws"] > 1 and not settings["unique"]:
        raise UsageError(
            f"option 'draws' of the strategy {strategy!r} chooses among new architectures, so it needs unique=1; got "
            f"draws={settings['draws']:g} with unique=0 (which preset=paper sets). Leave draws out, or give unique=1."
        )
    return settings


def policy_of(space: SearchSpace, seed: int, hidden_units: int, softmax: Softmax, anchors: bool) -> Policy:
    """The policy of a controller: an LSTM of so many units, or a table of logits for 0. With `anchors`, the LSTM
    decides on skips by anchor points where the space has skips.
    """
    if not hidden_units:
        return TablePolicy(space.choices, softmax)
    if anchors and isinstance(space, HasSkips):
        return AnchorPolicy(space.choices, space.places(), seed, hidden_units, softmax)
    return LstmPolicy(space.choices, seed, hidden_units, softmax)


class Controller(ABC):
    """`begun_before` are the options with which a search goes on that began before there was --controller.

    The state depends only on `seed`, `settings` and the told trials in order, so a replay restores it bit for bit.

    `settings` holds lr, batch_size (trials), baseline_decay, entropy_weight (reward per nat), and SHARED_OPTIONS.
    `epochs` is the number of steps on each batch.
    """

    begun_before: Mapping[str, int | float] = BEFORE_THE_FLAG

    def __init__(self, space: SearchSpace, seed: int, settings: Mapping[str, float], epochs: int) -> None:
        self._space = space
        hidden_units = int(settings["hidden_units"])
        softmax = Softmax(settings["tanh_constant"], settings["temperature"])
        self.policy = policy_of(space, seed, hidden_units, softmax, bool(settings["anchors"]))
        self._form = lru_cache(maxsize=4096)(space.canonical)
        """Every draw needs the keys of all running proposals, possibly hundreds."""
        lr, betas = settings["lr"], (settings["beta1"], ADAM_BETA2)
        self._optimizer = (
            Adam(self.policy.parameters(), lr, betas, settings["epsilon"])
            if settings["adam"]
            else Sgd(self.policy.parameters(), lr)
        )
        self._batch_size, self._epochs = int(settings["batch_size"]), epochs
        self._baseline_decay, self._entropy_weight = settings["baseline_decay"], settings["entropy_weight"]
        self._ranked, self._unique = bool(settings["ranked"]), bool(settings["unique"])
        self._imitation = settings["imitation"]
        self._draws = int(settings["draws"])
        self._forecast = Forecast(space) if self._draws > 1 else None
        self._batch: list[Sample] = []
        self._scores: list[float] = []
        """The scores of all samples, in ascending order."""
        self._best: list[Sample] = []
        """The ELITE_MAX best samples, the best first. Of equal samples, the earlier comes first."""
        self._known: set[str] = set()
        self.baseline: float | None = None
        self.updates = 0
        self.loss: float | None = None
        self.begun = False
        """Whether it was trained before the search."""

    @property
    def sampled_from(self) -> Mapping[str, str]:
        """What proposes: `kind`, as --controller names it, and `words` for people."""
        return {"kind": self.policy.kind, "words": self.policy.words}

    @abstractmethod
    def objective(self, log_prob: float, old_log_prob: float, advantage: float) -> tuple[float, float]:
        """What to maximise for a sample, and how much it grows with `log_prob`. `old_log_prob` is what it was when the
        sample was proposed.
        """

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return self.propose(number, rng, running, self.policy.sample)

    def deeper(self, space: SearchSpace) -> Strategy | None:
        """This controller, with all that it learns, for networks of its space of another depth; None where its policy
        is for one depth alone, and where it forecasts, which compares networks of one depth.
        """
        sample = self.policy.extend(space) if self._draws == 1 else None
        if sample is None:
            return None
        self._optimizer.extend(self.policy.parameters())
        return _OneDepth(self, sample)

    def propose(self, number: int, rng: Random, running: Sequence[Proposal], sample: Sampler) -> Proposal:
        """A proposal that `sample` draws, with what the controller knows in its note."""
        architecture, log_prob, entropy = self._draw(rng, running, sample)
        note = {
            "log_prob": log_prob,
            "entropy": entropy,
            "baseline": self.baseline,
            "updates": self.updates,
            "loss": self.loss,
            "blind": self.updates == 0 and not self.begun,
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
        indices = tuple(self.policy.indices(trial.proposed))
        if trial.note.get("repaired"):
            log_prob = self._log_prob(indices)
        baseline = trial.score if self.baseline is None else self.baseline
        sample = Sample(indices, float(log_prob), trial.score, trial.score - baseline)
        self.baseline = self._baseline_decay * baseline + (1 - self._baseline_decay) * trial.score
        insort(self._scores, trial.score)
        if self._forecast is not None:
            self._forecast.tell(self._canonical(trial.proposed), trial.score)
        insort(self._best, sample, key=lambda known: -known.score)
        del self._best[ELITE_MAX:]
        self._batch.append(sample)
        if len(self._batch) >= self._batch_size:
            self._learn(self._batch)
            self._batch = []

    def _draw(self, rng: Random, running: Sequence[Proposal], sample: Sampler) -> tuple[Architecture, float, float]:
        """An architecture, its log-probability, and the entropy of its decisions: of so many different new draws the
        one that promises most.

        If every draw is already known, the first one is returned.
        """
        if not self._unique:
            indices, log_prob, entropy = sample(rng, 0.0)
            return self.policy.architecture(self._space.name, indices), log_prob, entropy
        count = self._draws if self._forecast is not None and self._forecast.ready else 1
        running_keys = {self._form(proposal.architecture).key for proposal in running}
        first: tuple[Architecture, float, float] | None = None
        new: dict[str, tuple[Architecture, float, float]] = {}
        for indices, log_prob, entropy in self._attempts(rng, sample, count):
            drawn = self.policy.architecture(self._space.name, indices), log_prob, entropy
            first = first or drawn
            key = self._form(drawn[0]).key
            if key not in self._known and key not in running_keys:
                new.setdefault(key, drawn)
                if len(new) == count:
                    break
        assert first is not None
        found = list(new.values()) or [first]
        if len(found) == 1 or self._forecast is None:
            return found[0]
        pending = [self._canonical(proposal.architecture) for proposal in running]
        return found[self._forecast.best([self._canonical(each) for each, *_ in found], pending)]

    def _attempts(self, rng: Random, sample: Sampler, count: int) -> Iterator[tuple[list[int], float, float]]:
        """Draws, among which `count` new ones are looked for. Of several, the first is the policy's own, and the rest
        have ever more decisions drawn uniformly.
        """
        shares = [number / count for number in range(count)]
        for _ in range(POLICY_TRIES):
            yield from [sample(rng, 0.0)] if count == 1 else self.policy.sample_many(rng, shares)
        for attempt in range(MIXED_TRIES):
            yield sample(rng, (attempt + 1) / MIXED_TRIES)

    def _canonical(self, architecture: Architecture) -> tuple[int, ...]:
        """The option numbers of the canonical form, so that spellings of one network are equal; of the architecture as
        it is, where its space was narrowed to options that the canonical form does without.
        """
        try:
            return tuple(self.policy.indices(self._form(architecture)))
        except UsageError:
            return tuple(self.policy.indices(architecture))

    def _learn(self, batch: Sequence[Sample]) -> None:
        elite = self._best[: max(ELITE_MIN, int(ELITE_SHARE * len(self._scores)))] if self._imitation else []
        indices = [sample.indices for sample in [*batch, *elite]]
        advantages = [self._advantage(sample) for sample in batch]
        of_entropy = [-self._entropy_weight / len(batch)] * len(batch) + [0.0] * len(elite)
        of_elite = [-self._imitation / len(elite)] * len(elite) if elite else []

        def weigh(log_probs: list[float], entropies: list[float]) -> tuple[list[float], list[float]]:
            told = zip(log_probs, batch, advantages, strict=False)  # the elite follows the batch
            gained = [self.objective(now, sample.log_prob, advantage) for now, sample, advantage in told]
            worth = sum(value for value, _ in gained) + self._entropy_weight * sum(entropies[: len(batch)])
            self.loss = -worth / len(batch) + sum(map(mul, of_elite, log_probs[len(batch) :]))
            return [-slope / len(batch) for _, slope in gained] + of_elite, of_entropy

        with one_thread(), torch.enable_grad():
            for _ in range(self._epochs):
                self.policy.add_gradient(indices, weigh)
                self._optimizer.step()
                self.policy.refresh()
        self.updates += 1

    def _advantage(self, sample: Sample) -> float:
        if not self._ranked:
            return sample.advantage
        rank = (bisect_left(self._scores, sample.score) + bisect_right(self._scores, sample.score)) / 2
        return NormalDist().inv_cdf(rank / len(self._scores))

    def _log_prob(self, indices: tuple[int, ...]) -> float:
        """The log-probability of an architecture under the current policy."""
        with one_thread(), torch.no_grad():
            log_prob, _ = self.policy.log_prob_and_entropy([indices])
        return float(log_prob[0])


@final
class _OneDepth:
    """A controller that proposes networks of one depth, and learns from those of all."""

    def __init__(self, controller: Controller, sample: Sampler) -> None:
        self._controller, self._sample = controller, sample

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return self._controller.propose(number, rng, running, self._sample)

    def tell(self, trial: Trial) -> None:
        self._controller.tell(trial)

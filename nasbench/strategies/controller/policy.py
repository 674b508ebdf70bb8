"""Policies over architectures: the learned controllers sample from them and train them.

`TablePolicy` has one logit for each option; all decisions are independent, and its probabilities need no forward pass.
`LstmPolicy` (module `lstm`) makes each decision depend on those before it.

All numbers are float64 and computed on one thread. A proposal depends on comparisons of probabilities with random
numbers. Another number of threads or another machine changes the order of rounding; in float64 the resulting difference
is 1e-16 instead of 1e-7.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from math import exp
from operator import mul
from random import Random
from typing import final

import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture, Choice, Decision, check
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace

DTYPE = torch.float64

Weighing = Callable[[list[float], list[float]], tuple[list[float], list[float]]]
"""Log-probabilities and entropies of a batch -> how much a loss grows with each of the two."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs torch on one thread and restores the number of threads afterwards. Costs a microsecond."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


@dataclass(frozen=True)
class Softmax:
    """How logits u become probabilities: softmax(u / temperature), or softmax(tanh_constant * tanh(u / temperature))
    where that constant is above 0. The defaults leave the logits as they are.
    """

    tanh_constant: float = 0.0
    temperature: float = 1.0

    def __call__(self, logits: Tensor) -> Tensor:
        """The logits of the plain softmax, in the same shape."""
        if self.temperature != 1.0:
            logits = logits / self.temperature
        return self.tanh_constant * logits.tanh() if self.tanh_constant else logits


PLAIN = Softmax()
Sampler = Callable[[Random, float], tuple[list[int], float, float]]
"""As `Policy.sample`."""


class Policy(nn.Module):
    """A distribution over the architectures of a space with T categorical decisions.

    `indices` are the T option numbers of an architecture. `kind` is what --controller calls it. Raises UsageError for
    a space with a continuous decision.
    """

    kind: str

    def __init__(self, choices: Sequence[Decision], softmax: Softmax) -> None:
        super().__init__()
        self.softmax = softmax
        self.choices = _categorical(choices)
        self._index = [{option: index for index, option in enumerate(choice.options)} for choice in self.choices]
        self._num_options = [len(choice.options) for choice in self.choices]
        self._lengths = {len(self.choices)}
        """The numbers of decisions of the architectures that it takes."""
        widest = max(self._num_options)
        # All softmaxes are padded to the widest one. The padding is masked, so it gets no gradient.
        padding = [[[i >= n for i in range(widest)]] for n in self._num_options]
        self._padding = torch.tensor(padding, device="cpu")  # (T, 1, widest)

    @property
    def words(self) -> str:
        """What it is, for people."""
        return {"lstm": "an LSTM", "table": "a table of logits"}[self.kind]

    @abstractmethod
    def refresh(self) -> None:
        """Prepares `sample` for the current weights. Must be called after every change of the weights."""

    def extend(self, space: SearchSpace) -> Sampler | None:  # noqa: ARG002 - of policies that can
        """From now on it takes architectures of that space too, which is its own with more or fewer layers: the
        decisions of the shallower one are the first ones of the other. Nothing that it knows changes.

        Returns what draws architectures of that space, as `sample` does; None where the policy is for one depth alone.
        """
        return None

    @abstractmethod
    def sample(self, rng: Random, uniform_share: float = 0.0) -> tuple[list[int], float, float]:
        """Draws an architecture with `rng`: (indices, log-probability, entropy of the decisions), in nats.

        `uniform_share` in [0, 1] is the probability that a decision is drawn uniformly instead. The log-probability is
        the policy's in either case.
        """

    def sample_many(self, rng: Random, uniform_shares: Sequence[float]) -> Sequence[tuple[list[int], float, float]]:
        """As `sample`, one draw for each share."""
        return [self.sample(rng, share) for share in uniform_shares]

    @abstractmethod
    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """B index lists -> log-probabilities (B,), summed entropies of the decisions (B,). In nats."""

    def add_gradient(self, batch: Sequence[Sequence[int]], weigh: Weighing) -> None:
        """Adds the gradient of a loss to that of the weights. `weigh` gets the log-probabilities and entropies of the
        batch, and returns how much the loss grows with each.
        """
        log_prob, entropy = self.log_prob_and_entropy(batch)
        per_log_prob, per_entropy = weigh(log_prob.tolist(), entropy.tolist())
        torch.autograd.backward(
            [log_prob, entropy], [log_prob.new_tensor(per_log_prob), entropy.new_tensor(per_entropy)]
        )

    def indices(self, architecture: Architecture) -> list[int]:
        """The option numbers of an architecture: one of the space, or a shallower one where the policy was extended.
        UsageError if it is neither.
        """
        genes = architecture.genes
        shorter = len(genes) in self._lengths
        choices = self.choices[: len(genes)] if shorter else self.choices
        check(architecture, choices)
        return [index[genes[choice.name]] for choice, index in zip(choices, self._index, strict=False)]

    def architecture(self, space: str, indices: Sequence[int]) -> Architecture:
        """The architecture with these option numbers."""
        chosen = zip(self.choices, indices, strict=False)
        return Architecture(space, tuple((choice.name, choice.options[index]) for choice, index in chosen))


@final
class TablePolicy(Policy):
    """One logit for each option of each decision, all equal at the start.

    In deeper networks it goes on with the logits of the first decisions, and new ones for the rest.
    """

    kind = "table"

    def __init__(self, choices: Sequence[Decision], softmax: Softmax = PLAIN) -> None:
        super().__init__(choices, softmax)
        self.logits = nn.Parameter(torch.zeros(len(self.choices), max(self._num_options), dtype=DTYPE, device="cpu"))
        self._more = nn.ParameterList()
        """The logits of the decisions that only deeper networks have."""
        self.refresh()

    def extend(self, space: SearchSpace) -> Sampler | None:
        known, widest = len(self.choices), self.logits.shape[1]
        deeper = TablePolicy(space.choices, self.softmax)
        if deeper.choices[:known] != self.choices[: len(deeper.choices)] or deeper.logits.shape[1] > widest:
            return None
        if len(deeper.choices) > known:
            self.choices, self._index, self._num_options = deeper.choices, deeper._index, deeper._num_options
            padding = [[[i >= n for i in range(widest)]] for n in self._num_options]
            self._padding = torch.tensor(padding, device="cpu")  # (T, 1, widest)
            self._more.append(nn.Parameter(torch.zeros(len(self.choices) - known, widest, dtype=DTYPE, device="cpu")))
            self.refresh()
        self._lengths.add(len(deeper.choices))
        return partial(self.sample, num_decisions=len(deeper.choices))

    @torch.no_grad()
    def refresh(self) -> None:
        with one_thread():
            log_probs: list[list[float]] = self._log_probs().tolist()
        self._rows = [row[:n] for row, n in zip(log_probs, self._num_options, strict=True)]
        self._probs = [[exp(value) for value in row] for row in self._rows]
        self._entropies = [sum(map(mul, probs, row)) for probs, row in zip(self._probs, self._rows, strict=True)]

    def sample(
        self, rng: Random, uniform_share: float = 0.0, num_decisions: int | None = None
    ) -> tuple[list[int], float, float]:
        indices = [draw_mixed(probs, rng, uniform_share) for probs in self._probs[:num_decisions]]
        log_prob = sum(row[index] for row, index in zip(self._rows, indices, strict=False))
        return indices, log_prob, -sum(self._entropies[:num_decisions])

    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        lengths = [len(indices) for indices in batch]
        longest = max(lengths)
        padded = [[*indices, *[0] * (longest - len(indices))] for indices in batch]
        chosen = torch.tensor(padded, dtype=torch.long, device="cpu").T  # (T, B)
        log_probs = self._log_probs()[:longest]  # (T, widest)
        finite = log_probs.masked_fill(self._padding[:longest, 0], 0.0)  # (T, widest)
        picked, certain = log_probs.gather(1, chosen), finite.exp() * finite  # (T, B), (T, widest)
        if min(lengths) == longest:
            return picked.sum(0), -certain.sum().expand(len(batch))  # (B,), (B,)
        decided = torch.arange(longest, device="cpu")[:, None] < torch.tensor(lengths, device="cpu")  # (T, B)
        return (picked * decided).sum(0), -(certain.sum(1, keepdim=True) * decided).sum(0)  # (B,), (B,)

    def _log_probs(self) -> Tensor:
        logits = torch.cat([self.logits, *self._more]) if self._more else self.logits
        return self.softmax(logits).masked_fill(self._padding[:, 0], -torch.inf).log_softmax(-1)  # (T, widest)


def _categorical(choices: Sequence[Decision]) -> tuple[Choice, ...]:
    for decision in choices:
        if not isinstance(decision, Choice):
            raise UsageError(
                f"the learned controllers (ppo, reinforce) need categorical decisions; {decision.name!r} is a range, "
                f"[{decision.low}, {decision.high}]. Use --strategy random, or give the decision a list of options."
            )
    if not choices:
        raise UsageError("the space has no decisions: there is nothing to search")
    return tuple(choice for choice in choices if isinstance(choice, Choice))


def draw_mixed(probs: Sequence[float], rng: Random, uniform_share: float) -> int:
    """An option's number, drawn by these probabilities; uniformly with probability `uniform_share`."""
    if uniform_share and rng.random() < uniform_share:
        return rng.randrange(len(probs))
    return _draw(probs, rng.random())


def _draw(probs: Sequence[float], uniform: float) -> int:
    """The option whose interval of [0, 1) contains `uniform`. The last option also covers a rounding gap below 1."""
    for index, edge in enumerate(accumulate(probs)):
        if uniform < edge:
            return index
    return len(probs) - 1

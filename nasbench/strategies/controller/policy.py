"""Policies over architectures: what the learned controllers draw from and train.

`TablePolicy` has a logit an option, and decides everything independently. That is all that a hundred trials can teach,
and its probabilities are known without computing.

`LstmPolicy` is a one-layer LSTM that writes an architecture, one categorical decision after another, as in NASNet (Zoph
et al. 2018, arXiv:1707.07012, App. A.1): 100 hidden units, a softmax a decision, weights drawn from uniform(-0.1, 0.1).
The embedding of a decision's outcome is the next step's input; the paper leaves open whether steps share softmaxes and
embeddings, and here none do.

Numbers are float64 and computed on one thread: the next proposal depends on which side of a drawn number a probability
lies, and rounding in another order, which more threads or another machine bring, is then 1e-16 and not 1e-7.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from math import exp
from operator import mul
from random import Random
from typing import final

import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture, Choice, Decision, check
from nasbench.core.errors import UsageError
from nasbench.core.seeds import derive

HIDDEN_UNITS = 100  # App. A.1
INIT_SCALE = 0.1  # App. A.1
DTYPE = torch.float64


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs torch on one thread inside, and gives the threads back. Costs a microsecond."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


class Policy(nn.Module):
    """A distribution over the architectures of a space with T categorical decisions; `indices` are T option numbers.

    Raises UsageError for a space with a continuous decision.
    """

    def __init__(self, choices: Sequence[Decision]) -> None:
        super().__init__()
        self.choices = _categorical(choices)
        self._index = [{option: index for index, option in enumerate(choice.options)} for choice in self.choices]
        self._num_options = [len(choice.options) for choice in self.choices]
        widest = max(self._num_options)
        # Softmaxes are padded to the widest; the padding is masked and never moves.
        self._padding = torch.tensor(
            [[[i >= n for i in range(widest)]] for n in self._num_options], device="cpu"
        )  # (T, 1, widest)

    @abstractmethod
    def refresh(self) -> None:
        """Prepares `sample` for the current weights: to be called after they change."""

    @abstractmethod
    def sample(self, rng: Random, heat: float = 0.0) -> tuple[list[int], float, float]:
        """Draws an architecture with `rng` alone: (its indices, its log-probability, the entropy of the decisions
        taken), in nats.

        With `heat` in (0, 1] that share of the decisions is drawn uniformly; the log-probability stays the policy's.
        """

    @abstractmethod
    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Of B index lists: (their log-probabilities (B,), the summed entropies of their decisions (B,)), in nats,
        differentiable.
        """

    def indices(self, architecture: Architecture) -> list[int]:
        """The option numbers of an architecture. UsageError where it is none of this space."""
        check(architecture, self.choices)
        return [index[architecture.genes[choice.name]] for choice, index in zip(self.choices, self._index, strict=True)]

    def architecture(self, space: str, indices: Sequence[int]) -> Architecture:
        """The architecture with these option numbers."""
        return Architecture(space, tuple((c.name, c.options[i]) for c, i in zip(self.choices, indices, strict=True)))


@final
class TablePolicy(Policy):
    """A logit for each option of each decision, all equal at first."""

    def __init__(self, choices: Sequence[Decision]) -> None:
        super().__init__(choices)
        self.logits = nn.Parameter(torch.zeros(len(self.choices), max(self._num_options), dtype=DTYPE, device="cpu"))
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        with one_thread():
            log_probs: list[list[float]] = self._log_probs().tolist()
        self._rows = [row[:n] for row, n in zip(log_probs, self._num_options, strict=True)]
        self._probs = [[exp(value) for value in row] for row in self._rows]
        self._entropy = -sum(sum(map(mul, probs, row)) for probs, row in zip(self._probs, self._rows, strict=True))

    def sample(self, rng: Random, heat: float = 0.0) -> tuple[list[int], float, float]:
        indices = [_draw_hot(probs, rng, heat) for probs in self._probs]
        return indices, sum(row[index] for row, index in zip(self._rows, indices, strict=True)), self._entropy

    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        chosen = torch.tensor(batch, dtype=torch.long, device="cpu").T  # (T, B)
        log_probs = self._log_probs()  # (T, widest)
        finite = log_probs.masked_fill(self._padding[:, 0], 0.0)
        entropy = -(finite.exp() * finite).sum()
        return log_probs.gather(1, chosen).sum(0), entropy.expand(len(batch))  # (B,), (B,)

    def _log_probs(self) -> Tensor:
        return self.logits.masked_fill(self._padding[:, 0], -torch.inf).log_softmax(-1)  # (T, widest)


@final
class LstmPolicy(Policy):
    """NASNet's network. Its initial weights depend on `seed` alone."""

    def __init__(self, choices: Sequence[Decision], seed: int, hidden_units: int = HIDDEN_UNITS) -> None:
        super().__init__(choices)
        self._hidden_units = hidden_units
        num_steps, widest = len(self.choices), max(self._num_options)
        # Row 0 is the start; then one row for each option of each decision but the last, whose outcome is nobody's
        # input.
        self._first_row = [1, *accumulate(self._num_options[:-1], initial=1)][1:]
        # The meta device spares nn.LSTM's own initialisation, which would draw from the global generator.
        self.embedding = nn.Parameter(
            torch.empty(1 + sum(self._num_options[:-1]), hidden_units, dtype=DTYPE, device="cpu")
        )
        self.lstm = nn.LSTM(hidden_units, hidden_units, dtype=DTYPE, device="meta").to_empty(device="cpu")
        self.head_weight = nn.Parameter(torch.empty(num_steps, hidden_units, widest, dtype=DTYPE, device="cpu"))
        self.head_bias = nn.Parameter(torch.empty(num_steps, 1, widest, dtype=DTYPE, device="cpu"))
        generator = torch.Generator(device="cpu").manual_seed(derive(seed, "policy"))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-INIT_SCALE, INIT_SCALE, generator=generator)
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        # One step of sampling costs little arithmetic and many small calls, so what does not depend on the state is
        # done here.
        with one_thread():
            w_ih, w_hh, b_ih, b_hh = (p.detach() for p in self.lstm.parameters())
            self._step_input = torch.addmm(b_ih + b_hh, self.embedding.detach(), w_ih.T)  # (rows, 4 * hidden)
            self._recurrent = w_hh  # (4 * hidden, hidden)
            self._heads = [
                (self.head_weight[t, :, :n].T.contiguous(), self.head_bias[t, 0, :n].clone())
                for t, n in enumerate(self._num_options)
            ]

    @torch.no_grad()
    def sample(self, rng: Random, heat: float = 0.0) -> tuple[list[int], float, float]:
        indices: list[int] = []
        log_prob = entropy = 0.0
        row = 0
        with one_thread():
            hidden = cell = torch.zeros(self._hidden_units, dtype=DTYPE, device="cpu")
            for step, (weight, bias) in enumerate(self._heads):
                gates = torch.addmv(self._step_input[row], self._recurrent, hidden).view(4, self._hidden_units)
                input_gate, forget_gate, _, output_gate = gates.sigmoid().unbind()
                cell = torch.addcmul(forget_gate * cell, input_gate, gates[2].tanh())  # (hidden,)
                hidden = output_gate * cell.tanh()  # (hidden,)
                log_probs: list[float] = torch.addmv(bias, weight, hidden).log_softmax(0).tolist()  # (options,)
                probs = [exp(value) for value in log_probs]
                index = _draw_hot(probs, rng, heat)
                entropy -= sum(map(mul, probs, log_probs))
                log_prob += log_probs[index]
                indices.append(index)
                row = self._first_row[step] + index
        return indices, log_prob, entropy

    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        chosen = torch.tensor(batch, dtype=torch.long, device="cpu").T.contiguous()  # (T, B)
        first_row = torch.tensor(self._first_row, dtype=torch.long, device="cpu")[:, None]
        rows = torch.cat([torch.zeros_like(chosen[:1]), (first_row + chosen)[:-1]])  # (T, B)
        hidden, _ = self.lstm(self.embedding[rows])  # (T, B, hidden)
        logits = torch.baddbmm(self.head_bias, hidden, self.head_weight)  # (T, B, widest)
        log_probs = logits.masked_fill(self._padding, -torch.inf).log_softmax(-1)  # (T, B, widest)
        log_prob = log_probs.gather(-1, chosen[..., None]).sum(dim=(0, 2))  # (B,)
        finite = log_probs.masked_fill(self._padding, 0.0)
        entropy = -(finite.exp() * finite).sum(dim=(0, 2))  # (B,)
        return log_prob, entropy


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


def _draw_hot(probs: Sequence[float], rng: Random, heat: float) -> int:
    if heat and rng.random() < heat:
        return rng.randrange(len(probs))
    return _draw(probs, rng.random())


def _draw(probs: Sequence[float], uniform: float) -> int:
    """The option in whose share of [0, 1) `uniform` falls; the last one where the shares add up to
    less for rounding.
    """
    for index, edge in enumerate(accumulate(probs)):
        if uniform < edge:
            return index
    return len(probs) - 1

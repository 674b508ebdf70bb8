"""`LstmPolicy`: a one-layer LSTM that generates an architecture one categorical decision at a time, as in NASNet (Zoph
et al. 2018, arXiv:1707.07012, App. A.1).

One softmax per decision, weights drawn from uniform(-0.1, 0.1). The embedding of a decision's outcome is the input of
the next step. The paper does not say whether the steps share softmaxes and embeddings; here they do not.

A step of learning is some ten thousand multiplications in small pieces, so that calls cost more than arithmetic. The
gradient is therefore written out instead of recorded (`recurrence`; a test compares it with finite differences), and
what depends on the weights alone is computed once for each change of the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import exp, log
from operator import mul
from random import Random
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.core.arch import Decision
from nasbench.core.seeds import derive
from nasbench.strategies.controller.policy import DTYPE, PLAIN, Policy, Softmax, Weighing, draw_mixed, one_thread
from nasbench.strategies.controller.recurrence import Floats, States, gradient, run, twice_for_tanh

HIDDEN_UNITS = 100  # App. A.1
INIT_SCALE = 0.1  # App. A.1
IMPOSSIBLE = -1e300
"""Added to the logits of options that a decision has not: finite, so that 0 times it is 0."""


@dataclass
class _Node:
    """A decision after those before it: what the LSTM says of it, and the nodes after its options that were drawn."""

    log_probs: list[float]
    probs: list[float]
    entropy: float
    hidden: Tensor
    cell: Floats
    following: dict[int, "_Node"] = field(default_factory=dict)


@dataclass
class _Known:
    """What follows from the weights, until they change: what an input adds to the gates (rows, 4 H), the recurrent
    weights (H, 4 H), both as `run` takes them, and the decisions that were met. And the rows of the last batch.
    """

    inputs: Tensor
    recurrent: Tensor
    start: _Node | None = None
    batch: object = None
    rows: Tensor | None = None
    places: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class _Pass:
    """A batch through the LSTM, with T decisions: rows (T, B), where the chosen options lie in the flat arrays (T, B),
    and logits, log-probabilities and probabilities (T, B, widest), entropies (T, B), log-probabilities (B,).
    """

    rows: Tensor
    places: NDArray[np.int64]
    states: States
    logits: Tensor
    log_probs: Floats
    probs: Floats
    entropy: Floats
    log_prob: Floats


@final
class LstmPolicy(Policy):
    """The LSTM of NASNet. Its initial weights depend only on `seed`."""

    kind = "lstm"

    def __init__(
        self, choices: Sequence[Decision], seed: int, hidden_units: int = HIDDEN_UNITS, softmax: Softmax = PLAIN
    ) -> None:
        super().__init__(choices, softmax)
        self._hidden_units = hidden_units
        num_steps, widest = len(self.choices), max(self._num_options)
        # Row 0 is the start symbol. Then follows one row for each option of each decision except the last, whose
        # outcome is not an input.
        self._first_row = [1, *accumulate(self._num_options[:-1], initial=1)][1:]
        # The meta device skips the initialisation of nn.LSTM, which would use the global generator.
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
        self._weights = (self.embedding, *self.lstm.parameters(), self.head_weight, self.head_bias)
        self._mask: Floats = np.where(self._padding.numpy(), IMPOSSIBLE, 0.0)  # (T, 1, widest)
        self._twice = twice_for_tanh(hidden_units)
        self._known = _Known(self._twice, self._twice)
        self.refresh()

    @property
    def words(self) -> str:
        return f"an LSTM of {self._hidden_units} units"

    @torch.no_grad()
    def refresh(self) -> None:
        known, (embedding, w_ih, w_hh, b_ih, b_hh, _, _) = self._known, self._weights
        with one_thread():
            known.inputs = torch.addmm(b_ih + b_hh, embedding, w_ih.T).mul_(self._twice)
            known.recurrent = w_hh.T * self._twice
        known.start = None

    @torch.no_grad()
    def sample(self, rng: Random, uniform_share: float = 0.0) -> tuple[list[int], float, float]:
        # A controller that is sure draws the same first decisions again and again, so they are remembered.
        indices: list[int] = []
        log_prob = entropy = 0.0
        index = 0
        with one_thread():
            if self._known.start is None:
                hidden = torch.zeros(self._hidden_units, dtype=DTYPE, device="cpu")
                self._known.start = self._step(0, 0, hidden, np.zeros(self._hidden_units))
            node = self._known.start
            for step in range(len(self.choices)):
                if step:
                    following = node.following.get(index)
                    if following is None:
                        following = self._step(step, self._first_row[step - 1] + index, node.hidden, node.cell)
                        node.following[index] = following
                    node = following
                index = draw_mixed(node.probs, rng, uniform_share)
                entropy += node.entropy
                log_prob += node.log_probs[index]
                indices.append(index)
        return indices, log_prob, entropy

    @torch.no_grad()
    def sample_many(self, rng: Random, uniform_shares: Sequence[float]) -> Sequence[tuple[list[int], float, float]]:
        count, units = len(uniform_shares), self._hidden_units
        shares = np.array(uniform_shares)
        cell, log_prob, entropy = np.zeros((count, units)), np.zeros(count), np.zeros(count)
        hidden = torch.zeros(count, units, dtype=DTYPE, device="cpu")  # (B, H)
        row = np.zeros(count, dtype=np.int64)  # of the embedding
        chosen = np.empty((count, len(self.choices)), dtype=np.int64)
        with one_thread():
            for step, size in enumerate(self._num_options):
                inputs = self._known.inputs[torch.from_numpy(row)]  # (B, 4 H)
                gates: Floats = torch.addmm(inputs, hidden, self._known.recurrent).sigmoid_().numpy()
                new = gates[:, 2 * units : 3 * units] * 2 - 1
                cell = cell * gates[:, units : 2 * units] + gates[:, :units] * new  # (B, H)
                hidden = torch.from_numpy(np.tanh(cell) * gates[:, 3 * units :])  # (B, H)
                logits = torch.addmm(self.head_bias[step], hidden, self.head_weight[step])[:, :size]
                log_probs: Floats = self.softmax(logits).log_softmax(-1).numpy()  # (B, size)
                probs = np.exp(log_probs)
                entropy -= (probs * log_probs).sum(-1)
                uniform, place = np.array([(rng.random(), rng.random()) for _ in range(count)]).T  # (B,), (B,)
                edges = np.where((uniform < shares)[:, None], 1 / size, probs).cumsum(-1)
                option = (edges[:, :-1] <= place[:, None]).sum(-1)  # (B,)
                log_prob += log_probs[np.arange(count), option]
                chosen[:, step] = option
                row = self._first_row[step] + option if step < len(self._first_row) else row
        return list(zip(chosen.tolist(), log_prob.tolist(), entropy.tolist(), strict=True))

    def _step(self, step: int, row: int, hidden: Tensor, cell: Floats) -> _Node:
        """The decision number `step` after an input and the states (H,) of the step before."""
        units = self._hidden_units
        gates: Floats = torch.addmv(self._known.inputs[row], self._known.recurrent.T, hidden).sigmoid_().numpy()
        new = gates[2 * units : 3 * units] * 2 - 1
        cell = cell * gates[units : 2 * units] + gates[:units] * new  # (H,)
        hidden = torch.from_numpy(np.tanh(cell) * gates[3 * units :])  # (H,)
        logits = torch.addmv(self.head_bias[step, 0], self.head_weight[step].T, hidden)[: self._num_options[step]]
        values: list[float] = self.softmax(logits).tolist()
        top = max(values)
        total = top + log(sum([exp(value - top) for value in values]))
        log_probs = [value - total for value in values]
        probs = [exp(value) for value in log_probs]
        return _Node(log_probs, probs, -sum(map(mul, probs, log_probs)), hidden, cell)

    @torch.no_grad()
    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        found = self._forward(batch)
        return torch.from_numpy(found.log_prob), torch.from_numpy(found.entropy.sum(0))

    @torch.no_grad()
    def add_gradient(self, batch: Sequence[Sequence[int]], weigh: Weighing) -> None:
        found = self._forward(batch)
        per_log_prob, per_entropy = weigh(found.log_prob.tolist(), found.entropy.sum(0).tolist())
        gradients = self._backward(found, np.array(per_log_prob), np.array(per_entropy)[:, None])
        for weight, grad in zip(self._weights, gradients, strict=True):
            weight.grad = grad if weight.grad is None else weight.grad + grad

    def _forward(self, batch: Sequence[Sequence[int]]) -> _Pass:
        rows, places = self._rows_and_places(batch)
        states = run(self._known.inputs[rows], self._known.recurrent)
        logits = torch.baddbmm(self.head_bias, states.hiddens[1:], self.head_weight)  # (T, B, widest)
        log_probs: Floats = self.softmax(logits).numpy() + self._mask
        log_probs -= log_probs.max(-1, keepdims=True)
        probs = np.exp(log_probs)
        total = probs.sum(-1, keepdims=True)
        probs /= total
        log_probs -= np.log(total, out=total)
        entropy = -(probs * log_probs).sum(-1)  # (T, B)
        return _Pass(rows, places, states, logits, log_probs, probs, entropy, log_probs.reshape(-1)[places].sum(0))

    def _backward(self, found: _Pass, per_log_prob: Floats, per_entropy: Floats) -> tuple[Tensor, ...]:
        """The gradient of the weights, from that of the log-probabilities (B,) and entropies (B, 1)."""
        embedding, w_ih, w_hh, _, _, head_weight, _ = self._weights
        grad = found.log_probs + found.entropy[..., None]  # (T, B, widest)
        grad *= -per_entropy
        grad -= per_log_prob[:, None]
        grad *= found.probs
        grad.reshape(-1)[found.places] += per_log_prob
        softmax = self.softmax
        if softmax.tanh_constant:
            tanh = np.tanh(found.logits.numpy() / softmax.temperature)
            grad *= softmax.tanh_constant * (1 - tanh * tanh)
        if softmax.temperature != 1.0:
            grad /= softmax.temperature
        of_logits = torch.from_numpy(grad)
        of_hiddens = torch.bmm(of_logits, head_weight.transpose(1, 2))  # (T, B, H)
        of_inputs, of_recurrent = gradient(found.states, w_hh, of_hiddens)
        of_rows = torch.zeros(len(embedding), len(w_ih), dtype=DTYPE, device="cpu")  # (rows, 4 H)
        of_rows.index_add_(0, found.rows.view(-1), of_inputs.view(-1, len(w_ih)))
        bias = of_rows.sum(0)
        return (
            of_rows @ w_ih,
            of_rows.T @ embedding,
            of_recurrent,
            bias,
            bias,
            torch.bmm(found.states.hiddens[1:].transpose(1, 2), of_logits),
            of_logits.sum(1, keepdim=True),
        )

    def _rows_and_places(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, NDArray[np.int64]]:
        """Each step's row of the embedding (T, B), and where the outcomes lie in a flat array (T, B, widest)."""
        known = self._known
        if known.batch is not batch or known.rows is None or known.places is None:
            chosen = np.array(batch, dtype=np.int64).T  # (T, B)
            rows = np.zeros_like(chosen, order="C")
            rows[1:] = chosen[:-1]
            rows[1:] += np.array(self._first_row[:-1], dtype=np.int64)[:, None]
            before = np.arange(chosen.size, dtype=np.int64).reshape(chosen.shape) * self._mask.shape[-1]
            known.batch, known.rows, known.places = batch, torch.from_numpy(rows), chosen + before
        return known.rows, known.places

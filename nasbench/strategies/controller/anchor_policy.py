"""The controller of the first search by reinforcement learning: an LSTM that decides on skip connections by anchor
points (Zoph and Le 2017, arXiv:1611.01578, sections 3.1 and 3.3).

For each layer, the LSTM decides on the layer's own properties, one softmax after another; the embedding of an outcome
is the next input. Then comes the layer's anchor point, a step whose hidden state h_i decides for each earlier layer j
whether layer i reads it:

    P(layer j is an input to layer i) = sigmoid(v^T tanh(W_prev h_j + W_curr h_i))

h_j being the hidden state at the anchor point of layer j. These decisions are independent of each other, and their
log-probabilities are part of the architecture's. Two LSTM layers of 35 units, weights drawn from uniform(-0.08, 0.08).

What the paper leaves open, and what is done here:
  - the input after an anchor point: the sum of the anchor states h_j of the layers that were chosen, divided by one
    more than their number, as in ENAS's released code;
  - whether softmaxes and embeddings are shared between layers: they are, one for each kind of decision, as the
    parameters of the anchor points are by their formula. So a controller goes on where networks get deeper: it has no
    parameter that belongs to a layer, and a deeper network begins as a shallower one does;
  - which hidden state counts: that of the upper LSTM layer;
  - the place of the anchor point: after the layer's own properties.

At the published rate, what all layers should do alike is learned within a thousand networks; which layers differ from
the rest is not within three thousand (docs/experiments.md).
"""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from math import exp
from operator import mul
from random import Random
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from nasbench.core.arch import Decision
from nasbench.core.protocols import HasSkips, Place, SearchSpace
from nasbench.core.seeds import derive
from nasbench.core.skips import check_places
from nasbench.strategies.controller.policy import DTYPE, PLAIN, Policy, Sampler, Softmax, draw_mixed, one_thread

HIDDEN_UNITS, LSTM_LAYERS, INIT_SCALE = 35, 2, 0.08
"""Section 4.1."""


class _Layer(NamedTuple):
    """The decisions of one layer: the kinds of its own, and the earlier layers that it may read."""

    kinds: tuple[str, ...]
    reads: tuple[int, ...]


@final
class AnchorPolicy(Policy):
    """The LSTM with anchor points. Its initial weights depend only on `seed` and the kinds of decisions.

    `places` are those of `choices`. It takes architectures of any depth up to that of `choices`: their decisions are
    the first ones.
    """

    kind = "lstm"

    def __init__(
        self,
        choices: Sequence[Decision],
        places: Sequence[Place],
        seed: int,
        hidden_units: int = HIDDEN_UNITS,
        softmax: Softmax = PLAIN,
    ) -> None:
        super().__init__(choices, softmax)
        self._hidden_units = hidden_units
        self._options_of: dict[str, int] = {}
        """Kind of decision -> the number of its options."""
        self._layers: list[_Layer] = []
        self._lay_out(choices, places)
        total = sum(self._options_of.values())
        self._first_row = dict(zip(self._options_of, accumulate(self._options_of.values(), initial=0), strict=False))
        # The meta device skips the initialisation of nn.LSTM, which would use the global generator.
        self.lstm = nn.LSTM(hidden_units, hidden_units, LSTM_LAYERS, dtype=DTYPE, device="meta").to_empty(device="cpu")
        self.start = _empty(hidden_units)
        self.embedding = _empty(total, hidden_units)
        self.head_weight, self.head_bias = _empty(total, hidden_units), _empty(total)
        self.previous, self.current = _empty(hidden_units, hidden_units), _empty(hidden_units, hidden_units)
        self.value = _empty(hidden_units)
        generator = torch.Generator(device="cpu").manual_seed(derive(seed, "policy"))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-INIT_SCALE, INIT_SCALE, generator=generator)
        self.refresh()

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"an LSTM of two layers of {self._hidden_units} units with anchor points"

    def extend(self, space: SearchSpace) -> Sampler | None:
        """As of every policy; one that was extended is the one that was made for the deeper space."""
        if not isinstance(space, HasSkips):
            return None
        deeper = AnchorPolicy(space.choices, space.places(), 0, self._hidden_units, self.softmax)
        known = min(len(self.choices), len(deeper.choices))
        if deeper.choices[:known] != self.choices[:known] or deeper._options_of != self._options_of:
            return None
        if len(deeper.choices) > known:
            self.choices, self._index, self._layers = deeper.choices, deeper._index, deeper._layers
            self._num_options, self._padding = deeper._num_options, deeper._padding
        self._lengths.add(len(deeper.choices))
        return partial(self.sample, num_decisions=len(deeper.choices))

    def _lay_out(self, choices: Sequence[Decision], places: Sequence[Place]) -> None:
        """Reads the layers off the places of all decisions."""
        check_places(choices, places)
        found: dict[int, _Layer] = {}
        for place, num_options in zip(places, self._num_options, strict=True):
            kinds, reads = found.get(place.layer, _Layer((), ()))
            if place.reads is None:
                kinds = (*kinds, place.kind)
                self._options_of.setdefault(place.kind, num_options)
            else:
                reads = (*reads, place.reads)
            found[place.layer] = _Layer(kinds, reads)
        self._layers = [found[layer] for layer in sorted(found)]

    @torch.no_grad()
    def refresh(self) -> None:
        with one_thread():
            w_ih, w_hh, b_ih, b_hh, *upper = (p.detach() for p in self.lstm.parameters())
            self._bias, self._w_ih, self._w_hh = b_ih + b_hh, w_ih, w_hh
            self._step_input = torch.addmm(self._bias, self.embedding.detach(), w_ih.T)  # (rows, 4 * hidden)
            self._start_input = torch.addmv(self._bias, w_ih, self.start.detach())  # (4 * hidden,)
            self._upper, self._upper_bias = torch.cat(upper[:2], 1), upper[2] + upper[3]  # (4 * hidden, 2 * hidden)
            rows = {kind: slice(first, first + self._options_of[kind]) for kind, first in self._first_row.items()}
            weight, bias = self.head_weight.detach(), self.head_bias.detach()
            self._heads = {kind: (weight[of].contiguous(), bias[of].clone()) for kind, of in rows.items()}

    @torch.no_grad()
    def sample(
        self, rng: Random, uniform_share: float = 0.0, num_decisions: int | None = None
    ) -> tuple[list[int], float, float]:
        indices: list[int] = []
        log_prob = entropy = 0.0
        zero = torch.zeros(self._hidden_units, dtype=DTYPE, device="cpu")
        lower = lower_cell = hidden = cell = zero

        def step(gates: Tensor) -> None:
            """One step of both LSTM layers."""
            nonlocal lower, lower_cell, hidden, cell
            lower, lower_cell = _cell(torch.addmv(gates, self._w_hh, lower), lower_cell)
            hidden, cell = _cell(torch.addmv(self._upper_bias, self._upper, torch.cat((lower, hidden))), cell)

        with one_thread():
            value, previous, current = (p.detach() for p in (self.value, self.previous, self.current))
            states, keys = zero.new_empty(0, self._hidden_units), zero.new_empty(0, self._hidden_units)
            gates = self._start_input
            for layer in self._layers:
                if len(indices) == num_decisions:
                    break
                for kind in layer.kinds:
                    step(gates)
                    weight, bias = self._heads[kind]
                    row: list[float] = self.softmax(torch.addmv(bias, weight, hidden)).log_softmax(0).tolist()
                    probs = [exp(each) for each in row]
                    index = draw_mixed(probs, rng, uniform_share)
                    entropy -= sum(map(mul, probs, row))
                    log_prob += row[index]
                    indices.append(index)
                    gates = self._step_input[self._first_row[kind] + index]
                step(gates)
                read = []
                if layer.reads:
                    places = [earlier - 1 for earlier in layer.reads]
                    query = torch.mv(current, hidden)  # (hidden,)
                    logits = self.softmax(torch.mv(torch.tanh(keys[places] + query), value))  # (reads,)
                    both = logsigmoid(torch.stack((-logits, logits), 1)).tolist()  # (reads, 2)
                    for place, row in zip(places, both, strict=True):
                        probs = [exp(each) for each in row]
                        index = draw_mixed(probs, rng, uniform_share)
                        entropy -= sum(map(mul, probs, row))
                        log_prob += row[index]
                        indices.append(index)
                        read += [place] * index
                told = states[read].sum(0) / (1 + len(read))  # (hidden,)
                gates = torch.addmv(self._bias, self._w_ih, told)
                states = torch.cat((states, hidden[None]))  # (layers so far, hidden)
                keys = torch.cat((keys, torch.mv(previous, hidden)[None]))  # (layers so far, hidden)
        return indices, log_prob, entropy

    def log_prob_and_entropy(self, batch: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, batch))
        padded = [[*indices, *[0] * (longest - len(indices))] for indices in batch]
        chosen = torch.tensor(padded, dtype=torch.long, device="cpu").T  # (T, B)
        lengths = torch.tensor([len(indices) for indices in batch], device="cpu")  # (B,)
        told = self.start.expand(len(batch), -1)  # (B, hidden)
        hidden = told.new_zeros(LSTM_LAYERS, len(batch), self._hidden_units)
        memory = (hidden, hidden)
        states: list[Tensor] = []
        keys: list[Tensor] = []
        log_prob = entropy = told.new_zeros(len(batch))  # (B,)
        at = 0
        for layer in self._layers:
            if at >= longest:
                break
            counts = (lengths > at).to(DTYPE)  # (B,), 0 where the network has no such layer
            outcomes = chosen[at : at + len(layer.kinds)]  # (kinds, B)
            first = [self._first_row[kind] for kind in layer.kinds]
            embedded = [self.embedding[row + of] for row, of in zip(first, outcomes, strict=True)]
            steps, memory = self.lstm(torch.stack([told, *embedded]), memory)  # (kinds + 1, B, hidden)
            for kind, state, of in zip(layer.kinds, steps, outcomes, strict=False):
                rows = slice(self._first_row[kind], self._first_row[kind] + self._options_of[kind])
                logits = torch.addmm(self.head_bias[rows], state, self.head_weight[rows].T)  # (B, options)
                log_probs = self.softmax(logits).log_softmax(-1)  # (B, options)
                log_prob = log_prob + counts * log_probs.gather(1, of[:, None])[:, 0]
                entropy = entropy - counts * (log_probs.exp() * log_probs).sum(1)
            at += len(layer.kinds)
            anchor = steps[-1]  # (B, hidden)
            told = torch.zeros_like(anchor)
            if layer.reads:
                places = [earlier - 1 for earlier in layer.reads]
                yes = chosen[at : at + len(places)].T.to(DTYPE)  # (B, reads)
                known = torch.stack([keys[place] for place in places], 1)  # (B, reads, hidden)
                logits = self.softmax(torch.tanh(known + (anchor @ self.current.T)[:, None]) @ self.value)  # (B, reads)
                both = logsigmoid(torch.stack((-logits, logits), 2))  # (B, reads, 2)
                picked = torch.where(yes.bool(), both[..., 1], both[..., 0])  # (B, reads)
                log_prob = log_prob + counts * picked.sum(1)
                entropy = entropy - counts * (both.exp() * both).sum((1, 2))
                read = torch.stack([states[place] for place in places], 1)  # (B, reads, hidden)
                told = (yes[..., None] * read).sum(1) / (1 + yes.sum(1, keepdim=True))  # (B, hidden)
                at += len(places)
            states.append(anchor)
            keys.append(anchor @ self.previous.T)
        return log_prob, entropy


def _empty(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(*shape, dtype=DTYPE, device="cpu"))


def _cell(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """The hidden state and the cell after a step; all of shape (hidden,), `gates` of (4 * hidden,)."""
    parts = gates.view(4, -1)
    input_gate, forget_gate, _, output_gate = parts.sigmoid().unbind()
    cell = torch.addcmul(forget_gate * cell, input_gate, parts[2].tanh())
    return output_gate * cell.tanh(), cell

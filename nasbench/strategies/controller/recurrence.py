"""The recurrence of an LSTM and its gradient, for many short sequences of few units.

Both compute what `torch.nn.LSTM` and its backward pass compute (a test compares them), up to the order of rounding. At
six steps of 35 units PyTorch's take 2 ms, nearly all of it the overhead of small calls and of a graph with a node for
each of them. Here whatever does not depend on the state is computed for all steps at once, and the small element-wise
operations are NumPy's: a call costs it a third. Matrix products are torch's, on the same memory, because its number of
threads can be held at one.

The four activations of a step are one sigmoid, since tanh(x) = 2 sigmoid(2 x) - 1. Gates are in PyTorch's order: input,
forget, cell, output. Everything is float64 on the CPU.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class States:
    """What a pass over T steps of B sequences leaves: gates after their activations (T, B, 4, H), states of the cell
    (T + 1, B, H), their tanh (T, B, H), hidden states (T + 1, B, H). The first states are zeros.
    """

    gates: Floats
    cells: Floats
    squashed: Floats
    hiddens: Tensor


def run(inputs: Tensor, recurrent: Tensor) -> States:
    """inputs (T, B, 4 H), what each step adds to its gates before their activations; recurrent weights (H, 4 H). Both
    times `twice_for_tanh`.
    """
    num_steps, batch, width = inputs.shape
    units = width // 4
    gates = torch.empty_like(inputs)  # (T, B, 4 H)
    hiddens = inputs.new_zeros(num_steps + 1, batch, units)
    cells, squashed = np.zeros((num_steps + 1, batch, units)), np.empty((num_steps, batch, units))
    split, states = gates.numpy().reshape(num_steps, batch, 4, units), hiddens.numpy()
    state, cell, product = hiddens[0], cells[0], np.empty((batch, units))
    steps = zip(
        inputs.unbind(), gates.unbind(), split[:, :, 0], split[:, :, 1], split[:, :, 2], split[:, :, 3],
        cells[1:], squashed, states[1:], hiddens[1:].unbind(),
        strict=True,
    )  # fmt: skip
    for row, gate, into, keep, new, out, next_cell, tanh, next_state, next_hidden in steps:
        torch.addmm(row, state, recurrent, out=gate).sigmoid_()
        new *= 2
        new -= 1
        np.multiply(cell, keep, out=next_cell)
        next_cell += np.multiply(into, new, out=product)
        np.multiply(out, np.tanh(next_cell, out=tanh), out=next_state)
        state, cell = next_hidden, next_cell
    return States(split, cells, squashed, hiddens)


def gradient(states: States, recurrent: Tensor, grad_hiddens: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of the hidden states (T, B, H) -> those of the inputs (T, B, 4 H) and of the weights (4 H, H)."""
    gates, cells, squashed = states.gates, states.cells, states.squashed
    num_steps, batch, _, units = gates.shape
    into, keep, new, out = (gates[:, :, gate] for gate in range(4))  # (T, B, H) each
    # How much the cell, and by the last gate the hidden state, changes with each gate's input.
    slope = gates - gates * gates  # (T, B, 4, H), of the sigmoids
    slope[:, :, 2] = 1 - new * new
    for gate, factor in enumerate((new, cells[:-1], into, squashed)):
        slope[:, :, gate] *= factor
    through = out * (1 - squashed * squashed)  # (T, B, H)
    grad_inputs = torch.empty(num_steps, batch, 4 * units, dtype=recurrent.dtype, device="cpu")
    parts = grad_inputs.numpy().reshape(gates.shape)
    grad_cell, product = np.zeros((batch, units)), np.empty((batch, units))
    steps = zip(
        grad_hiddens.unbind(), grad_inputs.unbind(), parts[:, :, :3], parts[:, :, 3], slope[:, :, :3], slope[:, :, 3],
        through, keep,
        strict=True,
    )  # fmt: skip
    after: Tensor | None = None
    for grad, whole, of_cell, of_out, cell_slope, out_slope, way, kept in reversed(list(steps)):
        grad_hidden = (grad if after is None else torch.addmm(grad, after, recurrent)).numpy()  # (B, H)
        grad_cell += np.multiply(grad_hidden, way, out=product)
        np.multiply(grad_cell[:, None], cell_slope, out=of_cell)
        np.multiply(grad_hidden, out_slope, out=of_out)
        grad_cell *= kept
        after = whole
    flat = grad_inputs.view(-1, 4 * units)
    return grad_inputs, flat.T @ states.hiddens[:-1].view(-1, units)


def twice_for_tanh(units: int) -> Tensor:
    """1 for the gates that are sigmoids, 2 for the tanh: (4 H,)"""
    factors = torch.ones(4, units, dtype=torch.float64, device="cpu")
    factors[2] = 2.0
    return factors.view(-1)

"""The LSTM of the controllers: its recurrence is PyTorch's, its gradient is right, what it remembers is no state."""

from collections.abc import Sequence
from random import Random

import pytest
import torch

from nasbench.core.arch import Choice
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import Policy, Softmax, TablePolicy
from nasbench.strategies.controller.recurrence import gradient, run, twice_for_tanh

CHOICES = (Choice("a", (1, 2, 3)), Choice("b", ("x",)), Choice("c", ("p", "q")), Choice("d", (1, 2, 3, 4)))
BATCH = [[0, 0, 1, 3], [2, 0, 0, 0], [0, 0, 1, 3], [1, 0, 0, 2]]
BOUNDED = Softmax(tanh_constant=1.3, temperature=0.7)


def test_the_recurrence_is_that_of_pytorch() -> None:
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(5, 7, dtype=torch.float64)
    inputs = torch.randn(4, 3, 5, dtype=torch.float64, requires_grad=True)
    theirs, _ = lstm(inputs)
    wanted = torch.randn_like(theirs)
    theirs.backward(wanted)
    with torch.no_grad():
        w_ih, w_hh, b_ih, b_hh = lstm.parameters()
        twice = twice_for_tanh(7)
        states = run((inputs @ w_ih.T + b_ih + b_hh) * twice, w_hh.T * twice)
        of_gates, of_recurrent = gradient(states, w_hh, wanted)
        assert torch.allclose(states.hiddens[1:], theirs, rtol=0, atol=1e-14)
        assert w_hh.grad is not None
        assert inputs.grad is not None
        assert torch.allclose(of_recurrent, w_hh.grad, rtol=0, atol=1e-13)
        assert torch.allclose(of_gates @ w_ih, inputs.grad, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "policy",
    [
        TablePolicy(CHOICES, BOUNDED),
        LstmPolicy(CHOICES, 3, 6),
        LstmPolicy(CHOICES, 3, 6, BOUNDED),
        LstmPolicy(CHOICES[:1], 3, 6),
    ],
    ids=["table", "lstm", "bounded lstm", "one decision"],
)
def test_the_gradient_is_that_of_finite_differences(policy: Policy) -> None:
    batch = [row[: len(policy.choices)] for row in BATCH]
    per_log_prob, per_entropy = [1.0, -2.0, 0.5, 0.3], [0.7, 0.0, -1.0, 0.2]
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(torch.rand(parameter.shape, generator=rng, dtype=parameter.dtype) - 0.5)
    policy.refresh()

    def loss() -> float:
        log_prob, entropy = policy.log_prob_and_entropy(batch)
        of_both = log_prob @ torch.tensor(per_log_prob).double() + entropy @ torch.tensor(per_entropy).double()
        return float(of_both.detach())

    for _ in range(2):  # gradients add up
        policy.add_gradient(batch, lambda _log_probs, _entropies: (per_log_prob, per_entropy))
    for name, parameter in policy.named_parameters():
        assert parameter.grad is not None, name
        flat, grad = parameter.data.view(-1), parameter.grad.reshape(-1) / 2
        for place in {0, flat.numel() // 2, flat.numel() - 1, int(grad.abs().argmax())}:
            values = []
            for step in (1e-6, -2e-6):
                flat[place] += step
                policy.refresh()
                values.append(loss())
            flat[place] += 1e-6
            assert (values[0] - values[1]) / 2e-6 == pytest.approx(float(grad[place]), abs=1e-7), (name, place)


def test_what_was_drawn_before_changes_no_draw() -> None:
    policy, fresh = LstmPolicy(CHOICES, 0, 8), LstmPolicy(CHOICES, 0, 8)
    for draw in range(30):
        policy.sample(Random(draw), 0.5)
    assert [policy.sample(Random(n)) for n in range(20)] == [fresh.sample(Random(n)) for n in range(20)]
    batches: list[Sequence[Sequence[int]]] = [BATCH, BATCH[:1], BATCH]
    for batch in batches:
        for each in (policy, fresh):
            each.add_gradient(batch, lambda log_probs, _: ([1.0] * len(log_probs), [0.0] * len(log_probs)))
    with torch.no_grad():
        for each in (policy, fresh):
            for parameter in each.parameters():
                assert parameter.grad is not None
                parameter.sub_(parameter.grad)
            each.refresh()
    assert [policy.sample(Random(n)) for n in range(20)] == [fresh.sample(Random(n)) for n in range(20)]
    assert policy.sample(Random(0)) != LstmPolicy(CHOICES, 0, 8).sample(Random(0))

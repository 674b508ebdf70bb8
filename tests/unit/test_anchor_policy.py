"""The controller with anchor points: its probabilities against the paper's formula, its gradient, and its depth."""

from itertools import product
from random import Random

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.arch import Choice, sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import HasSkips, Place
from nasbench.core.registry import spaces
from nasbench.core.skips import check_places
from nasbench.strategies.controller.anchor_policy import AnchorPolicy
from nasbench.strategies.controller.enas import EnasController
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import Softmax
from nasbench.strategies.controller.ppo import Ppo
from nasbench.strategies.controller.reinforce import Reinforce
from nasbench.testing import check_strategy, play
from search_spaces.nas_rl.space import NasRlSpace


def policy_of(space: HasSkips, units: int = 35, scale: float = 1.0, softmax: Softmax | None = None) -> AnchorPolicy:
    """A policy away from uniform: its weights are those that the seed draws, times `scale`."""
    policy = AnchorPolicy(space.choices, space.places(), 3, units, softmax or Softmax())  # type: ignore[attr-defined]
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.mul_(scale)
    policy.refresh()
    return policy


class Small:
    """Three layers with a decision of two options each, and their skips: 64 networks."""

    choices = tuple(
        choice
        for i in range(1, 4)
        for choice in (Choice(f"op_{i}", ("a", "b")), *(Choice(f"{i}_{j}", (0, 1)) for j in range(1, i)))
    )

    def places(self) -> tuple[Place, ...]:
        return tuple(each for i in range(1, 4) for each in (Place(i, "op"), *(Place(i, "s", j) for j in range(1, i))))


ALL = [list(indices) for indices in product(range(2), repeat=6)]


@pytest.mark.parametrize("softmax", [Softmax(), Softmax(1.5, 2.0)])
def test_probabilities_of_all_networks_add_up_to_one_and_samples_carry_theirs(softmax: Softmax) -> None:
    policy = policy_of(Small(), 5, 25.0, softmax)
    log_prob, _ = policy.log_prob_and_entropy(ALL)
    probabilities = log_prob.detach().exp()
    assert float(probabilities.sum()) == pytest.approx(1.0, abs=1e-12)
    assert float(probabilities.max()) > 1.5 / 64, "it is away from uniform"
    rng, counts = Random(0), dict.fromkeys(map(tuple, ALL), 0)
    for _ in range(300):
        counts[tuple(policy.sample(rng)[0])] += 1
    for indices, probability in zip(ALL, probabilities.tolist(), strict=True):
        deviation = (probability * (1 - probability) / 300) ** 0.5
        assert counts[tuple(indices)] / 300 == pytest.approx(probability, abs=4 * deviation)


@pytest.mark.parametrize("options", [{}, {"stride": "predicted", "pools": (3,)}])
@pytest.mark.parametrize("uniform_share", [0.0, 1.0])
def test_a_sample_carries_its_own_log_probability_and_entropy(options: dict[str, object], uniform_share: float) -> None:
    space = NasRlSpace(5, **options)  # type: ignore[arg-type]
    policy = policy_of(space, scale=8.0)
    for draw in range(3):
        indices, log_prob, entropy = policy.sample(Random(draw), uniform_share)
        expected, expected_entropy = policy.log_prob_and_entropy([indices])
        assert log_prob == pytest.approx(float(expected.detach()), abs=1e-11)
        assert entropy == pytest.approx(float(expected_entropy.detach()), abs=1e-11)
        architecture = policy.architecture(space.name, indices)
        assert policy.indices(architecture) == indices
        space.canonical(architecture)


def plain_log_prob(policy: AnchorPolicy, indices: list[int], layers: int) -> float:
    """The definition, decision by decision, for nas-rl with fixed strides."""
    lower, upper = (nn.LSTMCell(35, 35, dtype=torch.float64) for _ in range(2))
    for cell, depth in ((lower, 0), (upper, 1)):
        cell.load_state_dict({name: getattr(policy.lstm, f"{name}_l{depth}") for name in cell.state_dict()})
    first, states, told = (torch.zeros(1, 35, dtype=torch.float64) for _ in range(2)), [], policy.start
    low, high = tuple(first), tuple(torch.zeros(1, 35, dtype=torch.float64) for _ in range(2))
    total, left = 0.0, list(indices)
    for layer in range(1, layers + 1):
        for row in (0, 4, 8):  # height, width, filters
            low = lower(told[None], low)
            high = upper(low[0], high)
            logits = policy.head_weight[row : row + 4] @ high[0][0] + policy.head_bias[row : row + 4]
            index = left.pop(0)
            total += float(logits.log_softmax(0)[index])
            told = policy.embedding[row + index]
        low = lower(told[None], low)
        high = upper(low[0], high)
        anchor: Tensor = high[0][0]
        chosen = []
        for earlier in range(1, layer):
            inner = torch.tanh(policy.previous @ states[earlier - 1] + policy.current @ anchor)
            probability = torch.sigmoid(policy.value @ inner)
            yes = left.pop(0)
            total += float((probability if yes else 1 - probability).log())
            chosen += [states[earlier - 1]] * yes
        states.append(anchor)
        told = sum(chosen, torch.zeros(35, dtype=torch.float64)) / (1 + len(chosen))
    assert not left
    return total


@torch.no_grad()
def test_probabilities_are_those_of_the_formula() -> None:
    policy = policy_of(NasRlSpace(4), scale=6.0)
    drawn = [policy.sample(Random(draw), 0.3)[0] for draw in range(3)]
    log_prob, _ = policy.log_prob_and_entropy(drawn)
    assert log_prob.tolist() == pytest.approx([plain_log_prob(policy, indices, 4) for indices in drawn], abs=1e-11)


def test_the_gradient_is_that_of_finite_differences() -> None:
    policy = policy_of(Small(), 4, 8.0)
    batch, weights = [ALL[5], ALL[46], ALL[63][:3]], torch.tensor([0.7, -1.2, 2.0], dtype=torch.float64)

    def objective() -> Tensor:
        log_prob, entropy = policy.log_prob_and_entropy(batch)
        return (weights * log_prob + 0.3 * entropy).sum()

    objective().backward()
    step = 1e-6
    for name, parameter in policy.named_parameters():
        assert parameter.grad is not None, name
        flat, gradient = parameter.detach().view(-1), parameter.grad.view(-1)
        assert float(gradient.abs().max()) > 1e-6, name
        for index in range(0, flat.numel(), max(1, flat.numel() // 3)):
            value = float(flat[index])
            with torch.no_grad():
                flat[index] = value + step
                above = float(objective())
                flat[index] = value - step
                below = float(objective())
                flat[index] = value
            assert float(gradient[index]) == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-8), name


def test_initial_weights_are_the_published_ones() -> None:
    policy = AnchorPolicy(NasRlSpace(6).choices, NasRlSpace(6).places(), 0)
    assert (policy.lstm.num_layers, policy.lstm.hidden_size) == (2, 35)
    weights = torch.cat([parameter.detach().flatten() for parameter in policy.parameters()])
    assert 0.0799 < float(weights.abs().max()) <= 0.08
    assert float(weights.var()) == pytest.approx(0.08**2 / 3, rel=0.05)
    deeper = AnchorPolicy(NasRlSpace(12).choices, NasRlSpace(12).places(), 0)
    assert all(map(torch.equal, policy.parameters(), deeper.parameters())), "they belong to no layer"


def test_a_policy_that_was_extended_is_that_of_the_deeper_space() -> None:
    deep, deeper = NasRlSpace(3), NasRlSpace(5)
    extended, made = policy_of(deep, scale=8.0), policy_of(deeper, scale=8.0)
    before = extended.sample(Random(0))
    assert extended.extend(deeper)
    assert extended.extend(deep)  # which it knows
    assert extended.sample(Random(0), num_decisions=len(deep.choices)) == before
    assert extended.sample(Random(1)) == made.sample(Random(1))
    batch = [before[0], extended.sample(Random(1))[0]]
    together = extended.log_prob_and_entropy(batch)[0].tolist()
    assert together == pytest.approx([before[1], extended.sample(Random(1))[1]], abs=1e-11)
    for space in (deep, deeper):
        architecture = sample(space.name, space.choices, Random(2))
        assert extended.architecture("nas-rl", extended.indices(architecture)) == architecture
    assert not extended.extend(NasRlSpace(6, "predicted"))
    with pytest.raises(UsageError, match="missing decisions"):
        extended.indices(sample("nas-rl", NasRlSpace(4).choices, Random(3)))


@pytest.mark.parametrize("strategy", [Ppo, Reinforce])
def test_strategies_decide_by_anchor_points_where_there_are_skips(strategy: type[Ppo] | type[Reinforce]) -> None:
    space = NasRlSpace(2)
    assert isinstance(strategy(space, hidden_units=35).policy, AnchorPolicy)
    assert isinstance(strategy(space, hidden_units=35, anchors=0).policy, LstmPolicy)
    macro = spaces.make("enas-macro", options={"num_layers": 3})
    assert isinstance(strategy(macro, hidden_units=8).policy, AnchorPolicy)
    assert isinstance(EnasController(macro).policy, LstmPolicy), "the released weights are those of an LSTM alone"
    assert not isinstance(strategy(spaces.make("nasnet"), hidden_units=8).policy, AnchorPolicy)
    history = play(strategy(space, hidden_units=8, batch_size=2), space, range(1, 31))
    assert len({trial.key for trial in history}) == 30


def test_a_strategy_with_anchor_points_can_be_interrupted_and_resumed() -> None:
    check_strategy(lambda space: Reinforce(space, hidden_units=6, batch_size=4), NasRlSpace(3), num_trials=12)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([Place(1, "op")], "its 2 decisions is; got 1"),
        ([Place(1, "op"), Place(3, "op")], "in the order of the layers"),
        ([Place(1, "op"), Place(2, "s", 2)], "reads earlier ones, from 1 to 1"),
        ([Place(2, "op"), Place(2, "op")], "in the order of the layers"),
    ],
)
def test_places_that_do_not_fit_are_answered(places: list[Place], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_places([Choice("a", (1, 2)), Choice("b", (1, 2))], places)
    with pytest.raises(UsageError, match="two options"):
        check_places(
            [Choice("a", (1, 2)), Choice("b", (1, 2)), Choice("c", (1, 2, 3))],
            [Place(1, "op"), Place(2, "op"), Place(2, "s", 1)],
        )

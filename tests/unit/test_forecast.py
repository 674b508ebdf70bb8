"""The forecast that chooses among a controller's draws, and the option `draws`."""

from itertools import pairwise, product
from math import erf, exp, pi, sqrt
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.core.arch import Architecture, Choice
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces, strategies
from nasbench.core.spec import Size, Task
from nasbench.strategies.controller.anchor_policy import AnchorPolicy
from nasbench.strategies.controller.forecast import FEWEST, Forecast
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import TablePolicy
from nasbench.strategies.controller.ppo import Ppo
from nasbench.strategies.predictor.kernels import LENGTHS, NOISES, Kernel
from nasbench.strategies.predictor.targets import targets_of
from nasbench.testing import TOY_SPACE, check_strategy, play


class FourOfThree:
    """Four decisions of three options each; nothing is built."""

    name = "four_of_three"
    choices = tuple(Choice(f"decision_{place}", ("a", "b", "c")) for place in range(4))
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:
        raise AssertionError(f"no test builds {architecture} of {size} for {task}")


ALL = list(product(range(3), repeat=4))


def reward(row: tuple[int, ...]) -> float:
    """Options count, and one pair counts more than both of its options."""
    return row[0] - 0.5 * row[1] + (2.0 if row[2] == row[3] == 2 else 0.0)


def told(num_trials: int, seed: int = 0) -> tuple[Forecast, list[tuple[int, ...]]]:
    forecast, seen = Forecast(FourOfThree()), Random(seed).sample(ALL, num_trials)
    for row in seen:
        forecast.tell(row, reward(row))
    return forecast, seen


def test_it_ranks_what_it_has_not_seen() -> None:
    forecast, seen = told(30)
    unseen = [row for row in ALL if row not in seen]
    chosen = unseen[forecast.best(unseen)]
    assert reward(chosen) >= sorted(map(reward, unseen))[-3]


def test_without_enough_trials_or_a_difference_the_first_draw_stays() -> None:
    few, _ = told(FEWEST - 1)
    assert few.best(ALL) == 0
    equal = Forecast(FourOfThree())
    for row in ALL[:20]:
        equal.tell(row, 0.5)
    assert equal.best([ALL[3], ALL[3], ALL[3]]) == 0
    assert told(20)[0].best([ALL[5]]) == 0


def gaussian_process(kernel: Kernel, rows: list[tuple[int, ...]], targets: Any, asked: list[tuple[int, ...]]) -> Any:
    """Mean and variance at `asked`, as the textbook has them, of the kernel exp(-differing decisions / length)."""
    weight = np.exp(np.array(kernel.relevance)) / (LENGTHS[kernel.length] * 4)

    def covariance(left: list[tuple[int, ...]], right: list[tuple[int, ...]]) -> Any:
        return np.array([[exp(-(weight * (np.array(a) != np.array(b))).sum()) for b in right] for a in left])

    inverse = np.linalg.inv(covariance(rows, rows) + NOISES[kernel.noise] * np.eye(len(rows)))
    amplitude = targets @ inverse @ targets / len(rows)
    between = covariance(asked, rows)
    return between @ inverse @ targets, amplitude * (1 - ((between @ inverse) * between).sum(1))


def test_the_highest_expected_improvement_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(3, 0, 1, (0.5, 0.0, -0.5, 0.0))  # no make-up, as the textbook's formula above
    monkeypatch.setattr("nasbench.strategies.predictor.model.choose_kernels", lambda *_: [(kernel, 0.0)])
    forecast, seen = told(12)
    scores = sorted(map(reward, seen[:FEWEST]))
    targets = targets_of([reward(row) for row in seen], (scores[3] + scores[4]) / 2, 0.5)
    unseen = [row for row in ALL if row not in seen]
    mean, variance = gaussian_process(kernel, seen, targets, unseen)
    best = float(gaussian_process(kernel, seen, targets, seen)[0].max())

    def improvement(mean: float, deviation: float) -> float:
        z = (mean - best) / deviation
        return (mean - best) * (1 + erf(z / sqrt(2))) / 2 + deviation * exp(-z * z / 2) / sqrt(2 * pi)

    promised = [improvement(m, sqrt(v)) for m, v in zip(mean, variance, strict=True)]
    by_promise = sorted(range(len(unseen)), key=lambda place: -promised[place])
    assert forecast.best(unseen) == by_promise[0]
    pairs = [(b, w) for b, w in pairwise(by_promise) if promised[b] > promised[w] + 1e-6]
    assert all(forecast.best([unseen[worse], unseen[better]]) == 1 for better, worse in pairs)
    assert any(mean[better] < mean[worse] for better, worse in pairs), "what is not known counts"


def test_what_runs_promises_less() -> None:
    forecast, seen = told(12)
    unseen = [row for row in ALL if row not in seen]
    chosen = unseen[forecast.best(unseen)]
    assert unseen[forecast.best(unseen, running=[chosen])] != chosen


def test_a_later_score_replaces_the_earlier_one() -> None:
    once, twice = Forecast(FourOfThree()), Forecast(FourOfThree())
    rows = Random(3).sample(ALL, FEWEST - 1)
    twice.tell(rows[0], -5.0)
    for row in [*rows, ALL[0] if ALL[0] not in rows else ALL[1]]:
        once.tell(row, reward(row))
        twice.tell(row, reward(row))
    assert once.ready
    assert twice.ready
    assert all(once.best(pair) == twice.best(pair) for pair in zip(ALL, reversed(ALL), strict=True))


def proposals(history: list[Any]) -> list[tuple[str, float]]:
    return [(trial.key, trial.note["log_prob"]) for trial in history]


def trials_until_the_best(controller: str, draws: int) -> list[int]:
    """The place of the best architecture of all among 30 trials, or 31; under six seeds."""
    space, best, places = FourOfThree(), max(ALL, key=reward), []
    for seed in range(6):
        history = play(
            Ppo(space, seed, controller, draws=draws),
            space,
            range(1, 31),
            statuses=("ok",),
            score=lambda architecture: reward(row_of(architecture)),
            seed=seed,
        )
        assert len({trial.key for trial in history}) == 30, "nothing twice"
        places.append(next((n for n, trial in enumerate(history, 1) if row_of(trial.proposed) == best), 31))
    return places


def row_of(architecture: Architecture) -> tuple[int, ...]:
    return tuple("abc".index(str(gene)) for _, gene in architecture.items)


@pytest.mark.parametrize("controller", ["lstm", "table"])
def test_choosing_among_draws_finds_the_best_sooner(controller: str) -> None:
    plain, chosen = (trials_until_the_best(controller, draws) for draws in (1, 12))
    assert max(chosen) <= 20
    assert sum(chosen) < 0.85 * sum(plain)


@pytest.mark.parametrize("name", ["ppo", "reinforce", "enas"])
def test_replay_is_exact_where_the_forecast_forgets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench.strategies.controller.forecast.MEMORY", 16)
    check_strategy(lambda space: strategies.make(name, space, options={"draws": 5}, seed=2), TOY_SPACE, 40)


def test_networks_with_anchor_points_are_chosen_too() -> None:
    space = spaces.get("nas-rl")(layers=3)
    strategy = Ppo(space, seed=0, draws=4)
    assert isinstance(strategy.policy, AnchorPolicy)
    history = play(strategy, space, range(1, FEWEST + 6), statuses=("ok",))
    assert len({trial.key for trial in history}) == len(history)
    assert all(trial.note["log_prob"] < 0 and len(trial.proposed.items) == len(space.choices) for trial in history)


def test_many_draws_at_once_are_those_of_the_policy() -> None:
    policy = LstmPolicy(FourOfThree.choices, seed=4)
    with torch.no_grad():
        policy.head_bias[0, 0] = torch.tensor([1.0, 0.0, -1.0])
        policy.head_weight.mul_(20)
    policy.refresh()
    drawn = policy.sample_many(Random(1), [0.0] * 6000)
    log_probs, entropies = policy.log_prob_and_entropy([indices for indices, _, _ in drawn])
    assert [log_prob for _, log_prob, _ in drawn] == pytest.approx(log_probs.tolist())
    assert [entropy for _, _, entropy in drawn] == pytest.approx(entropies.tolist())
    single = [policy.sample(Random(seed))[0] for seed in range(6000)]
    for place in range(4):
        many = np.bincount([indices[place] for indices, _, _ in drawn], minlength=3) / 6000
        assert many == pytest.approx(np.bincount([indices[place] for indices in single], minlength=3) / 6000, abs=0.03)
    evenly = policy.sample_many(Random(2), [1.0] * 6000)
    for place in range(4):
        assert np.bincount([each[0][place] for each in evenly]) / 6000 == pytest.approx([1 / 3] * 3, abs=0.03)
    table = TablePolicy(FourOfThree.choices)
    assert table.sample_many(Random(5), [0.0, 0.5])[0] == table.sample(Random(5), 0.0)


def test_one_draw_is_the_plain_controller() -> None:
    plain, one = Ppo(TOY_SPACE, seed=1), Ppo(TOY_SPACE, seed=1, draws=1)
    first, second = (play(each, TOY_SPACE, range(1, 26)) for each in (plain, one))
    assert proposals(list(first)) == proposals(list(second))


def test_draws_are_of_new_architectures() -> None:
    with pytest.raises(UsageError, match="needs unique=1; got draws=4 with unique=0"):
        strategies.make("ppo", TOY_SPACE, options={"preset": "paper", "draws": 4}, seed=0)
    strategies.make("ppo", TOY_SPACE, options={"preset": "paper", "draws": 4, "unique": 1}, seed=0)
    with pytest.raises(UsageError, match="'enas' chooses among new architectures, so it needs unique=1"):
        strategies.make("enas", TOY_SPACE, options={"unique": 0, "draws": 4}, seed=0)
    with pytest.raises(UsageError, match=r"option 'draws' of the strategy 'ppo' must be in \[1, 1000\]; got '0'"):
        strategies.make("ppo", TOY_SPACE, options={"draws": "0"}, seed=0)

"""The forecast that chooses among a controller's draws, and the option `draws`."""

from itertools import product
from random import Random
from typing import Any

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.registry import strategies
from nasbench.strategies.controller.forecast import FEWEST, MEMORY, Forecast
from nasbench.strategies.controller.ppo import Ppo
from nasbench.testing import TOY_SPACE, additive_score, play

ALL = list(product(range(3), repeat=4))


def reward(row: tuple[int, ...]) -> float:
    """Options count, and one pair counts more than both of its options."""
    return row[0] - 0.5 * row[1] + (2.0 if row[2] == row[3] == 2 else 0.0)


def told(num_trials: int, seed: int = 0) -> tuple[Forecast, list[tuple[int, ...]]]:
    forecast, seen = Forecast(), Random(seed).sample(ALL, num_trials)
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
    equal = Forecast()
    for row in ALL[:20]:
        equal.tell(row, 0.5)
    assert equal.best([ALL[3], ALL[3], ALL[3]]) == 0
    assert told(20)[0].best([ALL[5]]) == 0


def test_ranks_alone_count_and_the_last_trials_are_kept() -> None:
    plain, stretched = told(40)[0], Forecast()
    for row in Random(0).sample(ALL, 40):
        stretched.tell(row, 0.9 + 1e-3 * 2.0 ** reward(row))
    assert all(plain.best(pair) == stretched.best(pair) for pair in zip(ALL, reversed(ALL), strict=True))
    long, short = Forecast(), Forecast()
    for number in range(MEMORY + 50):
        row, score = ALL[number * 7 % len(ALL)], Random(number).random()
        long.tell(row, score)
        if number >= 50:
            short.tell(row, score)
    assert long.best(ALL) == short.best(ALL)


def proposals(history: list[Any]) -> list[tuple[str, float]]:
    return [(trial.key, trial.note["log_prob"]) for trial in history]


@pytest.mark.parametrize("controller", ["lstm", "table"])
def test_choosing_among_draws_finds_better_ones_sooner(controller: str) -> None:
    means = []
    for draws in (1, 12):
        history = play(Ppo(TOY_SPACE, 0, controller, draws=draws), TOY_SPACE, range(1, 15), statuses=("ok",))
        assert len({trial.key for trial in history}) == 14, "nothing twice"
        means.append(sum(additive_score(trial.architecture) for trial in history[FEWEST:]) / 6)
    assert means[1] > means[0] + 0.015


def test_a_replay_restores_the_forecast() -> None:
    whole = Ppo(TOY_SPACE, seed=2, controller="table", draws=6)
    history = play(whole, TOY_SPACE, range(1, 31))
    again = Ppo(TOY_SPACE, seed=2, controller="table", draws=6)
    for trial in history:
        again.tell(trial)
    assert again.ask(31, Random(9), ()) == whole.ask(31, Random(9), ())


def test_one_draw_is_the_plain_controller() -> None:
    plain, one = Ppo(TOY_SPACE, seed=1), Ppo(TOY_SPACE, seed=1, draws=1)
    first, second = (play(each, TOY_SPACE, range(1, 26)) for each in (plain, one))
    assert proposals(list(first)) == proposals(list(second))


def test_draws_are_of_new_architectures() -> None:
    with pytest.raises(UsageError, match="needs unique=1; got draws=4 with unique=0"):
        strategies.make("ppo", TOY_SPACE, options={"preset": "paper", "draws": 4}, seed=0)
    strategies.make("ppo", TOY_SPACE, options={"preset": "paper", "draws": 4, "unique": 1}, seed=0)

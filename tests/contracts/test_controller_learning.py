"""The controllers learn at their published rates: 95 % of the highest reward within 3,000 proposals; random search does
not move.
"""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))  # scripts find each other there
BENCHMARK: dict[str, Any] = runpy.run_path(str(BENCHMARKS / "controller_learning.py"))
rewards: Callable[..., list[float]] = BENCHMARK["rewards"]
samples_to_goal: Callable[[list[float]], int | None] = BENCHMARK["samples_to_goal"]


def test_a_controller_learns() -> None:
    """REINFORCE; PPO, which takes longer, is among the slow tests."""
    assert samples_to_goal(rewards("reinforce", seed=0, stop=True)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", ["ppo", "reinforce"])
def test_controller_learns_whatever_the_seed(name: str, seed: int) -> None:
    assert samples_to_goal(rewards(name, seed=seed, stop=True)) is not None


def test_random_search_does_not_move() -> None:
    means = BENCHMARK["running_mean"](rewards("random", seed=0))
    assert max(means) < 3 / 13 + 0.06
    assert min(means) > 3 / 13 - 0.06


ANCHORS: dict[str, Any] = runpy.run_path(str(BENCHMARKS / "anchor_points.py"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["ppo", "reinforce"])
def test_a_controller_with_anchor_points_learns_skips_and_filters(name: str, seed: int) -> None:
    assert ANCHORS["samples_to_goal"](ANCHORS["rewards"](name, seed, stop=True)) is not None

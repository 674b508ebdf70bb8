"""Every registered strategy keeps the contract, in a small space and in one with NASNet's fifty decisions."""

from functools import partial

import pytest

from nasbench.core.registry import spaces, strategies
from nasbench.testing import TOY_SPACE, check_strategy


@pytest.mark.parametrize("name", strategies.names())
def test_strategy_keeps_the_contract(name: str) -> None:
    check_strategy(strategies.get(name))


@pytest.mark.parametrize("name", strategies.names())
def test_strategy_keeps_the_contract_in_the_nasnet_space(name: str) -> None:
    check_strategy(partial(strategies.get(name), seed=3), spaces.get("nasnet")(), num_trials=45)


@pytest.mark.parametrize("name", ["ppo", "reinforce"])
def test_replay_is_exact_across_many_updates(name: str) -> None:
    check_strategy(partial(strategies.get(name), batch_size=2, lr=0.01), TOY_SPACE, num_trials=120)

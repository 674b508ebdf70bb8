"""Contract suites: what every part must keep, for the tests of this package and of any plug-in.

Each `check_*` raises AssertionError with one sentence on what was broken; what the part itself raises
passes through. They need no test framework:

    def test_my_strategy() -> None:
        check_strategy(MyStrategy)

There is one file for each kind of part. `TOY_SPACE`, `additive_score` and `play` make a small search without training.
"""

from typing import TYPE_CHECKING, Any

from nasbench.testing.datasets import check_dataset
from nasbench.testing.evaluators import check_evaluator
from nasbench.testing.executors import check_executor
from nasbench.testing.models import check_model
from nasbench.testing.objectives import check_objective
from nasbench.testing.proxies import check_proxy
from nasbench.testing.pruners import check_pruner
from nasbench.testing.rewards import check_reward
from nasbench.testing.samplers import check_sampler
from nasbench.testing.spaces import check_space
from nasbench.testing.strategies import check_strategy
from nasbench.testing.supernets import check_supernet
from nasbench.testing.toy import TOY_SPACE, ToySpace, additive_score, play
from nasbench.testing.trackers import check_tracker

if TYPE_CHECKING:
    from nasbench.testing.training import check_loss, check_optimizer, check_schedule

__all__ = [
    "TOY_SPACE",
    "ToySpace",
    "additive_score",
    "check_dataset",
    "check_evaluator",
    "check_executor",
    "check_loss",
    "check_model",
    "check_objective",
    "check_optimizer",
    "check_proxy",
    "check_pruner",
    "check_reward",
    "check_sampler",
    "check_schedule",
    "check_space",
    "check_strategy",
    "check_supernet",
    "check_tracker",
    "play",
]


def __getattr__(name: str) -> Any:  # late: parts of a training need torch, other suites do not
    if name in ("check_loss", "check_optimizer", "check_schedule"):
        from nasbench.testing import training

        return getattr(training, name)
    raise AttributeError(f"module 'nasbench.testing' has no attribute {name!r}")

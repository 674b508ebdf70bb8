"""The reward that a search is for: made, and held against what the evaluator returns, before any work starts."""

from nasbench.core.errors import UsageError, unknown
from nasbench.core.options import parse_options
from nasbench.core.protocols import Measures
from nasbench.core.registry import rewards
from nasbench.core.reward import Rewarded
from nasbench.core.reward_part import made_reward
from nasbench.engine.config import Goals, SearchConfig


def reward_of(goals: Goals, metric: str) -> Rewarded | None:
    """The reward of --reward, made; None where there is none. `metric` is the evaluator's own score."""
    name = goals.reward
    if name is None:
        return None
    options = parse_options(goals.reward_options, "--reward-options")
    return Rewarded(name, made_reward(rewards.get(name), name, options, metric), metric)


def check_reward(reward: Rewarded, evaluator: object, executor: object, config: SearchConfig) -> None:
    """UsageError where the evaluator does not return what the reward reads, as far as both say so."""
    if reward.reads_curve and (config.table_file is not None or config.inherits):
        raise UsageError(
            f"the reward {reward.name!r} is made of what a training reports after each epoch, and nothing is "
            f"trained for a score by {config.evaluator}: leave --reward out, or take --reward accuracy"
        )
    if reward.reads_curve and not getattr(executor, "reports_travel", True):
        raise UsageError(
            f"the reward {reward.name!r} is made of what a training reports after each epoch, and the executor "
            f"{config.workers.executor_name!r} passes no reports on. Take --executor local (--workers 0) or ray, or "
            "leave --reward out."
        )
    returned = evaluator.metrics() if isinstance(evaluator, Measures) else None
    for name in reward.reads:
        if returned is not None and name not in returned:
            option = name != reward.metric and config.goals.reward_options
            then = "Name one of these in --reward-options." if option else f"The reward {reward.name!r} reads it."
            raise unknown("metric of the evaluator", name, returned, then)

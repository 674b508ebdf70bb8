"""Rewards made of what a user names: a function, a class or an object, with its options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, isroutine, signature
from typing import Any, final

from nasbench.core.blame import blame
from nasbench.core.errors import UsageError
from nasbench.core.options import call_with_options, named_arguments, parse_options
from nasbench.core.protocols import Curve, Metrics, Reward
from nasbench.core.registry import rewards
from nasbench.core.reward import Rewarded

SAYS = ("reads", "reads_curve", "said", "targets")
"""What a reward may say of itself."""


def reward_named(name: str, options: Sequence[str], metric: str) -> Rewarded:
    """The reward with that name or import path, made with the options as --reward-options has them. `metric` is the
    evaluator's own score. UsageError as of `made_reward`.
    """
    wanted = parse_options(options, "--reward-options")
    return Rewarded(name, made_reward(rewards.get(name), name, wanted, metric), metric)


def made_reward(part: Any, name: str, options: Mapping[str, Any], metric: str) -> Reward:
    """A reward from the part that is registered or imported: a function is the reward itself, and its parameters after
    (metrics, curve) are options; a class is made with them; an object is taken as it is. One that takes the metrics
    alone is never shown the curve.

    UsageError for an option that it does not take, and for what cannot be called with metrics.
    """
    called, offered = f"reward {name!r}", {"metric": metric}
    try:
        if isroutine(part):
            made: Any = partial(part, **named_arguments(part, called, options, _given(part), offered))
        elif isinstance(part, type):
            with blame(f"the {called}", "its making", UsageError, "Mend it there."):
                made = call_with_options(part, called, options, offered=offered)
        elif options:
            raise UsageError(f"the {called} is an object that is made already: it takes no --reward-options")
        else:
            made = part
        parameters = signature(made)
        try:
            parameters.bind({}, ())
        except TypeError:
            parameters.bind({})
            made = _OfMetrics(made)
    except TypeError as error:
        raise UsageError(
            f"the {called} must be called with the metrics and the curve of a trial, (metrics, curve): {error}. See "
            "nasbench.core.protocols.Reward"
        ) from error
    for each in SAYS if isroutine(part) else ():
        if hasattr(part, each):
            setattr(made, each, getattr(part, each))
    reward: Reward = made
    return reward


def _given(function: Any) -> int:
    """How many of a function's parameters are no options: the metrics, and the curve where it takes one."""
    second = list(signature(function).parameters.values())[1:2]
    takes_curve = [each for each in second if each.kind not in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)]
    return 2 if takes_curve and (takes_curve[0].name == "curve" or takes_curve[0].default is Parameter.empty) else 1


@final
@dataclass
class _OfMetrics:
    """A reward that takes the metrics alone."""

    reward: Any

    def __call__(self, metrics: Metrics, curve: Curve) -> float:  # noqa: ARG002 - the protocol's
        value: float = self.reward(metrics)
        return value

    def __getattr__(self, name: str) -> Any:
        if name not in SAYS:
            raise AttributeError(name)
        return getattr(self.reward, name)

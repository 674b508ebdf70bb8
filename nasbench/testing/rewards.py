"""The contract suite of rewards of one's own."""

from collections.abc import Mapping
from copy import deepcopy
from math import isfinite
from typing import Any

from nasbench.core.protocols import Curve
from nasbench.core.reward import Rewarded
from nasbench.core.reward_part import made_reward
from nasbench.testing.conditions import global_generators_untouched, require
from nasbench.testing.objectives import TRAINED

EPOCHS = 8
"""Of the training whose curve a reward is shown."""


def check_reward(part: Any, metrics: Mapping[str, Any] | None = None, **options: Any) -> None:
    """That a search can score by the reward: a function (metrics, curve, ...), or a class made with `options`.

    It gives a finite number for what `metrics` an evaluator returns (else what a training returns) and the curve that
    led to them, also after the first epoch; the same again; it changes neither; it needs no metric that it does not
    say it reads, and, unless it says `reads_curve`, no curve.
    """
    given = dict(TRAINED if metrics is None else metrics)
    name = getattr(part, "__name__", type(part).__name__)
    score = Rewarded(name, made_reward(part, name, options, "val_accuracy"), "val_accuracy")
    missing = [each for each in score.reads if each not in given]
    require(not missing, f"the reward says that it reads {', '.join(missing)}; the evaluator returns {sorted(given)}")
    curve = _curve(given)
    for epochs in (1, EPOCHS):
        metrics_then, until = dict(curve[epochs - 1][1]), curve[:epochs]
        handed, before = deepcopy((metrics_then, until)), deepcopy((metrics_then, until))
        with global_generators_untouched("the reward"):
            value, again = score.of_curve(*handed), score.of_curve(*handed)
        require(handed == before, "the reward changes the metrics or the curve that it is handed")
        require(value == again, f"the reward gives {value}, then {again}, for the same trial")
        require(isfinite(value), f"a reward gives a finite number, not {value}")
        if not score.reads_curve:
            require(score(metrics_then) == value, "the reward reads the curve: it must say reads_curve = True")
        if score.reads:
            told = {each: metrics_then[each] for each in score.reads}
            of_these = [(epoch, {each: then[each] for each in score.reads}) for epoch, then in until]
            require(_reads_no_more(score, told, of_these, value), f"the reward reads more than it says: {score.reads}")
    require(bool(score.said), "what the reward says of itself is empty")


def _curve(metrics: Mapping[str, Any]) -> Curve:
    """Metrics that rise to those given; counts are the same all along."""
    shares = [(epoch, epoch / EPOCHS) for epoch in range(1, EPOCHS + 1)]
    return [
        (epoch, {each: value * share if isinstance(value, float) else value for each, value in metrics.items()})
        for epoch, share in shares
    ]


def _reads_no_more(score: Rewarded, metrics: Mapping[str, Any], curve: Curve, value: float) -> bool:
    try:
        return score.of_curve(metrics, curve) == value
    except KeyError:
        return False

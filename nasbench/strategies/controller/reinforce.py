"""REINFORCE (Williams 1992), with the settings of Zoph and Le or for fewer trials.

The published settings are for 12,800 trials (Zoph and Le 2017, arXiv:1611.01578): an LSTM, a moving-average baseline,
Adam with a learning rate of 0.0006, batches of 8 architectures. Use `--preset paper`, or the option `preset=paper`.
These settings are not published and were chosen here:
  - Adam's default betas, (0.9, 0.999);
  - one step on each batch;
  - the decay of the baseline: 0.95, as in NASNet;
  - no entropy bonus;
  - the network of the NASNet search in spaces of cells, so that the two controllers differ only in their learning rule.
    In spaces with skips it is Zoph and Le's own (`anchor_policy`), which has 35 units with `--preset paper` on nas-rl.

The defaults are for hundreds of trials: see `nasbench.strategies.controller.controller`.
"""

from collections.abc import Mapping
from math import exp
from typing import final

from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.strategies.controller.controller import PUBLISHED_SHARED, SHARED_OPTIONS, Controller, read_settings
from nasbench.strategies.options import Option

OPTIONS = (
    Option("lr", 0.3, low=0.0),
    Option("batch_size", 1, low=1),
    Option("baseline_decay", 0.95, low=0.0, high=1.0),
    Option("entropy_weight", 0.1, low=0.0),
    *SHARED_OPTIONS,
)


@final
@strategies.register("reinforce")
class Reinforce(Controller):
    """Options: lr, batch_size, baseline_decay, entropy_weight, hidden_units, adam, ranked, unique, imitation,
    beta1, epsilon, tanh_constant, temperature, anchors, draws. `controller`: lstm, table, or None for what
    `hidden_units` says, else the default.

    With several workers, a trial may come from an older policy. It is weighted by min(1, p_now / p_then): the more the
    policy has changed since then, the less the trial counts. With one worker, every weight is 1.
    """

    paper: Mapping[str, float] = {**PUBLISHED_SHARED, "lr": 0.0006, "batch_size": 8, "entropy_weight": 0.0}
    """The published settings, and the choices above that complete them."""

    def __init__(self, space: SearchSpace, seed: int = 0, controller: str | None = None, **options: object) -> None:
        super().__init__(space, seed, read_settings("reinforce", OPTIONS, controller, options), epochs=1)

    def objective(self, log_prob: float, old_log_prob: float, advantage: float) -> tuple[float, float]:
        return stale_weighted(log_prob, old_log_prob, advantage)


def stale_weighted(log_prob: float, old_log_prob: float, advantage: float) -> tuple[float, float]:
    """REINFORCE's objective with the weight min(1, p_now / p_then), which is held fixed, and its slope."""
    slope = exp(min(log_prob - old_log_prob, 0.0)) * advantage
    return slope * log_prob, slope

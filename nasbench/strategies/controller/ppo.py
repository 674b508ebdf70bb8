"""Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347), as in the NASNet search or for fewer trials.

The published settings are for 20,000 trials (Zoph et al. 2018, arXiv:1707.07012, App. A.2): an LSTM, a learning rate of
0.00035, batches of 20 architectures, an entropy weight of 0.00001, a moving-average baseline with decay 0.95. Use
`--preset paper`, or the option `preset=paper`. These settings are not published and were chosen here:
  - the optimiser: Adam with its default betas (0.9, 0.999), as in the earlier search by the same authors.
  - the clip: 0.2, the best in Schulman et al., Table 1.
  - the epochs: 3 passes over each batch, as in Schulman et al. on Atari, Table 5. `benchmarks/controller_learning.py`
    shows the effect: one pass learns too slowly at the published learning rate, and each further pass gains less.
  - the probability ratio is of the whole architecture, with one clip for all of its decisions, because the reward is
    given to the architecture.
  - advantages are not normalised: Adam is invariant to their scale, and normalisation would amplify the noise of a
    batch of equal scores.

The defaults are for hundreds of trials: see the module `controller`. With a batch of one trial, the clip limits how far
this trial can move the policy. An LSTM gets one pass over each trial, which was as good as two; then the clip acts on
trials that an older policy proposed, with several workers.
"""

from collections.abc import Mapping
from math import exp
from typing import final

from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.strategies.controller.controller import (
    BEFORE_THE_FLAG,
    PUBLISHED_SHARED,
    SHARED_OPTIONS,
    Controller,
    read_settings,
)
from nasbench.strategies.options import Option

OPTIONS = (
    Option("lr", 0.3, low=0.0),
    Option("batch_size", 1, low=1),
    Option("baseline_decay", 0.95, low=0.0, high=1.0),
    Option("entropy_weight", 0.05, low=0.0),
    Option("epochs", 2, low=1),
    Option("clip", 0.5, low=0.0, high=1.0),
    *SHARED_OPTIONS,
)
OF_LSTM: Mapping[str, int | float] = {"epochs": 1}
"""The defaults of an LSTM where a table has others."""
LOG_RATIO_MAX = 20.0  # e**20 is above every meaningful ratio and far below overflow


@final
@strategies.register("ppo")
class Ppo(Controller):
    """Options: lr, batch_size, baseline_decay, entropy_weight, epochs, clip, hidden_units, adam, ranked, unique,
    imitation, beta1, epsilon, tanh_constant, temperature, anchors, draws. `controller`: lstm, table, or None for what
    `hidden_units` says, else the default.

    The denominator of the ratio is the probability under the policy that proposed the architecture, from the trial's
    note. With several workers, that policy may be older than the batch; the clip then limits the effect of its trials.
    """

    paper: Mapping[str, float] = {
        **PUBLISHED_SHARED,
        "lr": 0.00035,
        "batch_size": 20,
        "entropy_weight": 0.00001,
        "epochs": 3,
        "clip": 0.2,
    }
    """The published settings, and the choices above that complete them."""
    begun_before: Mapping[str, int | float] = {**BEFORE_THE_FLAG, "epochs": 2}

    def __init__(self, space: SearchSpace, seed: int = 0, controller: str | None = None, **options: object) -> None:
        settings = read_settings("ppo", OPTIONS, controller, options, OF_LSTM)
        self._clip = settings["clip"]
        super().__init__(space, seed, settings, epochs=int(settings["epochs"]))

    def objective(self, log_prob: float, old_log_prob: float, advantage: float) -> tuple[float, float]:
        difference = log_prob - old_log_prob
        ratio = exp(min(difference, LOG_RATIO_MAX))
        clipped = min(max(ratio, 1 - self._clip), 1 + self._clip)
        if clipped * advantage < ratio * advantage or difference > LOG_RATIO_MAX:
            return min(clipped * advantage, ratio * advantage), 0.0
        return ratio * advantage, ratio * advantage

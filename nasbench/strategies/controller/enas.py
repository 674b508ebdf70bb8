"""ENAS's controller (Pham et al. 2018, arXiv:1802.03268) as a strategy.

Over shared weights that the sampler `enas` trained (`--evaluator supernet:RUN`, `--weight-sharing enas`), it goes on
where their training left it: with the weights of the trained controller, and with the sampler's settings. Without such
weights it begins with a new controller. It differs from the sampler in three points:

  - it is told the scores of the search, with recalibrated normalisations, and not the accuracy on one batch; its
    baseline starts anew, because these scores have another scale;
  - the moments of Adam start anew;
  - an architecture that is known or running is drawn again (`unique`), so that no trial is spent on a second look.

ENAS's released code only draws architectures from the trained controller, which the option lr=0 does.
"""

from collections.abc import Mapping
from typing import Any, final

from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.supernet_run import SupernetRun
from nasbench.strategies.controller.controller import Controller, with_new_draws
from nasbench.strategies.controller.reinforce import OPTIONS, stale_weighted
from nasbench.strategies.options import read_options, with_defaults

RELEASED: Mapping[str, float] = {
    "lr": 0.0035,
    "batch_size": 10,
    "baseline_decay": 0.99,
    "entropy_weight": 0.0,
    "hidden_units": 64,
    "adam": 1,
    "ranked": 0,
    "imitation": 0.0,
    "beta1": 0.0,
    "epsilon": 1e-3,
    "tanh_constant": 1.1,
    "anchors": 0,
}
"""The defaults: the settings of the released micro search, as those of the sampler."""
OF_SAMPLER = {
    "samples": "batch_size",
    **{name: name for name in ("lr", "baseline_decay", "hidden_units", "beta1", "epsilon")},
    **{name: name for name in ("tanh_constant", "temperature")},
}
"""Option of the sampler `enas` -> the strategy's."""


@final
@strategies.register("enas")
class EnasController(Controller):
    """Options: those of `reinforce`. `supernet` is the one whose weights score the children; None where none do."""

    def __init__(
        self, space: SearchSpace, seed: int = 0, supernet: SupernetRun | None = None, **options: object
    ) -> None:
        known = with_defaults(OPTIONS, RELEASED)
        trained = supernet is not None and supernet.controller.exists()
        learned = _settings(supernet.sampler_options) if supernet is not None and trained else {}
        settings = with_new_draws("enas", read_options("enas", known, {**learned, **options}))
        super().__init__(space, seed, settings, epochs=1)
        if supernet is not None and trained:
            from nasbench.train.checkpoint import put_weights

            put_weights(self.policy, supernet.controller)
            self.policy.refresh()
            self.begun = True

    def objective(self, log_prob: float, old_log_prob: float, advantage: float) -> tuple[float, float]:
        return stale_weighted(log_prob, old_log_prob, advantage)


def _settings(sampler_options: Mapping[str, Any]) -> dict[str, object]:
    """The strategy's options with which the sampler's controller was trained, where they are not the defaults."""
    return {OF_SAMPLER[name]: value for name, value in sampler_options.items() if name in OF_SAMPLER}

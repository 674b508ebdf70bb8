"""A comparison of cheap scores from Python."""

from typing import Any

from nasbench.core.trust import trusting
from nasbench.engine.config import FidelityConfig
from nasbench.engine.fidelity.command import FidelityResult, run_fidelity
from nasbench.engine.run.resume import stored_config


def fidelity(**options: Any) -> FidelityResult:
    """Ranks cheap scores against the truth from Python: the flags of `nasbench fidelity` as keywords.

    `result.fidelity.standings` has the measures of each score, `result.to_json()` what `nasbench fidelity --json`
    prints. A run is resumed by `run` and `resume=True`. Raises UsageError for bad input, RunFailed where no score
    succeeded.
    """
    with trusting(options.values(), bool(options.get("trust"))):
        config = FidelityConfig.of(**options)
        if config.place.resume:
            config = stored_config(FidelityConfig, "fidelity", config.place.run).changed(**options)
        return run_fidelity(config, argv=("nasbench.fidelity",))

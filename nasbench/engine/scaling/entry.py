"""Scaling from Python."""

from typing import Any

from nasbench.core.trust import trusting
from nasbench.engine.config import SCALE_SEARCH, ScaleConfig
from nasbench.engine.run.resume import stored_config
from nasbench.engine.scaling.command import run_scale
from nasbench.engine.scaling.result import ScaleResult
from nasbench.engine.scaling.search import ScaleSearchResult, run_scale_search


def scale(**options: Any) -> ScaleResult | ScaleSearchResult:
    """Scales from Python: the flags of `nasbench scale` as keywords. UsageError for bad input.

    With `search=True` it searches coefficients as `nasbench scale --search` does, and returns what that came to. A run
    is resumed by `run` and `resume=True` alone.
    """
    with trusting(options.values(), bool(options.get("trust"))):
        config = ScaleConfig.of(**options)
        if config.place.resume:
            config = stored_config(ScaleConfig, "scale", config.place.run).changed(**options)
        elif config.search:
            config = ScaleConfig.of(**{**SCALE_SEARCH, **options})
        if config.search:
            return run_scale_search(config, argv=("nasbench.scale",))
        return run_scale(config, argv=("nasbench.scale",))

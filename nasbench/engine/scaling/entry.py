"""Scaling from Python."""

from typing import Any

from nasbench.engine.config import SCALE_SEARCH, ScaleConfig
from nasbench.engine.run.resume import stored_config
from nasbench.engine.scaling.command import run_scale
from nasbench.engine.scaling.result import ScaleResult
from nasbench.engine.scaling.search import ScaleSearchResult, run_scale_search


def scale(**options: Any) -> ScaleResult | ScaleSearchResult:
    """Scales from Python: the flags of `nasbench scale` as keywords. UsageError for bad input.

    With `search=True` it searches coefficients as `nasbench scale --search` does, and returns what that came to.
    """
    asked = ScaleConfig.of(**options)
    if not asked.search:
        return run_scale(asked, argv=("nasbench.scale",))
    if asked.place.resume:
        config = stored_config(ScaleConfig, "scale", asked.place.run).changed(**options)
    else:
        config = ScaleConfig.of(**{**SCALE_SEARCH, **options})
    return run_scale_search(config, argv=("nasbench.scale",))

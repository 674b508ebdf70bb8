"""Scaling from Python."""

from dataclasses import fields, replace
from typing import Any

from nasbench.core.errors import unknown
from nasbench.engine.config import SCALE_SEARCH, ScaleConfig
from nasbench.engine.scaling.command import run_scale
from nasbench.engine.scaling.result import ScaleResult
from nasbench.engine.scaling.search import ScaleSearchResult, run_scale_search, stored_config


def scale(**options: Any) -> ScaleResult | ScaleSearchResult:
    """Scales from Python: the fields of ScaleConfig as keywords, as `nasbench scale` takes them as flags. UsageError
    for bad input.

    With `search=True` it searches coefficients as `nasbench scale --search` does, and returns what that came to.
    """
    known = {field.name for field in fields(ScaleConfig)}
    for name in options:
        if name not in known:
            raise unknown("option of scale", name, known)
    if not options.get("search"):
        return run_scale(ScaleConfig(**options), argv=("nasbench.scale",))
    config = (
        replace(stored_config(options.get("run")), **options)
        if options.get("resume")
        else ScaleConfig(**{**SCALE_SEARCH, **options})
    )
    return run_scale_search(config, argv=("nasbench.scale",))

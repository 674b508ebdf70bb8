"""nasbench: neural architecture search and model scaling.

From Python: `nasbench.search(space="nasnet", dataset="digits", recipe="quick", trials=24)` runs what `nasbench search`
runs, `nasbench.scale(phi=3)` what `nasbench scale --phi 3` does, and `nasbench.load(MODEL)` gives the network that a
MODEL names. `nasbench.dry_run` takes the keywords of a search, and says how large its children are and how long it
would take. `nasbench.fidelity(scores=["proxy:params"], sample=200)` ranks cheap scores as `nasbench fidelity` does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.engine.config import ModelOverrides
    from nasbench.engine.dry_run import dry_run
    from nasbench.engine.fidelity.command import FidelityResult
    from nasbench.engine.fidelity.entry import fidelity
    from nasbench.engine.parts.models import load
    from nasbench.engine.scaling.entry import scale
    from nasbench.engine.scaling.result import ScaleResult
    from nasbench.engine.search import SearchResult, search

__all__ = [
    "FidelityResult",
    "ModelOverrides",
    "ScaleResult",
    "SearchResult",
    "dry_run",
    "fidelity",
    "load",
    "scale",
    "search",
]

_HOMES = {
    "ModelOverrides": "nasbench.engine.config",
    "dry_run": "nasbench.engine.dry_run",
    "FidelityResult": "nasbench.engine.fidelity.command",
    "fidelity": "nasbench.engine.fidelity.entry",
    "load": "nasbench.engine.parts.models",
    "ScaleResult": "nasbench.engine.scaling.result",
    "scale": "nasbench.engine.scaling.entry",
    "SearchResult": "nasbench.engine.search",
    "search": "nasbench.engine.search",
}


def __getattr__(name: str) -> Any:  # late, so that the command line starts without torch
    if name not in _HOMES:
        raise AttributeError(f"module 'nasbench' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The names that are there once asked for, beside those that are there already."""
    return sorted({*globals(), *__all__})

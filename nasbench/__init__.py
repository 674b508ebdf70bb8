"""nasbench: neural architecture search and model scaling.

Every command is a function with the flags as keywords: `nasbench.search(space="nasnet", dataset="digits",
recipe="quick", trials=24)` runs what `nasbench search` runs, and `nasbench.scale(phi=3)` what `nasbench scale --phi 3`
does. `nasbench.load(MODEL)` gives the network that a MODEL names, `nasbench.open_run(DIR)` the trials of a run, as a
table and as pictures. `nasbench.dry_run` takes the keywords of a search, and says how large its children are and how
long it would take.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.api.commands import (
        compare,
        dry_run,
        export,
        features,
        fidelity,
        predict,
        profile,
        race,
        scale,
        search,
        supernet,
        train,
        transfer,
    )
    from nasbench.engine.config import ModelOverrides
    from nasbench.engine.fidelity.command import FidelityResult
    from nasbench.engine.opened.optuna_study import to_optuna
    from nasbench.engine.opened.view import OpenedRun, open_run
    from nasbench.engine.parts.models import load
    from nasbench.engine.scaling.result import ScaleResult
    from nasbench.engine.search.command import SearchResult

    __version__: str

__all__ = [
    "FidelityResult",
    "ModelOverrides",
    "OpenedRun",
    "ScaleResult",
    "SearchResult",
    "__version__",
    "compare",
    "dry_run",
    "export",
    "features",
    "fidelity",
    "load",
    "open_run",
    "predict",
    "profile",
    "race",
    "scale",
    "search",
    "supernet",
    "to_optuna",
    "train",
    "transfer",
]

_FUNCTIONS = (
    "compare",
    "dry_run",
    "export",
    "features",
    "fidelity",
    "predict",
    "race",
    "scale",
    "search",
    "supernet",
    "transfer",
)
_HOMES = {
    **dict.fromkeys(_FUNCTIONS, "nasbench.api.commands"),
    "ModelOverrides": "nasbench.engine.config",
    "FidelityResult": "nasbench.engine.fidelity.command",
    "load": "nasbench.engine.parts.models",
    "OpenedRun": "nasbench.engine.opened.view",
    "open_run": "nasbench.engine.opened.view",
    "to_optuna": "nasbench.engine.opened.optuna_study",
    "ScaleResult": "nasbench.engine.scaling.result",
    "SearchResult": "nasbench.engine.search.command",
}
_MODULES = ("profile", "train")
"""Modules that are functions too."""


def __getattr__(name: str) -> Any:  # late, so that the command line starts without torch
    import importlib

    if name == "__version__":
        from importlib.metadata import version

        return version("nasbench")
    if name in _MODULES:
        return importlib.import_module(f"nasbench.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'nasbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The names that are there once asked for, beside those that are there already."""
    return sorted({*globals(), *__all__})

"""Parts that a configuration names, answered before any work: no module of a built-in part is imported for that."""

from typing import Any

from nasbench.core.registry import (
    Registry,
    datasets,
    evaluators,
    executors,
    pruners,
    recipes,
    spaces,
    strategies,
    trackers,
)

REGISTRIES: dict[str, Registry] = {
    each.kind: each for each in (datasets, evaluators, executors, pruners, recipes, spaces, strategies, trackers)
}
WITH_ARGUMENT = {"data set": "folder", "evaluator": "table"}
"""Kind -> the name that takes a path after a colon."""


def check_name(kind: str, value: Any) -> None:
    """UsageError for a name that no part of the kind has, and for an import path that leads nowhere."""
    names = (
        [] if value is None else [value] if isinstance(value, str) else [n for item in value for n in item.split(",")]
    )
    for name in names:
        own = WITH_ARGUMENT.get(kind)
        plain = name == "auto" or (own is not None and name.partition(":")[0] == own)
        if not plain and (":" in name or name not in REGISTRIES[kind].names()):
            REGISTRIES[kind].get(name)

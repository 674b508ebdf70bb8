"""Parts that a configuration names, answered before any work: no module of a built-in part is imported for that."""

from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.proxy import proxy_named
from nasbench.core.registry import (
    Registry,
    datasets,
    evaluators,
    executors,
    proxies,
    pruners,
    recipes,
    rewards,
    samplers,
    spaces,
    strategies,
    trackers,
)

REGISTRIES: dict[str, Registry] = {
    each.kind: each
    for each in (datasets, evaluators, executors, pruners, recipes, rewards, samplers, spaces, strategies, trackers)
}
WITH_ARGUMENT = {kind: registry.prefixes for kind, registry in REGISTRIES.items() if registry.prefixes}
"""Kind -> the names that take a path or a name after a colon."""


def check_name(kind: str, value: Any, flag: str) -> None:
    """UsageError for a name that no part of the kind has, and for an import path that leads nowhere. `flag` is where
    the user gave it.
    """
    names = (
        [] if value is None else [value] if isinstance(value, str) else [n for item in value for n in item.split(",")]
    )
    for name in names:
        plain = name == "auto" or name.partition(":")[0] in WITH_ARGUMENT.get(kind, ())
        if kind == "evaluator":
            proxy_of(name, flag)
            supernet_of(name)
        if not plain and (":" in name or name not in REGISTRIES[kind].names()):
            REGISTRIES[kind].get(name, flag)


def evaluators_of(text: str) -> list[str]:
    """EVALUATOR,… -> each. A table that is there is one, whatever commas are in its name."""
    kind, _, file = text.partition(":")
    if kind == "table" and Path(file).is_file():
        return [text]
    return [each.strip() for each in text.split(",")]


def proxy_of(evaluator: str, flag: str | None = None) -> str | None:
    """'proxy:NAME' -> 'NAME', which may be an import path; None for an evaluator that is no proxy.

    UsageError where no proxy has that name, with the `flag` where it was given, if not --evaluator. Those that come
    with nasbench are not imported for that.
    """
    kind, _, name = evaluator.partition(":")
    if kind != "proxy":
        return None
    if not name:
        raise UsageError(f"proxy needs the name of one: proxy:NAME. Known: {', '.join(proxies.names())}.")
    if not proxies.is_built_in(name):
        proxy_named(name, flag)
    return name


def supernet_of(evaluator: str) -> str | None:
    """'supernet:RUN' -> 'RUN'; None for an evaluator that is no supernet. UsageError where the directory is missing."""
    kind, _, run = evaluator.partition(":")
    if kind != "supernet":
        return None
    if not run:
        raise UsageError("supernet needs the directory of a run of 'nasbench supernet': supernet:RUN")
    return run


def file_of(evaluator: str, flag: str = "--evaluator") -> str | None:
    """'table:FILE' -> 'FILE'; None for what is no table. UsageError where the file is missing."""
    kind, _, file = evaluator.partition(":")
    if kind != "table":
        return None
    if not file:
        raise UsageError(f"{flag} table needs the file: table:FILE")
    return file

"""`nasbench list`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse
from nasbench.core import registry
from nasbench.core.errors import unknown
from nasbench.core.shown import say

KINDS = {name: value for name, value in vars(registry).items() if isinstance(value, registry.Registry)}
"""Every registry by its name, such as 'spaces'."""


@dataclass(frozen=True)
class ListConfig:
    """Lists what there is, plug-ins included, a line each: of one kind, or of all.

    Example: nasbench list strategies
    """

    kind: Annotated[str | None, tyro.conf.Positional] = None
    """spaces, strategies, evaluators, datasets, recipes, executors, trackers, pruners, rewards, losses, optimizers,
    schedules, samplers, laws, proxies, models (your own; for those that come with nasbench: nasbench zoo), objectives
    (your own).
    """
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses and prints. UsageError for a kind that there is not."""
    config = parse(ListConfig, "list", argv)
    if config.kind is not None and config.kind not in KINDS:
        raise unknown("kind of part", config.kind, KINDS, "All kinds: nasbench list")
    kinds = list(KINDS) if config.kind is None else [config.kind]
    found = {kind: {name: KINDS[kind].describe(name) for name in KINDS[kind].names()} for kind in kinds}
    if config.json:
        tell_json(
            {kind: [{"name": name, "description": text} for name, text in each.items()] for kind, each in found.items()}
        )
        return
    for kind, each in found.items():
        if config.kind is None:
            tell(f"{kind}:" if kind == kinds[0] else f"\n{kind}:")
        _print(kind, each, indent="  " if config.kind is None else "")


def _print(kind: str, found: Mapping[str, str], indent: str) -> None:
    if not found:
        say(f"{indent}no {KINDS[kind].kind} is registered; your own: {KINDS[kind].own()}")
    width = max(map(len, found), default=0)
    for name, text in found.items():
        tell(f"{indent}{name:<{width}}  {text}")

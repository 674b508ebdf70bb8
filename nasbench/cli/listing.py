"""`nasbench list`."""

from collections.abc import Sequence
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
    """Lists what there is of one kind, plug-ins included, a line each.

    Example: nasbench list strategies
    """

    kind: Annotated[str, tyro.conf.Positional]
    """spaces, strategies, evaluators, datasets, recipes, executors, trackers, pruners, models (your own; for those
    that come with nasbench: nasbench zoo), objectives (your own).
    """
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses and prints. UsageError for a kind that there is not."""
    config = parse(ListConfig, "list", argv)
    if config.kind not in KINDS:
        raise unknown("kind of part", config.kind, KINDS)
    parts = KINDS[config.kind]
    found = {name: parts.describe(name) for name in parts.names()}
    if config.json:
        tell_json({config.kind: [{"name": name, "description": text} for name, text in found.items()]})
        return
    if not found:
        say(f"no {parts.kind} is registered; your own: {parts.own()}")
    width = max(map(len, found), default=0)
    for name, text in found.items():
        tell(f"{name:<{width}}  {text}")

"""`nasbench list`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from nasbench.cli.parse import parse
from nasbench.core.registry import datasets, recipes, spaces, strategies


@dataclass(frozen=True)
class ListConfig:
    """Lists what there is, plug-ins included, a line each.

    Example: nasbench list strategies
    """

    kind: Annotated[Literal["spaces", "strategies", "recipes", "datasets"], tyro.conf.Positional]
    """spaces, strategies, recipes or datasets."""
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses and prints."""
    config = parse(ListConfig, "list", argv)
    registry = {"spaces": spaces, "strategies": strategies, "recipes": recipes, "datasets": datasets}[config.kind]
    found = {name: registry.describe(name) for name in registry.names()}
    if config.json:
        print(json.dumps({config.kind: [{"name": name, "description": text} for name, text in found.items()]}))
        return
    width = max(map(len, found))
    for name, text in found.items():
        print(f"{name:<{width}}  {text}")

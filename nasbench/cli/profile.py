"""`nasbench profile`."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import tyro

from nasbench.cli.parse import parse
from nasbench.engine.config import Form

if TYPE_CHECKING:
    from nasbench.profile import Profile


WIDE = 200
"""Columns of characters where the table goes to a file or a pipe, which have room for all of it."""


@dataclass(frozen=True)
class ProfileConfig:
    """Per-layer table of a model: output shape, params, MACs, activation memory, receptive field; totals.

    Example: nasbench profile space:nasnet:nasnet-a --stack 4@1056 --image-size 224
    """

    model: Annotated[str, tyro.conf.Positional]
    """zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, or a run directory (its best)."""
    form: Annotated[Form, tyro.conf.arg(name="")] = field(default_factory=Form)
    csv: str | None = None
    """Also write the table to this file."""
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses, counts, prints."""
    config = parse(ProfileConfig, "profile", argv)
    from nasbench.engine.profile import profile_model

    spec, found = profile_model(config.model, config.form)
    layers = [vars(layer) for layer in found.layers]
    if config.csv:
        with open(config.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, list(layers[0]))
            writer.writeheader()
            writer.writerows(layers)
    if config.json:
        totals = {"params": found.params, "macs": found.macs, "activation_bytes": found.activation_bytes}
        print(
            json.dumps(
                {
                    "model": config.model,
                    "input": [spec.task.channels, spec.task.image_size, spec.task.image_size],
                    "layers": layers,
                    **totals,
                }
            )
        )
    else:
        _print(found, config.model)


def _print(found: "Profile", title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    table = Table("layer", "type", "output", title=title, title_justify="left")
    for heading in ("activations", "weights", "params", "MACs", "memory, KiB", "receptive field"):
        table.add_column(heading, justify="right")
    for layer in found.layers:
        field = "" if layer.receptive_field is None else str(layer.receptive_field)
        shape = " x ".join(map(str, layer.output))
        memory = f"{layer.activation_bytes / 1024:,.1f}"
        counts = (f"{number:,}" for number in (layer.activations, layer.weights, layer.params, layer.macs))
        table.add_row(layer.name, layer.type, shape, *counts, memory, field)
    console.print(table)
    for what, key in (("memory", "activation_bytes"), ("params", "params")):
        most = sorted(found.layers, key=lambda layer: -getattr(layer, key))[:3]
        console.print(f"most {what}: " + ", ".join(f"{layer.name} ({getattr(layer, key):,})" for layer in most), highlight=False)
    console.print(f"total: {found.params:,} params, {found.macs:,} MACs, {found.activation_bytes:,} bytes of activations", highlight=False)

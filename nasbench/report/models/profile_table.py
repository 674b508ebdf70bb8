"""A profile as people read it: layer by layer, by type of layer, and as CSV.

Counts are never cut: in a narrow terminal the names of layers and types fold, then columns are left out and named.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.core.writing import write_atomically

if TYPE_CHECKING:
    from rich.table import Table

    from nasbench.profile import Layer, Profile


@dataclass(frozen=True)
class Column:
    """A column of the table of layers: its heading, perhaps of two lines, and what stands in it."""

    heading: str
    text: "Callable[[Layer], str]"

    def width(self, layers: "Sequence[Layer]") -> int:
        """Characters of the widest text."""
        return max(len(line) for line in (*self.heading.split("\n"), *map(self.text, layers)))


def shape(layer: "Layer") -> str:
    """The output's shape without the batch: 64x224x224."""
    return "x".join(map(str, layer.output))


def _memory(layer: "Layer") -> str:
    if layer.shares_memory:
        return "shared"
    kibibytes = layer.activation_bytes / 1024
    return f"{kibibytes:,.0f}" if kibibytes >= 100 else f"{kibibytes:.3g}"


NAME, TYPE = Column("layer", lambda layer: layer.name), Column("type", lambda layer: layer.type)
ACTIVATIONS = Column("activations", lambda layer: f"{layer.activations:,}")
WEIGHTS = Column("weights", lambda layer: f"{layer.weights:,}")
NUMBERS = (
    Column("output", shape),
    ACTIVATIONS,
    WEIGHTS,
    Column("params", lambda layer: f"{layer.params:,}"),
    Column("MACs", lambda layer: f"{layer.macs:,}"),
    Column("memory\nKiB", _memory),
    Column("field\npixels", lambda layer: "" if layer.receptive_field is None else f"{layer.receptive_field:,}"),
)
SPARE = (WEIGHTS, ACTIVATIONS)
"""What a terminal without room goes without, in this order: params and memory say nearly the same."""
LEAST_NAME, LEAST_TYPE = 16, 11
"""Characters to which names of layers and of types may be folded."""


def layer_table(layers: "Sequence[Layer]", width: int) -> "tuple[Table, tuple[str, ...]]":
    """The layers in at most `width` characters where that can be, and the headings that were left out for it."""
    from nasbench.report.common.terminal import PlainTable

    shown = list(NUMBERS)
    names, types = NAME.width(layers), TYPE.width(layers)
    dropped: list[str] = []
    for spare in SPARE:
        if _needed(shown, layers) + min(names, LEAST_NAME) + min(types, LEAST_TYPE) <= width:
            break
        shown.remove(spare)
        dropped.append(spare.heading)
    room = max(width - _needed(shown, layers), min(names, LEAST_NAME) + min(types, LEAST_TYPE))
    types = min(types, max(LEAST_TYPE, room - names))
    names = min(names, room - types)
    loose = _needed(shown, layers) + names + types + 2 * (len(shown) + 1) <= width
    table = PlainTable(show_edge=False, pad_edge=False, padding=(0, 1) if loose else (0, 0))
    for column, characters in ((NAME, names), (TYPE, types)):
        table.add_column(column.heading, width=characters, overflow="fold")
    for column in shown:
        table.add_column(column.heading, justify="right", no_wrap=True, width=column.width(layers))
    for layer in layers:
        table.add_row(*(column.text(layer) for column in (NAME, TYPE, *shown)))
    return table, tuple(dropped)


def _needed(columns: Sequence[Column], layers: "Sequence[Layer]") -> int:
    """Characters of these columns, and of the gaps of one before each and between the two names."""
    return sum(column.width(layers) for column in columns) + len(columns) + 1


def type_table(found: "Profile") -> "Table":
    """Sums by type of layer, the costliest first; a row for what belongs to no layer; the network's own totals last."""
    from nasbench.report.common.terminal import PlainTable

    kinds = sorted({layer.type for layer in found.layers})
    sums = {kind: _sums([layer for layer in found.layers if layer.type == kind]) for kind in kinds}
    rows = sorted(sums.items(), key=lambda item: (-item[1][4], -item[1][3], -item[1][1]))
    whole = _sums(found.layers)
    outside = (None, None, None, found.params - whole[3], found.macs - whole[4])
    table = PlainTable(show_edge=False, pad_edge=False)
    table.add_column("by type", no_wrap=True)
    for heading in ("layers", "activations", "weights", "params", "MACs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind, numbers in rows:
        table.add_row(kind, *map(_count, numbers))
    if any(outside[3:]):
        table.add_row("outside layers", *map(_count, outside))
    table.add_section()
    table.add_row("all", *map(_count, (*whole[:3], found.params, found.macs)))
    return table


def _sums(layers: "Sequence[Layer]") -> tuple[int, int, int, int, int]:
    """Layers, activations, weights, params, MACs."""
    return (
        len(layers),
        sum(layer.activations for layer in layers),
        sum(layer.weights for layer in layers),
        sum(layer.params for layer in layers),
        sum(layer.macs for layer in layers),
    )


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def write_csv(layers: "Sequence[Layer]", path: Path) -> None:
    """A line a layer, with its fields for columns; the output's shape as 64x224x224."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(vars(layers[0])))
    writer.writeheader()
    writer.writerows({**vars(layer), "output": shape(layer)} for layer in layers)
    write_atomically(path, text.getvalue())

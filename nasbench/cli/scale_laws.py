"""`nasbench scale --law A,B`: laws side by side."""

from typing import TYPE_CHECKING

from nasbench.cli.output import tell_json
from nasbench.core.shown import say
from nasbench.engine.config import ScaleConfig

if TYPE_CHECKING:
    from nasbench.engine.scaling.law_rows import LawComparison


def run(config: ScaleConfig) -> None:
    """Counts, prints, and writes the plot."""
    from nasbench.engine.scaling.request import check_comparison

    check_comparison(config)
    from nasbench.engine.scaling.command import run_law_comparison

    found = run_law_comparison(config)
    if config.place.json:
        tell_json(found.to_json())
    else:
        _print(config, found)


def _print(config: ScaleConfig, found: "LawComparison") -> None:
    from nasbench.report.common.terminal import PlainTable, Terminal

    table = PlainTable(f"{found.base}: {found.base_macs:,} multiply-adds; budgets are multiples of that")
    columns = ("law", "at", "depth", "width", "px", "params", "MACs", "activations", "layer outputs, MB", "top-1, %")
    for name in columns:
        table.add_column(name, justify="left" if name in ("law", "at") else "right", no_wrap=True)
    for row in found.rows:
        table.add_row(
            row.law,
            row.point,
            f"{row.depth:.3g}",
            f"{row.width:.3g}",
            str(row.pixels),
            f"{row.params:,}",
            f"{row.macs:,}",
            f"{row.activations:,}",
            f"{row.activation_bytes / 1e6:.1f}",
            "" if row.top1 is None else f"{row.top1:g}",
        )
    terminal = Terminal(file_width=1000)
    terminal.print(table)
    if any(row.top1 is not None for row in found.rows):
        terminal.tell("top-1: published, of networks in their published form")
    for note in found.notes:
        say(note)
    if config.out is not None:
        terminal.tell(f"plot: {config.out}")

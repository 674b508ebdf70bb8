"""`nasbench scale --search`."""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse_run
from nasbench.core.count_text import quantity
from nasbench.engine.config import SCALE_SEARCH, ScaleConfig
from nasbench.engine.config.record import flag

if TYPE_CHECKING:
    from rich.table import Table

    from nasbench.engine.scaling.search import ScaleSearchResult


def run(argv: Sequence[str]) -> None:
    """Parses with what a search sets, searches, prints."""
    config = parse_run(ScaleConfig, "scale", argv, SCALE_SEARCH)
    from nasbench.engine.scaling.request import check_search

    check_search(config)
    config.data.check_present()
    from nasbench.engine.scaling.search import run_scale_search

    result = run_scale_search(config, argv=("nasbench", "scale", *argv))
    if config.place.json:
        tell_json(result.to_json())
    else:
        _print(result)


def _print(result: "ScaleSearchResult") -> None:
    from nasbench.report.common.terminal import Terminal

    terminal = Terminal()
    for line in _found(result.found):
        terminal.tell(line)
    if result.found["comparison"]:
        terminal.print(_comparison(result.found["comparison"], result.found.get("budget")))
    terminal.tell(f"{quantity(len(result.trials), 'trial')} in {result.seconds:.0f} s")
    terminal.tell(f"coefficients: {result.run / 'best' / 'coefficients.json'}")
    terminal.tell(f"report:       {result.run / 'report.html'}")
    base = result.found["base"]
    given = f" --base {shlex.quote(base)}" if base != ScaleConfig().base else ""
    budget = result.found.get("budget", {})
    far = "--phi 3" if not budget else f"--phi {result.found['phi'] - 5e-5:.4f}"  # rounded down: within the budget
    if len(budget) == 1:
        ((name, amount),) = budget.items()
        far = f"{flag(name)} {shlex.quote(amount)}"
    terminal.tell(f"use them:     nasbench scale --coefficients {shlex.quote(str(result.run))}{given} {far}")


def _found(found: dict[str, Any]) -> Iterator[str]:
    interval, score = found["interval"], found["score"]
    for name in ("alpha", "beta", "gamma"):
        between = (
            f"   {interval['level']:.0%} of the resampled fits in [{interval[name][0]:.3f}, {interval[name][1]:.3f}]"
            if interval
            else ""
        )
        yield f"{name:<5} {found[name]:.4f}{between}"
    yield f"alpha x beta² x gamma² = {found['product']:.6f}"
    if "phi" in found:
        asked = " and ".join(f"{flag(name)} {amount}" for name, amount in found["budget"].items())
        yield f"phi   {found['phi']:.4f}, as far as {asked} goes"
    deviation = f" ± {score['std']:.4f}" if score["std"] is not None else ""
    yield f"score {score['mean']:.4f}{deviation} ({quantity(score['seeds'], 'seed')})"
    if interval is None:
        yield "too few candidates to say how surely the coefficients are known"


def _comparison(rows: Sequence[dict[str, Any]], budget: dict[str, str] | None) -> "Table":
    from nasbench.report.common.terminal import PlainTable

    seeds = max(row["seeds"] for row in rows)
    size = "At multiply-adds as near to equal as rounding allows" if budget is None else "Within the budget"
    title = f"{size}, {quantity(seeds, 'seed')}"
    table = PlainTable(title)
    for name in ("network", "depth", "width", "px", "MACs", "accuracy, %"):
        table.add_column(name, justify="left" if name == "network" else "right", no_wrap=True)
    for row in rows:
        depth, width = row.get("depth", row.get("alpha")), row.get("width", row.get("beta"))
        accuracy = f"{100 * row['val_accuracy']:.2f}" + (f" ± {100 * row['std']:.2f}" if row["std"] is not None else "")
        table.add_row(
            row["name"],
            f"{depth:.3f}",
            f"{width:.3f}",
            str(row["pixels"]),
            f"x {row['macs_ratio']:.2f}",
            accuracy,
        )
    return table

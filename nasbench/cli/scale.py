"""`nasbench scale`."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.cli import scale_laws, scale_search
from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse_run
from nasbench.core.quantities import bytes_text, milliseconds_text
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.networks import check_model
from nasbench.evaluators.latency_by import UNSTEADY

if TYPE_CHECKING:
    from rich.table import Table

    from nasbench.engine.scaling.result import ScaleResult
    from nasbench.nn.stage_rows import StageRow


def run(argv: Sequence[str]) -> None:
    """Parses, scales, prints."""
    config = parse_run(ScaleConfig, "scale", argv)
    check_model(config.base)
    if config.search:
        scale_search.run(argv)
        return
    if config.law is not None and "," in config.law:
        scale_laws.run(config)
        return
    from nasbench.engine.scaling.request import check_request

    check_request(config)
    if config.out is not None:
        from nasbench.engine.scaling.written import check_out

        check_out(Path(config.out))
    if config.train:
        config.data.check_present()
    from nasbench.engine.scaling.command import run_scale

    result = run_scale(config, argv=("nasbench", "scale", *argv))
    if config.place.json:
        tell_json(result.to_json())
    else:
        _print(result)


def _print(result: "ScaleResult") -> None:
    from nasbench.report.common.terminal import Terminal

    parts: list[str | Table] = [*_heading(result), _stages(result), _counts(result), *_law(result)]
    parts += _published(result)
    if result.config.out is not None:
        parts.append(
            f"written: {result.config.out}, a MODEL, such as: nasbench profile {shlex.quote(result.config.out)}"
        )
    if result.trained:
        parts += [_trainings(result), f"run: {result.trained.directory}"]
    terminal = Terminal(file_width=1000)  # a file or a pipe has room for all of it
    parts += _costs(result)
    for part in parts:
        if isinstance(part, str):
            terminal.tell(part)
        else:
            terminal.print(part)


def _heading(result: "ScaleResult") -> Iterator[str]:
    from nasbench.engine.scaling.laws import law_named

    asked, found = result.multipliers, result.coefficients
    yield result.names[1]
    if found is not None:
        balance = f"alpha {found.alpha:.4g}, beta {found.beta:.4g}, gamma {found.gamma:.4g}"
        yield f"coefficients: {balance}; alpha x beta² x gamma² = {found.product:.4f}"
    told = result.found_for
    if told is not None and told["base"]:
        yield f"  found for {told['base']} on {told['dataset']} under {told['recipe']} ({told['run']})"
    if result.chosen.rung is not None:
        top1, source = result.chosen.rung.top1, getattr(law_named(result.chosen.law), "source", "")
        yield f"the row {result.chosen.rung.name} of {result.chosen.law}" + (
            f"; published top-1 accuracy {top1:g} % ({source})" if top1 is not None else ""
        )
    if result.rounds:
        yield f"rounded:      {result.rounds}"
    pixels = f"{result.base.pixels} -> {result.scaled.pixels} px"
    yield (
        f"multipliers:  depth {asked.depth:.4g}, width {asked.width:.4g}, resolution {asked.resolution:.4g} ({pixels})"
    )


def _stages(result: "ScaleResult") -> "Table":
    """Stages before and after; N and F of a network of cells, and the multipliers of another one without stages."""
    if result.before.stages is None or result.after.stages is None:
        before, after = result.base.size, result.scaled.size
        table = _table("", "before", "after")
        cells = ("N, normal cells a stack", "F, filters of the first stack")
        depth, width = cells if before.skeleton else ("depth multiplier", "width multiplier")
        table.add_row(depth, f"{before.depth:g}", f"{after.depth:g}")
        table.add_row(width, f"{before.width:g}", f"{after.width:g}")
        return table
    table = _table("stage", "kernel", "stride", "channels", "after", "repeats", "after")
    for before_row, after_row in zip(result.before.stages, result.after.stages, strict=True):
        channels, repeats = (
            (str(before_row.channels), str(after_row.channels)),
            (str(before_row.repeats), str(after_row.repeats)),
        )
        table.add_row(_operator(after_row), str(after_row.kernel), str(after_row.stride), *channels, *repeats)
    blocks = [str(sum(row.repeats for row in rows)) for rows in (result.before.stages, result.after.stages)]
    table.add_row("all", "", "", "", "", *blocks)
    return table


def _counts(result: "ScaleResult") -> "Table":
    table = _table("", "before", "after", "times")
    for name, before, after in (
        ("params", result.before.params, result.after.params),
        ("MACs", result.before.macs, result.after.macs),
    ):
        table.add_row(name, f"{before:,}", f"{after:,}", f"{after / before:.3f}")
    size = result.scaled.size
    given = (("dropout", size.dropout, result.before_dropout), ("drop path", size.drop_path, None))
    for name, after_value, before_value in given:
        if after_value is not None:
            table.add_row(name, "" if before_value is None else f"{before_value:g}", f"{after_value:.4g}", "")
    return table


def _costs(result: "ScaleResult") -> Iterator[str]:
    costs = result.costs
    if "memory" in costs:
        of = "a training step" if costs["memory_of"] == "training" else "an inference"
        yield f"memory: {bytes_text(costs['memory'])}, the peak of {of} at batch size {costs['memory_batch']}, counted"
    if "latency" in costs and "table" in costs["latency"]:
        found = costs["latency"]
        yield f"latency: {milliseconds_text(found['median'])} by the table {found['table']}"
    elif "latency" in costs:
        found = costs["latency"]
        yield (
            f"latency: {milliseconds_text(found['median'])} at batch size {found['batch']} (95 % interval "
            f"{found['low']:.3g} to {found['high']:.3g} ms, {found['runs']} runs, {found['outliers']} outliers; "
            f"{found['clock']} time) on {found['machine']}"
        )
        if not found["steady"]:
            yield f"  {UNSTEADY}"


def _law(result: "ScaleResult") -> Iterator[str]:
    if not result.differences:
        yield f"MACs grow {result.macs_ratio:.4g} times."
        return
    law, ratio = result.multipliers.product, result.macs_ratio
    doubling = f"2^phi = {2**result.phi:.4g}; " if result.phi is not None else ""
    yield f"MACs grow {ratio:.4g} times. {doubling}depth x width² x resolution² = {law:.4g}, the law before rounding."
    parts = " x ".join(f"{each.factor:.3f} {each.dimension}" for each in result.differences)
    yield f"Counted to law: {ratio / law:.3f} = {parts}"
    yield (
        "  (each scaled and rounded after the one before; what the law leaves out counts too: stem, "
        "head, depthwise filters)"
    )


def _published(result: "ScaleResult") -> Iterator[str]:
    row = result.published
    if row is None:
        return
    asked = row.multipliers
    size = f"depth {asked.depth:g}, width {asked.width:g}, {row.pixels} px, {row.params:,} params, {row.macs:,} MACs"
    if result.config.published is None:
        yield f"Nearest published: {row.name.upper()} ({size})"
        params, macs = result.after.params / row.params - 1, result.after.macs / row.macs - 1
        yield (
            f"  against it: {100 * params:+.1f} % params, {100 * macs:+.1f} % MACs; --published {row.name} "
            "builds the real one"
        )
    else:
        yield f"Its row of the published table: {size}"
    if row.name != "b0":
        phis = ", ".join(f"{name} {phi:.2f}" for name, phi in row.effective_phi.items())
        yield (
            f"  B1 to B7 come from a table, not from 1.2, 1.1, 1.15 and a phi: {row.name.upper()}'s phi by "
            f"dimension is {phis}"
        )


def _trainings(result: "ScaleResult") -> "Table":
    record = result.to_json()["trained"]
    config = result.config
    title = f"{config.data.dataset} under {config.training.recipe}"
    table = _table("model", "params", "MACs", "test accuracy, %", "seeds", title=title)
    for row, counts in zip(record, (result.before, result.after), strict=True):
        deviation = f" ± {100 * row['std']:.2f}" if row["std"] is not None else ""
        accuracy = f"{100 * row['test_accuracy']:.2f}{deviation}"
        table.add_row(row["model"], f"{counts.params:,}", f"{counts.macs:,}", accuracy, str(row["seeds"]))
    return table


def _operator(row: "StageRow") -> str:
    return f"{row.operator} x{row.expansion:g}" if row.operator == "mbconv" else row.operator


def _table(*columns: str, title: str | None = None) -> "Table":
    from nasbench.report.common.terminal import PlainTable

    table = PlainTable(title)
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left", no_wrap=True)
    return table

"""`nasbench profile`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from nasbench.cli.output import tell_json
from nasbench.cli.parse import parse
from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.core.file_name import check_path
from nasbench.core.not_written import check_new_file
from nasbench.core.quantities import bytes_text, milliseconds_text
from nasbench.core.recipe import recipe_named
from nasbench.core.trial_of_run import at_trial
from nasbench.engine.config import ModelOverrides, ModelTrust, Stored
from nasbench.engine.config.record import flag
from nasbench.engine.parts.networks import check_model

if TYPE_CHECKING:
    from nasbench.evaluators.latency import Latency
    from nasbench.profile import Profile
    from nasbench.train.memory import Memory


WIDE = 200
"""Columns of characters where the table goes to a file or a pipe, which have room for all of it."""
BUSY = 1.2
"""By so many times the processor's, time on the wall's clock says that the machine was busy."""
MOST: tuple[tuple[str, Literal["activation_bytes", "params"]], ...] = (
    ("memory", "activation_bytes"),
    ("params", "params"),
)


@dataclass(frozen=True)
class ProfileConfig:
    """Per-layer table of a model: output shape, params, MACs, activation memory, receptive field; totals.

    Example: nasbench profile space:nasnet:nasnet-a --stack 4@1056 --image-size 224
    """

    model: Annotated[str, tyro.conf.Positional]
    """zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, a run directory (its best), or my_module:MyNet."""
    trial: str | None = None
    """Of a MODEL that is a run directory, the trial with this number, or with this key in its report (else its best).
    """
    overrides: ModelOverrides = field(default_factory=ModelOverrides)
    stored: Stored = field(default_factory=Stored)
    trusts: ModelTrust = field(default_factory=ModelTrust)
    memory: bool = False
    """Also the memory of a training step and of an inference at --batch-size, counted."""
    batch_size: int = 32
    """Images of a step, for --memory."""
    recipe: str | None = None
    """--memory: the recipe whose optimiser, loss and averaged weights count (else SGD with momentum)."""
    latency: bool = False
    """Also how long an inference takes on this machine: a median of many runs, measured anew."""
    latency_on: Literal["cpu", "cuda", "onnx"] = "cpu"
    """--latency: on this machine's CPU or GPU by PyTorch, or on its CPU by ONNX Runtime."""
    latency_batch: int = 1
    """--latency: images of a batch."""
    latency_threads: int = 1
    """--latency: threads of the CPU."""
    latency_table: str | None = None
    """Also the latency by a table of one's own: a CSV with the ms of each block."""
    latency_rows: str | None = None
    """Also add the rows that this model needs to such a table, without their ms, for you to fill in."""
    csv: str | None = None
    """Also write the table to this file."""
    json: bool = False
    """One JSON object on standard output."""


def run(argv: Sequence[str]) -> None:
    """Parses, counts, prints."""
    config = parse(ProfileConfig, "profile", argv)
    config.stored.bring_model(config.model, config.trial)
    model = at_trial(config.model, config.trial)
    check_model(model)
    config.overrides.check()
    from nasbench.engine.models.profile import (
        add_latency_rows,
        latency_by_table,
        profile_latency,
        profile_memory,
        profile_model,
    )
    from nasbench.report.models.profile_table import write_csv

    if config.csv:
        check_path(config.csv, "--csv")
        check_new_file(Path(config.csv), "--csv", "profile.csv")
    if config.latency_rows:
        check_path(config.latency_rows, "--latency-rows")
        check_new_file(Path(config.latency_rows), "--latency-rows", "latencies.csv")
    _check_memory(config)
    _check_latency(config)
    profiled = profile_model(model, config.overrides)
    memory = profile_memory(profiled.spec, config.batch_size, config.recipe) if config.memory else None
    latency = None
    if config.latency:
        latency = profile_latency(profiled.spec, config.latency_on, config.latency_batch, config.latency_threads)
    spec, found = profiled.spec, profiled.counts
    added = None if config.latency_rows is None else add_latency_rows(spec, config.latency_rows)
    by_table = None if config.latency_table is None else latency_by_table(spec, config.latency_table)
    image = (spec.task.channels, spec.pixels, spec.pixels)
    if config.csv:
        write_csv(found.layers, Path(config.csv))
    if config.json:
        record = {"model": model, "input": image, "layers": [vars(layer) for layer in found.layers]}
        totals = {"params": found.params, "macs": found.macs, "activation_bytes": found.activation_bytes}
        most = {f"most_{name}": [layer.name for layer in found.largest(what)] for name, what in MOST}
        more: dict[str, Any] = {} if memory is None else {"memory": {**memory.to_json(), "recipe": config.recipe}}
        more |= {} if latency is None else {"latency": {**latency.to_json(), **_settings(config)}}
        more |= {} if by_table is None else {"latency_by_table": by_table}
        more |= {} if added is None else {"latency_rows": {"added": added[0], "needed": added[1]}}
        tell_json({**record, "stem": profiled.stem, **totals, **most, **more})
    else:
        title = f"{model}, one image of {' x '.join(map(str, image))} ({prod(image):,} numbers)"
        _print(found, title if profiled.stem is None else f"{title}\n{_stem_text(profiled.stem, spec.task.stem)}")
        if memory is not None:
            _print_memory(memory, config.recipe)
        if latency is not None:
            _print_latency(latency, config)
        _print_table(by_table, added, config)


def _check_memory(config: ProfileConfig) -> None:
    if config.batch_size < 1:
        raise UsageError(f"--batch-size takes a whole number from 1 on; got {config.batch_size}")
    _refuse_without(config, "memory", ("batch_size", "recipe"))
    if config.recipe is not None:
        recipe_named(config.recipe, None)


def _refuse_without(config: ProfileConfig, switch: str, names: Sequence[str]) -> None:
    """UsageError where fields of these names were given without the switch that they belong to."""
    plain = {each.name: each.default for each in fields(config)}
    given = [flag(name) for name in names if getattr(config, name) != plain[name]]
    if given and not getattr(config, switch):
        raise UsageError(f"{' and '.join(given)} would have no effect without --{switch}: add it, or leave them out")


def _settings(config: ProfileConfig) -> dict[str, Any]:
    return {"batch": config.latency_batch, "on": config.latency_on, "threads": config.latency_threads}


def _check_latency(config: ProfileConfig) -> None:
    _refuse_without(config, "latency", ("latency_on", "latency_batch", "latency_threads"))
    for name in ("latency_batch", "latency_threads"):
        if (value := getattr(config, name)) < 1:
            raise UsageError(f"{flag(name)} takes a whole number from 1 on; got {value}")


def _print_latency(latency: "Latency", config: ProfileConfig) -> None:
    from nasbench.evaluators.latency_by import UNSTEADY
    from nasbench.report.common.terminal import Terminal

    terminal = Terminal(file_width=WIDE)
    images = quantity(config.latency_batch, "image")
    terminal.tell()
    terminal.tell(
        f"latency of {images}: {milliseconds_text(latency.median)} ({latency.clock} time), 95 % interval of the median "
        f"{latency.low:.3g} to {latency.high:.3g} ms, {latency.runs} runs on {latency.machine}"
    )
    if latency.outliers:
        slow = "run was an outlier" if latency.outliers == 1 else "runs were outliers"
        terminal.tell(f"  {latency.outliers} {slow}; the slowest took {milliseconds_text(latency.slowest)}")
    if latency.left_out:
        left_out = quantity(latency.left_out, "other run was", "other runs were")
        terminal.tell(
            f"  {left_out} left out: the machine was slower meanwhile, as where something else computes on it"
        )
    if not latency.steady:
        terminal.tell(f"  {UNSTEADY}")
    if latency.wall > BUSY * latency.median:
        terminal.tell(
            f"  by the wall's clock {milliseconds_text(latency.wall)}: other programs had the processor meanwhile"
        )


def _print_table(by_table: float | None, added: tuple[int, int] | None, config: ProfileConfig) -> None:
    from nasbench.report.common.terminal import Terminal

    terminal = Terminal(file_width=WIDE)
    if by_table is not None:
        terminal.tell(f"latency by the table {config.latency_table}: {milliseconds_text(by_table)}")
    if added is not None:
        rows = f"{added[0]} of the {quantity(added[1], 'row')} that the model needs"
        terminal.tell(
            f"{config.latency_rows}: added {rows}; fill in their ms, then: --latency-table {config.latency_rows}"
        )


def _print_memory(memory: "Memory", recipe: str | None) -> None:
    from nasbench.report.common.terminal import PlainTable, Terminal

    terminal = Terminal(file_width=WIDE)
    table = PlainTable(f"memory at batch size {memory.batch_size}, {recipe or 'SGD with momentum'}, float32, counted")
    for name in ("", "bytes"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for name, value in memory.named().items():
        table.add_row(name, f"{value:,}")
    terminal.tell()
    terminal.print(table)
    terminal.tell(
        f"a training step: {bytes_text(memory.training)} at its peak; an inference: {bytes_text(memory.inference)} "
        "(what Python and its libraries take is not in it)"
    )


def _stem_text(stem: str, asked: str) -> str:
    """Which of its two forms a network has, and how to get the other."""
    kinds = {"cifar": "for small images", "imagenet": "for large images"}
    other = next(name for name in kinds if name != stem)
    why = "as asked for" if asked else "by the image size"
    return f"{stem} stem, {kinds[stem]} ({why}; the other form: --stem {other})"


def _print(found: "Profile", title: str) -> None:
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.models.profile_table import layer_table, type_table

    terminal = Terminal(file_width=WIDE)
    table, left_out = layer_table(found.layers, terminal.width)
    terminal.tell(title, style="bold")
    terminal.print(table)
    if left_out:
        terminal.tell(f"no room for {' and '.join(left_out)}: in a wider terminal, with --csv FILE or --json")
    terminal.tell()
    terminal.print(type_table(found))
    terminal.tell()
    for name, what in MOST:
        unit = " bytes" if what == "activation_bytes" else ""
        holders = (f"{layer.name} ({getattr(layer, what):,}{unit})" for layer in found.largest(what))
        terminal.tell(f"most {name}: {', '.join(holders)}")
    terminal.tell(
        f"total: {found.params:,} params, {found.macs:,} MACs, {found.activation_bytes:,} bytes of activations"
    )

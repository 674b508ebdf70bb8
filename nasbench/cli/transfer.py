"""`nasbench transfer`."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.cli.dry_run import print_dry_run
from nasbench.cli.output import tell, tell_json
from nasbench.cli.parse import parse_run
from nasbench.core.count_text import quantity
from nasbench.core.shown import say
from nasbench.engine.config import TransferConfig
from nasbench.engine.parts.networks import check_model

if TYPE_CHECKING:
    from nasbench.engine.training.advice import Advice
    from nasbench.engine.training.ways import WaysResult

WAYS = {
    "probe": "train a linear classifier, and nothing else",
    "top": "fine-tune the top",
    "everything": "fine-tune everything",
}


def run(argv: Sequence[str]) -> None:
    """Parses, trains, prints."""
    config = parse_run(TransferConfig, "transfer", argv, positional="model")
    check_model(config.network)
    if not (
        config.pretrained or config.weights or config.stem
    ):  # the command judges these itself, and then looks for data
        config.data.check_present()
    if config.dry_run:
        print_dry_run(config)
        return
    from nasbench.engine.training.transfer import TransferResult, advise, transfer

    if config.advise:
        _print_advice(advise(config), config, argv)
        return
    result = transfer(config, argv=("nasbench", "transfer", *argv))
    if result is None:
        return
    if not isinstance(result, TransferResult):
        _print_ways(result, config)
        return
    record = result.to_json()
    for trial in result.trained.of(config.network):
        if names := result.left_out(trial):
            few = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            text = f"left out {quantity(len(names), 'file')} that cannot be read: {few} (all in result.json)"
            say(f"nasbench: seed {trial.seed}: {text}")
    if config.place.json:
        tell_json(record)
        return
    size, task = result.spec.size, result.spec.task
    form = f"{size.skeleton} skeleton, N = {size.depth:g}, F = {size.width:g}, " if size.skeleton else ""
    tell(f"{config.network}: {form}{task.image_size} px, {record['params']:,} params, {record['macs']:,} MACs")
    deviation = f" ± {100 * record['std']:.2f}" if record["std"] is not None else ""
    if record["carried_params"]:
        tell(f"started from {record['carried_params']:,} parameters of another training")
    tell(
        f"top-1 {100 * record['top1']:.2f}{deviation} %, top-5 {100 * record['top5']:.2f} % on the test split, "
        f"{record['seconds']:.0f} s"
    )
    for trial in result.trained.of(config.network):
        tell(f"seed {trial.seed}: {result.trained.folder(trial)}")


def _print_advice(advice: "Advice", config: TransferConfig, argv: Sequence[str]) -> None:
    """The advice, its reasons, the accuracies by stage, and the command that follows it."""
    if config.place.json:
        tell_json({"model": config.network, "dataset": config.data.dataset, **advice.to_json()})
        return
    from nasbench.report.common.terminal import PlainTable, Terminal

    tell(f"{config.network} on {config.data.dataset}: {WAYS[advice.way]}")
    for reason in advice.why:
        tell(f"- {reason}")
    near = advice.measured.neighbours
    table = PlainTable(pad_edge=False)
    table.add_column("stage")
    table.add_column("5 nearest neighbours, validation images, %", justify="right")
    for stage, share in (("pixels", near.pixels), *near.earlier.items(), ("what the head sees", near.top)):
        table.add_row(stage, f"{100 * share:.2f}")
    Terminal().print(table)
    carried = "" if advice.lr_carried is None else f", {advice.lr_carried:g} for what was carried over"
    tell(f"highest rate under {config.training.recipe}: {advice.lr:g} for what is new{carried}")
    if advice.shown_by:
        words = ["features", *advice.shown_by, "--dataset", config.data.dataset, "--probe"]
        tell(f"nasbench {shlex.join(words)}")
    given = [word for word in argv if word != "--advise"]
    frozen = [] if advice.freeze == "none" else ["--freeze", advice.freeze]
    tell(f"nasbench transfer {shlex.join([*given, *frozen])}")


def _print_ways(result: "WaysResult", config: TransferConfig) -> None:
    """The ways as a table, and what it says."""
    if config.place.json:
        tell_json(result.to_json())
        return
    from nasbench.report.common.terminal import Terminal
    from nasbench.report.training.ways import ways_table

    terminal = Terminal()
    terminal.print(ways_table(result.rows))
    for line in result.told:
        terminal.tell(line)
    terminal.tell(f"report: {result.directory / 'report.html'}")

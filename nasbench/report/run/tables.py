"""Tables of a run: the leaderboard for the terminal, and the rows that the HTML page shows too."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.trial import Trial
from nasbench.report.common.numbers import count, duration, score
from nasbench.report.run.statistics import leaderboard

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("rank", "trial", "key", "params", "MACs", "score", "epochs")


def leaderboard_rows(trials: Sequence[Trial], limit: int = 10) -> list[tuple[str, ...]]:
    """The best architectures as texts, a row each, under COLUMNS."""
    return [
        (
            str(rank),
            str(trial.number),
            trial.key,
            count(trial.metrics.get("params")),
            count(trial.metrics.get("macs")),
            score(trial.score),
            str(trial.epochs),
        )
        for rank, trial in enumerate(leaderboard(trials, limit), start=1)
    ]


def leaderboard_table(trials: Sequence[Trial], limit: int = 10) -> "Table":
    """The same for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title="Best architectures", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "key" else "right", no_wrap=True)
    for row in leaderboard_rows(trials, limit):
        table.add_row(*row)
    return table


MEASURES = {
    "params": "trainable parameters",
    "macs": "multiply-adds of one image",
    "activation_bytes": "bytes of all layers' outputs, one image",
}


def dry_run_lines(found: Mapping[str, Any]) -> list[str]:
    """What a dry run found, as lines for a terminal; `found` is what it prints as JSON."""
    known = [name for name in MEASURES if name in found]
    lines = [f"{found['children']} random children of {found['space']}{'' if known else ': none could be built'}"]
    if known:
        width = max(len(text) for text in MEASURES.values())
        lines.append(f"  {'':<{width}}  {'smallest':>15}  {'median':>15}  {'largest':>15}")
    for name in known:
        three = "  ".join(f"{round(found[name][which]):>15,}" for which in ("min", "median", "max"))
        lines.append(f"  {MEASURES[name]:<{width}}  {three}")
    if found["not_built"]:
        lines.append(f"  {found['not_built']} more could not be built")
    if found["seconds"] is None:
        lines.append(f"{found['trainings']} evaluations; this evaluator trains nothing, so no time was measured")
        return lines
    lines += [
        f"one step on {found['device']}, {found['batch_size']} images: {found['seconds_a_step']:.3g} s; "
        f"{found['steps_an_epoch']} steps an epoch, {found['epochs']} epochs a child: "
        f"{duration(found['seconds_a_child'])} a child",
        f"{found['trainings']} trainings, {found['workers']} at a time: about {duration(found['seconds'])}"
        + (", if no worker is slower than this device" if found["workers"] > 1 else ""),
        "nothing was written",
    ]
    return lines

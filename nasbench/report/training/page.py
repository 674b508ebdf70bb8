"""The report of trainings: accuracies over seeds, curves by epoch, failures, the recipe; one self-contained page."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from nasbench.core.shown import escape
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.report.common.chart_element import Plot
from nasbench.report.common.curves import curve_plot, read_curves
from nasbench.report.common.notes import notes_section
from nasbench.report.common.numbers import count
from nasbench.report.common.page import (
    configuration,
    facts,
    mapping,
    minute,
    numbers_row,
    page,
    report_files,
    table,
    wall_time,
)
from nasbench.report.training.ways import CAPTION, COLUMNS, told, way_rows

CURVES = (
    "Validation accuracy and training loss after each epoch, a line a training: what the trainings of this run "
    "reported. A training that was finished before, and was read, reports nothing."
)


def files(store: RunStore) -> dict[str, str]:
    """report.html, and curves.svg where epochs were reported: file name -> text."""
    drawn = curve_plot(read_curves(store.directory))
    text = render(store, drawn)
    return report_files(text, {} if drawn is None else {"curves": drawn.svg})


def render(store: RunStore, drawn: Plot | None) -> str:
    """The page as text. `drawn` has the curves."""
    directory, run, trials = store.directory, store.run, store.trials
    config, recipe = mapping(run.get("config")), mapping(mapping(run.get("plan")).get("recipe"))
    plan = mapping(run.get("plan"))
    names = list(mapping(plan.get("networks")))
    under = f"recipe {recipe.get('name')} v{recipe.get('version')}"
    lead = f"nasbench {run.get('command')} · on {config.get('dataset')} · {under}"
    sections = [
        _headline(run, trials),
        _ways(store) if plan.get("ways") else _models(names, trials),
        notes_section(run),
        _curves(drawn),
        _trainings(trials),
        _failures(trials),
        f"<h2>Recipe</h2>\n{facts(recipe)}" if recipe else "",
        configuration(run),
        _how_to_go_on(directory, run),
    ]
    title = str(plan.get("transferred") or " · ".join(names) or "trainings")
    return page(title, f"{lead} · started {minute(run.get('started'))}", sections)


def _headline(run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    done = [trial for trial in trials if trial.scored]
    best = max((trial.metrics["test_accuracy"] for trial in done), default=None)
    failed = sum(trial.status == "failed" for trial in trials)
    reused = sum(bool(trial.metrics.get("reused")) for trial in done)
    return numbers_row(
        [
            ("trainings", str(len(done)), f"{reused} of them run before" if reused else ""),
            ("failed", str(failed), "reasons below" if failed else ""),
            ("best test accuracy", "none yet" if best is None else f"{100 * best:.2f} %", ""),
            ("wall time", wall_time(run), "" if run.get("ended") else "not ended"),
        ]
    )


def _ways(store: RunStore) -> str:
    """The ways of transfer side by side."""
    lines = "".join(f"<p>{escape(line)}</p>\n" for line in told(store))
    cells = [row.cells() for row in way_rows(store)]
    why = "".join(f"<li>{escape(reason)}</li>" for reason in mapping(store.run["plan"])["advice"]["why"])
    shown = f"{table(COLUMNS, cells, left=COLUMNS[:2])}\n<p>{CAPTION}</p>"
    return f"<h2>Ways of transfer</h2>\n{lines}{shown}\n<p>What was measured before, and the rule:</p>\n<ul>{why}</ul>"


def _models(names: Sequence[str], trials: Sequence[Trial]) -> str:
    rows = []
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for trial in trials:
        if trial.scored:
            by_name.setdefault(trial.name, []).append(trial.metrics)
    for name in names:
        if done := by_name.get(name):
            counts = (count(done[0]["params"]), count(done[0]["macs"]))
            told = tuple(_mean(done, metric) for metric in ("val_accuracy", "test_accuracy", "test_top5"))
            rows.append((name, *counts, *told, str(len(done))))
    if not rows:
        return "<h2>Models</h2>\n<p>No training has finished.</p>"
    columns = ("model", "params", "MACs", "validation, %", "test top-1, %", "test top-5, %", "seeds")
    return f"<h2>Models</h2>\n{table(columns, rows, wrap=('model',))}\n<p>Mean ± sample deviation over the seeds.</p>"


def _curves(drawn: Plot | None) -> str:
    if drawn is None:
        return ""
    return f"<h2>Curves</h2>\n{drawn.figure(CURVES)}"


def _trainings(trials: Sequence[Trial]) -> str:
    rows = [
        (
            trial.name,
            str(trial.seed),
            trial.status,
            f"{100 * trial.metrics['val_accuracy']:.2f}" if "val_accuracy" in trial.metrics else "–",
            f"{100 * trial.metrics['test_accuracy']:.2f}",
            str(trial.metrics.get("best_epoch", "–")),
            "yes" if trial.metrics.get("reused") else "no",
        )
        for trial in sorted(trials, key=lambda trial: trial.number)
        if trial.scored
    ]
    columns = ("model", "seed", "status", "validation, %", "test top-1, %", "best epoch", "read, not run")
    return (
        f"<h2>Trainings</h2>\n{table(columns, rows, left=('status',), wrap=('model',), sortable=True)}" if rows else ""
    )


def _failures(trials: Sequence[Trial]) -> str:
    lines = "".join(f"<li>{escape(f'{t.name} seed {t.seed}: {t.error}')}</li>" for t in trials if t.error)
    return f"<h2>Failed trainings</h2>\n<ul>{lines}</ul>" if lines else ""


def _how_to_go_on(directory: Path, run: Mapping[str, Any]) -> str:
    where, command = shlex.quote(str(directory)), run.get("command")
    lines = [] if run.get("ended") else [f"# go on with this run\nnasbench {command} --run {where} --resume"]
    lines.append(f"# build this page anew\nnasbench report {where}")
    lines.append(f"# write the best network in other forms\nnasbench export {where}")
    return f"<h2>How to go on</h2>\n<pre>{escape(chr(10).join(lines))}</pre>"


def _mean(metrics: Sequence[Mapping[str, Any]], name: str) -> str:
    values = [100 * float(each[name]) for each in metrics if name in each]
    if not values:
        return "–"
    return f"{fmean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")

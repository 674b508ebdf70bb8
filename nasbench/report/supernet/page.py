"""The report of the training of a supernet: the curve of its panel, what was trained and how; one page."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.count_text import quantity
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
    wall_time,
)
from nasbench.report.common.ranking_check import ranking_check
from nasbench.report.common.ranking_section import RANDOM_ROWS, check_figure, check_section
from nasbench.report.run.trial_data import trials_in_page

CAPTION = (
    "After each epoch: the mean validation accuracy of a panel of paths, the same ones each time, whose normalisations "
    "were measured anew on training images; and the training loss, a mean over all paths that were drawn. Scores of "
    "paths rise as the weights get better. How well they rank architectures, these curves do not tell."
)
TRAINING = 1
"""The number of the training; what follows it is the ranking check."""
LEARNED = (("controller_reward", "accuracy of what is drawn"), ("controller_entropy", "entropy, nats"))
LEARNED_CAPTION = (
    "Of the controller's turn after each epoch: the mean accuracy of the architectures that it drew, each on one batch "
    "of validation images, and the mean entropy of its decisions. An entropy that falls early means that the weights "
    "are trained for few architectures."
)


def files(store: RunStore) -> dict[str, str]:
    """report.html, and curves.svg and ranking_check.svg where there is something to draw: file name -> text."""
    curves = read_curves(store.directory, TRAINING)
    learns = any(LEARNED[0][0] in told for epochs in curves.values() for told in epochs)
    drawn = {
        "curves": curve_plot(curves),
        "controller": curve_plot(curves, LEARNED, "controller") if learns else None,
    }
    plots = {name: plot for name, plot in drawn.items() if plot is not None}
    plots |= check_figure(ranking_check(store.run, store.trials), str(mapping(store.run.get("plan")).get("score_name")))
    text = render(store.directory, store.run, store.trials, plots)
    return report_files(text, {name: plot.svg for name, plot in plots.items()})


def render(directory: Path, run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, Plot]) -> str:
    """The page as text. `plots`: curves and, of a sampler that learns, controller."""
    config, plan = mapping(run.get("config")), mapping(run.get("plan"))
    space = str(plan.get("source", "")).removeprefix("space:")
    lead = f"nasbench supernet · on {config.get('dataset')} · paths {plan.get('sampler')}"
    sections = [
        _headline(run, plan, trials),
        _what(space, plan, trials),
        notes_section(run),
        check_section(ranking_check(run, trials), plots.get("ranking_check"), RANDOM_ROWS),
        _figure("Curves", plots.get("curves"), CAPTION),
        _figure("Controller", plots.get("controller"), LEARNED_CAPTION),
        _failures(trials),
        f"<h2>Recipe</h2>\n{facts(mapping(plan.get('recipe')))}",
        configuration(run),
        _how_to_go_on(directory, run, space, trials),
        trials_in_page(run, trials) if "ranking_check" in plots else "",
    ]
    return page(f"Supernet of {space}", f"{lead} · started {minute(run.get('started'))}", sections)


def _headline(run: Mapping[str, Any], plan: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    done = _metrics(trials)
    accuracy, loss = done.get("val_accuracy"), done.get("val_loss")
    return numbers_row(
        [
            ("parameters", count(plan["params"]) if "params" in plan else "–", "of the whole supernet"),
            ("panel", "–" if accuracy is None else f"{100 * accuracy:.2f} %", "validation accuracy, last epoch"),
            ("panel's loss", "–" if loss is None else f"{loss:.3f}", "nats"),
            ("epochs", str(mapping(plan.get("recipe")).get("epochs", "–")), ""),
            ("wall time", wall_time(run), "" if run.get("ended") else "not ended"),
        ]
    )


def _what(space: str, plan: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    size, task, recipe, done = (*(mapping(plan.get(name)) for name in ("size", "task", "recipe")), _metrics(trials))
    form = f"N = {size.get('depth'):g}, F = {size.get('width'):g}" if size.get("skeleton") else "its own size"
    given = mapping(plan.get("sampler_options"))
    asked = ", ".join(f"{name}={value}" for name, value in given.items())
    forms = (
        "in canonical form, so that equal networks are one path"
        if plan.get("spelling") == "canonical"
        else "as they are spelled"
    )
    drawn = f"{plan.get('sampler')}{f' ({asked})' if asked else ''}: architectures are drawn {forms}"
    known = {
        "space": f"{space}, {form}",
        **({"shared besides": str(plan["share"])} if "share" in plan else {}),
        "images": f"{size.get('resolution') or task.get('image_size')} pixels, "
        f"{quantity(int(task.get('channels', 0)), 'channel')}, "
        f"{task.get('num_classes')} classes",
        "sampler": drawn,
        "an update": "the gradients of the paths of a step are added, and the weights of these paths are updated once; "
        "weights on none of them stay as they are",
        "schedule": f"{quantity(int(recipe.get('epochs', 0)), 'epoch')}, batches of "
        f"{recipe.get('batch_size')}, {recipe.get('optimizer')}, "
        f"{recipe.get('lr_schedule')} from {recipe.get('lr_peak')}",
    }
    if done:
        known["a path"] = (
            f"{count(done['path_params'])} parameters, {count(done['path_macs'])} multiply-adds: the mean of the panel"
            if "path_params" in done
            else "–"
        )
        cuts = done.get("cut_off_after") or []
        known["interrupted"] = f"after epochs {', '.join(map(str, cuts))}" if cuts else "never"
        known["processes"] = str(done.get("replicas", 1))
    return f"<h2>What was trained</h2>\n{facts(known)}"


def _figure(title: str, drawn: Plot | None, caption: str) -> str:
    return "" if drawn is None else f"<h2>{title}</h2>\n{drawn.figure(caption)}"


def _failures(trials: Sequence[Trial]) -> str:
    lines = "".join(f"<li>{escape(trial.error)}</li>" for trial in trials if trial.error)
    return f"<h2>Failed</h2>\n<ul>{lines}</ul>" if lines else ""


def _how_to_go_on(directory: Path, run: Mapping[str, Any], space: str, trials: Sequence[Trial]) -> str:
    where = shlex.quote(str(directory))
    lines = [] if run.get("ended") else [f"# go on with this run\nnasbench supernet --run {where} --resume"]
    if _metrics(trials):
        with_it = f"--space {shlex.quote(space)} --evaluator {shlex.quote(f'supernet:{directory}')}"
        lines.append(f"# search with these weights\nnasbench search {with_it} --strategy evolution --trials 1000")
    lines.append(f"# build this page anew\nnasbench report {where}")
    return f"<h2>How to go on</h2>\n<pre>{escape(chr(10).join(lines))}</pre>"


def _metrics(trials: Sequence[Trial]) -> Mapping[str, Any]:
    """Of the training, if it has succeeded."""
    return next((trial.metrics for trial in trials if trial.scored and trial.number == TRAINING), {})

"""What the page tells of a dot of a chart: a card that draws its trial."""

from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.core.arch import Gene
from nasbench.core.protocols import Drawable
from nasbench.core.registry import spaces
from nasbench.core.shown import escape
from nasbench.core.stop_signals import from_outside
from nasbench.core.trial import Trial
from nasbench.core.trial_of_run import spec_of
from nasbench.report.cells.drawing import draw_svg
from nasbench.report.common.dot_titles import about
from nasbench.report.common.thinned import evenly
from nasbench.report.run.dots import with_dots

MOST_DRAWINGS = 48
"""So many of the best networks are drawn on the page, at up to 20 kB each; of others the card lists the decisions."""
MOST_CARDS = 1000


def cards(run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    """The cards as HTML templates: trial, key, score and costs, and a drawing of the best networks."""
    dots = with_dots(trials)
    shown = evenly([trial for trial in trials if trial.number in dots], MOST_CARDS)
    best = sorted(shown, key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number))
    drawn = list(dict.fromkeys(trial.key for trial in best))[:MOST_DRAWINGS]
    drawings = {trial.key: drawing_of(run, trial) for trial in shown if trial.key in drawn}
    return "\n".join(
        f'<template id="trial-{trial.number}"><p>{escape(about(trial))}</p>'
        + (drawings.get(trial.key) or _decisions(trial.genes))
        + "</template>"
        for trial in shown
    )


def drawing_of(run: Mapping[str, Any], trial: Trial) -> str:
    """A drawing of a trial; empty where its space draws none, or is not to be had any more."""
    plan = run.get("plan")
    if trial.architecture is None or not isinstance(plan, Mapping):
        return ""
    try:
        part = spaces.get(str(plan["source"]).removeprefix("space:"))
        space = part() if isinstance(part, type) else part
        return draw_svg(space.graphs(spec_of(run, trial))) if isinstance(space, Drawable) else ""
    except BaseException as error:  # a plug-in that is gone or broken must not cost the report
        if from_outside(error):
            raise
        return ""


def _decisions(genes: Mapping[str, Gene]) -> str:
    return "<p>" + escape(", ".join(f"{name} {gene}" for name, gene in genes.items())) + "</p>" if genes else ""

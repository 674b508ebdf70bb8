"""The Pareto front of a search with several objectives: a plot of each further objective against the first, and a
table.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.curves import is_control
from nasbench.core.objectives import Objective, pareto_front
from nasbench.core.reward import Target
from nasbench.core.trial import Trial
from nasbench.report.common.dot_titles import titled
from nasbench.report.common.figure import (
    INK,
    RED,
    drawing,
    label,
    log_counts,
    new_figure,
    short_count,
    to_svg,
)
from nasbench.report.common.numbers import count, score
from nasbench.report.common.thinned import MOST_POINTS, evenly
from nasbench.report.run.dots import with_dots
from nasbench.report.run.plots import random_and_chosen, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COUNTS = ("params", "macs", "flops")


def front_plots(
    trials: Sequence[Trial], objectives: Sequence[Objective], targets: Sequence[Target] = ()
) -> dict[str, str]:
    """File stem -> SVG text, as `plots.figures` has them; empty where there is no front to draw."""
    with drawing():
        figure = front_figure(trials, objectives, targets)
        return {} if figure is None else {"front": titled(to_svg(figure, "front"), trials)}


def front_figure(
    trials: Sequence[Trial], objectives: Sequence[Objective], targets: Sequence[Target] = ()
) -> "Figure | None":
    """Trials as points, a panel for each objective but the first, which is the vertical axis. Shown are those that are
    compared.

    The front is joined where there are two objectives; of more, a trial may be on it for one that the panel does not
    show. `targets` are those of a score that is accuracy x (cost / T)^w.
    """
    if len(objectives) < 2 or not (front := pareto_front(trials, objectives)):
        return None
    names, drawn = [objective.metric for objective in objectives], with_dots(trials)
    shown = compared(trials, objectives, front[0].epochs)
    figure = new_figure(3.6 * min(2, len(objectives) - 1), 2.7 * (len(objectives) // 2))
    panels = figure.subplots(len(objectives) // 2, min(2, len(objectives) - 1), squeeze=False, sharey=True).ravel()
    for axes, objective in zip(panels, objectives[1:], strict=False):
        for text, colour, these in random_and_chosen(shown, drawn):
            scatter(axes, [_point(each, objective.metric, names[0]) for each in these], colour, text, these)
        points = evenly(sorted(_point(trial, objective.metric, names[0]) for trial in front), MOST_POINTS)
        axes.plot(
            *zip(*points, strict=True),
            "o-" if len(objectives) == 2 else "o",
            color=INK,
            markersize=4,
            linewidth=1.0,
            label="front",
            zorder=3,
        )
        values = [float(trial.metrics[objective.metric]) for trial in shown]
        for target in (each for each in targets if each.metric == objective.metric):
            values.append(target.at)
            _target(axes, target)
            if len(targets) == 1:  # of several, a score is equal along a surface, which no panel shows
                _equal_scores(axes, target, max(trial.score or 0.0 for trial in front), values)
        _axis(axes, objective, values)
    for axes in panels[len(objectives) - 1 :]:
        axes.set_axis_off()
    panels[0].set_ylabel(label(objective_label(objectives[0])))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def compared(trials: Sequence[Trial], objectives: Sequence[Objective], epochs: int) -> list[Trial]:
    """The trials that a front is among: of so many epochs, with a value of every objective."""
    return [
        trial
        for trial in trials
        if trial.scored
        and trial.epochs == epochs
        and all(trial.metrics.get(objective.metric) is not None for objective in objectives)
    ]


def front_table(
    front: Sequence[Trial], objectives: Sequence[Objective]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Column names, and a row for each trial of the front."""
    columns = ("trial", "key", *(objective_label(objective) for objective in objectives), "epochs")
    rows = [
        (
            str(trial.number),
            trial.key,
            *(_value(trial.metrics[objective.metric]) for objective in objectives),
            str(trial.epochs),
        )
        for trial in front
    ]
    return columns, rows


def front_sentence(front: Sequence[Trial], trials: Sequence[Trial]) -> str:
    """How large the front is, and among how many."""
    compared = (
        {trial.key for trial in trials if trial.scored and trial.epochs == front[0].epochs and not is_control(trial)}
        if front
        else set()
    )
    return (
        f"{len(front)} of {quantity(len(compared), 'different architecture')} trained for the most epochs are on the "
        "front: "
        "no other is at least as good in every objective and better in one."
    )


def _target(axes: "Axes", target: Target) -> None:
    axes.axvline(target.at, color=RED, linewidth=1.2, label=label(target_label(target)), zorder=1)


def _equal_scores(axes: "Axes", target: Target, best: float, costs: Sequence[float]) -> None:
    """Lines of equal score through the best, and 5 and 10 % below it: accuracy = score / factor."""
    if min(costs) <= 0:
        return
    low, high, limits = min(costs) / 1.2, max(costs) * 1.2, axes.get_ylim()
    across = [low * (high / low) ** (step / 40) for step in range(41)]
    for part in (1.0, 0.95, 0.9):
        up = [part * best / target.factor(each) for each in across]
        named = "equal score" if part == 1.0 else None
        axes.plot(across, up, color=RED, linewidth=0.7, linestyle=(0, (3, 2)), alpha=0.8, zorder=1, label=named)
    axes.set_ylim(limits)


def _axis(axes: "Axes", objective: Objective, values: Sequence[float]) -> None:
    if objective.metric in COUNTS and min(values) > 0:
        log_counts(axes, values)
    axes.set_xlabel(label(objective_label(objective)))


def _point(trial: Trial, across: str, up: str) -> tuple[float, float]:
    return float(trial.metrics[across]), float(trial.metrics[up])


def target_label(target: Target) -> str:
    return f"target {short_count(target.at) if target.metric in COUNTS else f'{target.at:g}'}"


def objective_label(objective: Objective) -> str:
    return f"{objective.metric} ({'more' if objective.maximise else 'less'} is better)"


def _value(value: Any) -> str:
    return count(value) if isinstance(value, int) else score(float(value))

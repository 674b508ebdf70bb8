"""The plots of a run: search curve with its control, score against cost, operations over time, controller, ranking
after retraining.

Each function returns a matplotlib figure, or None where the log holds nothing to plot. Figures are made without pyplot,
so nothing global changes, at half a page's width (3.5 in) or the page's (7.2 in) with 8-point text.
"""

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.curves import (
    OptionGroup,
    best_so_far,
    is_control,
    is_random,
    is_retraining,
    searched,
)
from nasbench.core.trial import Trial
from nasbench.core.typed import fits
from nasbench.report.common.dot_titles import mark, titled
from nasbench.report.common.far_below import begin_at, draw_on_edge
from nasbench.report.common.figure import (
    BLUE,
    GREEN,
    GROUND,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    drawing,
    label,
    log_counts,
    new_figure,
    to_svg,
)
from nasbench.report.common.rankings import kendall_test
from nasbench.report.common.thinned import MOST_POINTS, evenly
from nasbench.report.models.cells.drawing import FAMILIES, family
from nasbench.report.run.chance import Exact, chance_curve
from nasbench.report.run.dots import changes, cost_edge, curve_edge, of_search, with_dots
from nasbench.report.run.statistics import retrained, shares_over_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


COST_PANELS = (("params", "trainable parameters"), ("macs", "multiply-adds (MACs)"))
"""Metric -> its axis, for the plots of score against cost."""


def figures(
    trials: Sequence[Trial],
    groups: Sequence[OptionGroup],
    score: str = "score",
    exact: Exact | None = None,
    trained: str = "",
) -> dict[str, str]:
    """File stem -> SVG text of every plot that the log has something for.

    `score` is the axis label of the score, `trained` that of what was trained after a search by a cheap score; `exact`
    is what random children score on the run's table.
    """
    score = label(score)
    with drawing():
        made = {
            "search_curve": search_curve(trials, score, exact),
            "score_against_cost": score_against_cost(trials, score),
            "operations": operations(trials, groups),
            "controller": controller(trials),
            "ranking": ranking(trials, score, trained),
        }
        return {name: titled(to_svg(figure, name), trials) for name, figure in made.items() if figure is not None}


def search_curve(trials: Sequence[Trial], score: str = "score", exact: Exact | None = None) -> "Figure | None":
    """Each trial's score, the best so far, and what the best of as many random children would be expected to be, with
    its band. The control lies between the search's trials, where it was trained.
    """
    told = searched(trials)
    if not any(trial.scored for trial in trials):
        return None
    figure = new_figure(7.2, 2.9)
    axes = figure.subplots()
    dots, edge = places(trials), curve_edge(trials)
    shown, below = edge.parted(with_dots(trials))
    for kind, colour, text in (("control", ORANGE, "random"), ("blind", ORANGE, "random"), ("chosen", BLUE, "chosen")):
        these = [(place, trial) for place, trial in dots if trial.number in shown and kind_of(trial) == kind]
        points = [(place, trial.score) for place, trial in these]
        named = text if text not in axes.get_legend_handles_labels()[1] else ""
        scatter(axes, points, colour, named, [trial for _, trial in these])
    on_edge = [(place, trial.number) for place, trial in dots if trial.number in below]
    draw_on_edge(axes, [(place, edge.place) for place, _ in on_edge], [number for _, number in on_edge])
    failed = evenly([place for place, trial in dots if not trial.scored], MOST_POINTS)
    if failed:
        across = axes.get_xaxis_transform()
        axes.plot(
            failed, [0.015] * len(failed), "|", color=RED, markersize=6, transform=across, label="failed", clip_on=False
        )
    best = changes([(place, value) for place, value in enumerate(best_so_far(told), 1) if value is not None])
    if best:
        single = "o" if len(best) == 1 else ""
        axes.step(*zip(*best, strict=True), where="post", color=INK, linewidth=1.7, label="best so far", marker=single)
    chance = chance_curve(trials, exact)
    if chance:
        counts, means, low, high = zip(*chance, strict=True)
        label = "expected best of n random" + (f" ({counts[-1]} known)" if exact is None else "")
        axes.plot(counts, means, color=ORANGE, linestyle=(0, (4, 2)), linewidth=1.7, label=label)
        axes.fill_between(counts, low, high, color=ORANGE, alpha=0.18, linewidth=0, zorder=0)
        axes.plot(counts[-1], means[-1], "o", color=ORANGE, markersize=4)
    axes.set_xlabel("trials of the search finished, n")
    axes.set_ylabel(score)
    axes.set_xlim(0, max(len(told), chance[-1][0] if chance else 0) + 1)
    begin_at(figure.axes, edge)
    _whole_numbers(axes)
    figure.legend(loc="outside upper left", ncols=5, handletextpad=0.5, columnspacing=1.4)
    return figure


def places(trials: Sequence[Trial]) -> list[tuple[float, Trial]]:
    """(place, trial): the search's own in the order of finishing, its control half a place after the one before."""
    dots: list[tuple[float, Trial]] = []
    finished = 0
    for trial in trials:
        if not is_retraining(trial):
            finished += not is_control(trial)
            dots.append((finished + (0.5 if is_control(trial) else 0.0), trial))
    return dots


def kind_of(trial: Trial) -> str:
    """control, blind or chosen."""
    return "control" if is_control(trial) else "blind" if is_random(trial) else "chosen"


def score_against_cost(trials: Sequence[Trial], score: str = "score") -> "Figure | None":
    """Score against parameters and multiply-adds, with the front of those that nothing smaller beats."""
    scored, edge = of_search(trials), cost_edge(trials)
    panels = [(metric, text) for metric, text in COST_PANELS if any(is_positive(trial, metric) for trial in scored)]
    if not panels:
        return None
    figure = new_figure(3.6 * len(panels), 2.7)
    shown, below = edge.parted(with_dots(trials))
    for axes, (metric, text) in zip(
        figure.subplots(1, len(panels), squeeze=False, sharey=True)[0], panels, strict=True
    ):
        with_cost = [trial for trial in scored if is_positive(trial, metric)]
        for name, colour, these in random_and_chosen(with_cost, shown):
            scatter(axes, [(trial.metrics[metric], trial.score) for trial in these], colour, name, these)
        on_edge = [(trial.metrics[metric], trial.number) for trial in with_cost if trial.number in below]
        draw_on_edge(axes, [(cost, edge.place) for cost, _ in on_edge], [number for _, number in on_edge])
        front = score_front(with_cost, metric)
        axes.step(
            *zip(*evenly(front, MOST_POINTS), strict=True),
            where="post",
            color=INK,
            linewidth=1.0,
            label="best at that cost",
        )
        log_counts(axes, [trial.metrics[metric] for trial in with_cost])
        axes.set_xlabel(text)
    begin_at(figure.axes, edge)
    figure.axes[0].set_ylabel(score)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def random_and_chosen(trials: Sequence[Trial], drawn: Container[int]) -> list[tuple[str, str, list[Trial]]]:
    """(name, colour, trials) of the two kinds of dots over a cost; `drawn`: the numbers of the trials that have one."""
    shown = [trial for trial in trials if trial.number in drawn]
    return [
        ("random", ORANGE, [trial for trial in shown if is_random(trial)]),
        ("chosen by the search", BLUE, [trial for trial in shown if not is_random(trial)]),
    ]


def score_front(trials: Sequence[Trial], metric: str) -> list[tuple[float, float]]:
    """(cost, score) of those that nothing cheaper beats."""
    return pareto_front([(float(trial.metrics[metric]), float(trial.score or 0.0)) for trial in trials])


def operations(trials: Sequence[Trial], groups: Sequence[OptionGroup], windows: int = 24) -> "Figure | None":
    """How the share of each option among the strategy's proposals moved, for the (at most two) largest groups of
    decisions.
    """
    if len(searched(trials)) < 2 or not groups:
        return None
    chosen = groups[:2]
    figure = new_figure(7.2, 3.0 if len(chosen) == 1 else 4.2)
    heights = [max(2.0, 0.2 * len(group.options)) for group in chosen]
    for axes, group in zip(
        figure.subplots(len(chosen), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0], chosen, strict=True
    ):
        shares = shares_over_time(trials, group, min(windows, max(2, len(searched(trials)) // 5)))
        places = [place for place, _ in shares]
        colours = option_colours(group.options)
        floor = [0.0] * len(places)
        edges = [0.5, *places[1:-1], len(searched(trials)) + 0.5] if len(places) > 1 else places
        for option in sorted(group.options, key=lambda option: list(FAMILIES).index(family(option)), reverse=True):
            top = [low + share[option] for low, (_, share) in zip(floor, shares, strict=True)]
            axes.fill_between(
                edges, floor, top, color=colours[option], linewidth=0.4, edgecolor=GROUND, label=label(option)
            )
            floor = top
        axes.set_ylim(0, 1)
        axes.set_xlim(0.5, len(searched(trials)) + 0.5)
        axes.set_ylabel(label(f"share of {group.name}") if len(group.name) < 14 else "share")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(
            handles[::-1],
            labels[::-1],
            loc="center left",
            bbox_to_anchor=(1.01, 0.5),
            handlelength=1.0,
            labelspacing=0.25,
        )
    figure.axes[-1].set_xlabel("trials finished")
    _whole_numbers(figure.axes[-1])
    return figure


def controller(trials: Sequence[Trial]) -> "Figure | None":
    """What a learned controller wrote in its notes: entropy, loss, baseline."""
    colours = {"entropy": BLUE, "loss": PURPLE, "baseline": GREEN}
    series = [(text, colours[name], points) for name, text, points in learned(trials)]
    if not series:
        return None
    figure = new_figure(7.2, 2.1)
    for axes, (text, colour, points) in zip(figure.subplots(1, len(series), squeeze=False)[0], series, strict=True):
        axes.plot(*zip(*evenly(points, MOST_POINTS), strict=True), color=colour, linewidth=1.2)
        axes.set_xlabel("trial")
        axes.set_title(text, loc="left")
        axes.locator_params(axis="both", nbins=5)
        _whole_numbers(axes)
    return figure


def learned(trials: Sequence[Trial]) -> list[tuple[str, str, list[tuple[int, float]]]]:
    """(name in a note, its axis, (trial, value) in order) for each that a controller wrote more than once."""
    told = sorted(searched(trials), key=lambda trial: trial.number)
    names = (("entropy", "entropy (nats)"), ("loss", "loss"), ("baseline", "baseline (score)"))
    series = [
        (name, text, [(trial.number, trial.note[name]) for trial in told if _number(trial.note.get(name))])
        for name, text in names
    ]
    return [entry for entry in series if len(entry[2]) > 1]


def ranking(trials: Sequence[Trial], score: str = "score", trained: str = "") -> "Figure | None":
    """Score in the search against the score after retraining (`trained`: another one), with Kendall's tau."""
    pairs = retrained(trials)
    if len(pairs) < 2:
        return None
    figure = new_figure(3.6, 3.0)
    axes = figure.subplots()
    first, second = [pair[0].score or 0.0 for pair in pairs], [pair[1].score or 0.0 for pair in pairs]
    dots = [evenly(side, MOST_POINTS) for side in (first, second)]
    axes.plot(*dots, "o", color=BLUE, markersize=5, markeredgecolor=GROUND, markeredgewidth=0.6)
    axes.margins(0.1)
    tau = kendall_test(first, second)
    text = f"{len(pairs)} architectures" + ("" if tau is None else f", Kendall's τ = {tau[0]:.2f} (p = {tau[1]:.2g})")
    axes.set_title(text, loc="left")
    axes.set_xlabel(score if trained else f"{score}, {_epochs(pairs[0][0].epochs)}")
    axes.set_ylabel(f"{trained or score}, {_epochs(pairs[0][1].epochs)}")
    axes.locator_params(axis="both", nbins=5)
    return figure


def scatter(
    axes: "Axes", points: Sequence[tuple[float, float | None]], colour: str, name: str, trials: Sequence[Trial] = ()
) -> None:
    """Dots; each names its trial where `trials` are given, one a point."""
    if points:
        size = 3.8 if len(points) < 300 else 2.2
        (dots,) = axes.plot(
            *zip(*points, strict=True),
            "o",
            markersize=size,
            color=colour,
            alpha=0.75,
            markeredgewidth=0,
            label=name,
        )
        if trials:
            dots.set_gid(mark(trial.number for trial in trials))


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of points (cost, score), those with a higher score than everything cheaper."""
    front: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or score > front[-1][1]:
            front.append((cost, score))
    return front


def _whole_numbers(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=8 if axes.get_position().width > 0.5 else 4, integer=True))


def option_colours(options: Sequence[str]) -> dict[str, Any]:
    """A shade of its family's colour for each option, so that related operations look related."""
    from matplotlib.colors import to_rgb

    families = {option: family(option) for option in options}
    if set(families.values()) == {"other"}:
        palette = (BLUE, ORANGE, GREEN, PURPLE, RED, MUTED)
        return {option: palette[index % len(palette)] for index, option in enumerate(options)}
    colours = {}
    for option, kind in families.items():
        kin = [other for other in options if families[other] == kind]
        light = 0.62 * kin.index(option) / max(1, len(kin) - 1) if len(kin) > 1 else 0.25
        base = to_rgb(FAMILIES[kind][1])
        colours[option] = tuple(channel + (1.0 - channel) * light for channel in base)
    return colours


def is_positive(trial: Trial, metric: str) -> bool:
    """Whether a trial has the metric, above 0."""
    value = trial.metrics.get(metric)
    return _number(value) and value > 0  # type: ignore[operator]


def _number(value: object) -> bool:
    return fits(value, float)


def _epochs(count: int) -> str:
    return quantity(count, "epoch")

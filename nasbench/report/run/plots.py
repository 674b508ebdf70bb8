"""The plots of a run: search curve with its control, score against cost, operations over time, controller, ranking
after retraining.

Each function returns a matplotlib figure, or None where the log holds nothing to plot. Figures are made without pyplot,
so nothing global changes, at half a page's width (3.5 in) or the page's (7.2 in) with 8-point text.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.curves import (
    OptionGroup,
    best_so_far,
    is_random,
    is_retraining,
    random_scores,
    search_epochs,
    searched,
)
from nasbench.core.trial import Trial
from nasbench.report.cells.drawing import FAMILIES, family
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
from nasbench.report.run.statistics import expected_best_curve, kendall_tau, retrained, shares_over_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figures(trials: Sequence[Trial], groups: Sequence[OptionGroup], score: str = "score") -> dict[str, str]:
    """File stem -> SVG text of every plot that the log has something for. `score` is the axis label of the score."""
    score = label(score)
    with drawing():
        made = {
            "search_curve": search_curve(trials, score),
            "score_against_cost": score_against_cost(trials, score),
            "operations": operations(trials, groups),
            "controller": controller(trials),
            "ranking": ranking(trials, score),
        }
        return {name: to_svg(figure, name) for name, figure in made.items() if figure is not None}


def search_curve(trials: Sequence[Trial], score: str = "score") -> "Figure | None":
    """Each trial's score, the best so far, and what the best of as many random children would be expected to be."""
    told = searched(trials)
    if not any(trial.scored for trial in trials):
        return None
    figure = new_figure(7.2, 2.9)
    axes = figure.subplots()
    for blind, colour, text in ((True, ORANGE, "blind proposals"), (False, BLUE, "proposals")):
        points = [
            (place, trial.score) for place, trial in enumerate(told, 1) if trial.scored and is_random(trial) is blind
        ]
        scatter(axes, points, colour, text)
    failed = [place for place, trial in enumerate(told, 1) if not trial.scored]
    axes.plot(
        failed,
        [0.015] * len(failed),
        "|",
        color=RED,
        markersize=6,
        transform=axes.get_xaxis_transform(),
        label="failed",
        clip_on=False,
    )
    if not failed:
        axes.lines[-1].remove()
    best = [(place, value) for place, value in enumerate(best_so_far(told), 1) if value is not None]
    if best:
        axes.step(
            *zip(*best, strict=True),
            where="post",
            color=INK,
            linewidth=1.7,
            label="best so far",
            marker="o" if len(best) == 1 else "",
        )
    control = expected_best_curve(random_scores(trials))
    if control:
        axes.plot(
            *zip(*control, strict=True),
            color=ORANGE,
            linestyle=(0, (4, 2)),
            linewidth=1.7,
            label=f"expected best of n random ({control[-1][0]} known)",
        )
        axes.plot(*control[-1], "o", color=ORANGE, markersize=4)
    axes.set_xlabel("trials finished, n")
    axes.set_ylabel(score)
    axes.set_xlim(0, max(len(told), control[-1][0] if control else 0) + 1)
    _whole_numbers(axes)
    figure.legend(loc="outside upper left", ncols=5, handletextpad=0.5, columnspacing=1.4)
    return figure


def score_against_cost(trials: Sequence[Trial], score: str = "score") -> "Figure | None":
    """Score against parameters and multiply-adds, with the front of those that nothing smaller beats."""
    epochs = search_epochs(trials)
    shown = [
        trial
        for trial in trials
        if trial.scored and trial.status != "cached" and trial.epochs == epochs and not is_retraining(trial)
    ]
    panels = [
        (metric, text)
        for metric, text in (("params", "trainable parameters"), ("macs", "multiply-adds (MACs)"))
        if any(_positive(trial, metric) for trial in shown)
    ]
    if not panels:
        return None
    figure = new_figure(3.6 * len(panels), 2.7)
    for axes, (metric, text) in zip(
        figure.subplots(1, len(panels), squeeze=False, sharey=True)[0], panels, strict=True
    ):
        with_cost = [trial for trial in shown if _positive(trial, metric)]
        for blind, colour, name in ((True, ORANGE, "random"), (False, BLUE, "chosen by the search")):
            scatter(
                axes,
                [(trial.metrics[metric], trial.score) for trial in with_cost if is_random(trial) is blind],
                colour,
                name,
            )
        front = pareto_front([(float(trial.metrics[metric]), float(trial.score or 0.0)) for trial in with_cost])
        axes.step(*zip(*front, strict=True), where="post", color=INK, linewidth=1.0, label="best at that cost")
        log_counts(axes, [trial.metrics[metric] for trial in with_cost])
        axes.set_xlabel(text)
    figure.axes[0].set_ylabel(score)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


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
        colours = _option_colours(group.options)
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
    names = [("entropy", "entropy (nats)", BLUE), ("loss", "loss", PURPLE), ("baseline", "baseline (score)", GREEN)]
    told = sorted(searched(trials), key=lambda trial: trial.number)
    series = [
        (text, colour, [(trial.number, trial.note[name]) for trial in told if _number(trial.note.get(name))])
        for name, text, colour in names
    ]
    series = [entry for entry in series if len(entry[2]) > 1]
    if not series:
        return None
    figure = new_figure(7.2, 2.1)
    for axes, (text, colour, points) in zip(figure.subplots(1, len(series), squeeze=False)[0], series, strict=True):
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.2)
        axes.set_xlabel("trial")
        axes.set_title(text, loc="left")
        axes.locator_params(axis="both", nbins=5)
        _whole_numbers(axes)
    return figure


def ranking(trials: Sequence[Trial], score: str = "score") -> "Figure | None":
    """Score in the search against the score after retraining, with Kendall's tau."""
    pairs = retrained(trials)
    if len(pairs) < 2:
        return None
    figure = new_figure(3.6, 3.0)
    axes = figure.subplots()
    first, second = [pair[0].score or 0.0 for pair in pairs], [pair[1].score or 0.0 for pair in pairs]
    axes.plot(first, second, "o", color=BLUE, markersize=5, markeredgecolor=GROUND, markeredgewidth=0.6)
    axes.margins(0.1)
    tau = kendall_tau(first, second)
    text = f"{len(pairs)} architectures" + ("" if tau is None else f", Kendall's τ = {tau[0]:.2f} (p = {tau[1]:.2g})")
    axes.set_title(text, loc="left")
    axes.set_xlabel(f"{score}, {_epochs(pairs[0][0].epochs)}")
    axes.set_ylabel(f"{score}, {_epochs(pairs[0][1].epochs)}")
    axes.locator_params(axis="both", nbins=5)
    return figure


def scatter(axes: "Axes", points: Sequence[tuple[float, float | None]], colour: str, name: str) -> None:
    if points:
        size = 14 if len(points) < 300 else 5
        many = len(points) > 4000
        across, up = zip(*points, strict=True)
        axes.scatter(across, up, s=size, color=colour, alpha=0.75, linewidths=0, label=name, rasterized=many)


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


def _option_colours(options: Sequence[str]) -> dict[str, Any]:
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


def _positive(trial: Trial, metric: str) -> bool:
    value = trial.metrics.get(metric)
    return _number(value) and value > 0  # type: ignore[operator]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"

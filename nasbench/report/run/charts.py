"""The charts of a run as data, one for each picture of `plots` and `front` that gains from touch, of the same name."""

from collections.abc import Callable, Sequence

from nasbench.core.curves import OptionGroup, best_so_far, searched
from nasbench.core.objectives import Objective, pareto_front
from nasbench.core.reward import Target
from nasbench.core.trial import Trial
from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.far_below import FAR_BELOW
from nasbench.report.common.figure import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED
from nasbench.report.common.thinned import MOST_POINTS, evenly
from nasbench.report.models.cells.drawing import FAMILIES, family
from nasbench.report.run.chance import Exact, chance_curve
from nasbench.report.run.dots import changes, cost_edge, curve_edge, of_search, with_dots
from nasbench.report.run.front import COUNTS, compared, objective_label, target_label
from nasbench.report.run.plots import (
    COST_PANELS,
    is_positive,
    kind_of,
    learned,
    option_colours,
    places,
    random_and_chosen,
    score_front,
)
from nasbench.report.run.statistics import retrained, shares_over_time

ROOM = 1.15
"""What a logarithmic axis has beyond its lowest and highest value."""


def run_charts(
    trials: Sequence[Trial],
    groups: Sequence[OptionGroup],
    score: str = "score",
    exact: Exact | None = None,
    trained: str = "",
    objectives: Sequence[Objective] = (),
    targets: Sequence[Target] = (),
) -> dict[str, Chart]:
    """Name -> chart. The parameters are those of `plots.figures` and `front.front_plots`."""
    made: dict[str, Callable[[], Chart | None]] = {
        "search_curve": lambda: search_curve(trials, score, exact),
        "score_against_cost": lambda: score_against_cost(trials, score),
        "operations": lambda: operations(trials, groups),
        "controller": lambda: controller(trials),
        "ranking": lambda: ranking(trials, score, trained),
        "front": lambda: front(trials, objectives, targets),
    }
    charts = {name: make() for name, make in made.items()}
    return {name: chart for name, chart in charts.items() if chart is not None}


def search_curve(trials: Sequence[Trial], score: str, exact: Exact | None = None) -> Chart | None:
    """Dots in the order of finishing, failed trials and those far below on the lower edge, the best so far, chance with
    its band.
    """
    if not any(trial.scored for trial in trials):
        return None
    told, dots, edge = searched(trials), places(trials), curve_edge(trials)
    shown, below = edge.parted(with_dots(trials))
    series = []
    for name, colour in (("random", ORANGE), ("chosen", BLUE)):
        these = [
            (place, trial)
            for place, trial in dots
            if trial.number in shown and (kind_of(trial) == "chosen") == (name == "chosen")
        ]
        series.append(
            _dots(name, [(place, trial.score) for place, trial in these], colour, [each for _, each in these])
        )
    on_edge = [(place, trial) for place, trial in dots if trial.number in below]
    points = [(place, edge.place) for place, _ in on_edge]
    series.append(_dots(FAR_BELOW, points, MUTED, [trial for _, trial in on_edge]))
    failed = evenly([(place, trial) for place, trial in dots if not trial.scored], MOST_POINTS)
    numbers = [trial.number for _, trial in failed]
    series.append(Series("failed", "dots", [(place, 0.015) for place, _ in failed], RED, trials=numbers, edge=True))
    best = changes([(place, value) for place, value in enumerate(best_so_far(told), 1) if value is not None])
    series.append(Series("best so far", "steps", best, INK))
    if chance := chance_curve(trials, exact):
        counts, means, low, high = zip(*chance, strict=True)
        name = "expected best of n random" + (f" ({counts[-1]} known)" if exact is None else "")
        line = list(zip(counts, means, strict=True))
        series.append(Series(name, "line", line, ORANGE, low=low, high=high, dashed=True))
    end = max(len(told), chance[-1][0] if chance else 0) + 1
    across = Axis("trials of the search finished, n", whole=True, low=0, high=end)
    return Chart("search_curve", [Panel(across, Axis(score, low=edge.low), series)], wide=True)


def score_against_cost(trials: Sequence[Trial], score: str) -> Chart | None:
    """A panel for parameters and one for multiply-adds, as far as trials have them."""
    edge, panels = cost_edge(trials), []
    shown, below = edge.parted(with_dots(trials))
    for metric, text in COST_PANELS:
        with_cost = [trial for trial in of_search(trials) if is_positive(trial, metric)]
        if not with_cost:
            continue
        series = []
        for name, colour, these in random_and_chosen(with_cost, shown):
            series.append(_dots(name, [(trial.metrics[metric], trial.score) for trial in these], colour, these))
        on_edge = [trial for trial in with_cost if trial.number in below]
        series.append(_dots(FAR_BELOW, [(trial.metrics[metric], edge.place) for trial in on_edge], MUTED, on_edge))
        best = evenly(score_front(with_cost, metric), MOST_POINTS)
        series.append(Series("best at that cost", "steps", best, INK))
        costs = _costs(text, [trial.metrics[metric] for trial in with_cost])
        panels.append(Panel(costs, Axis(score, low=edge.low), series))
    return Chart("score_against_cost", panels) if panels else None


def operations(trials: Sequence[Trial], groups: Sequence[OptionGroup], windows: int = 24) -> Chart | None:
    """Shares of the options in a window of trials, one on top of the other."""
    from matplotlib.colors import to_hex

    told = len(searched(trials))
    if told < 2 or not groups:
        return None
    panels = []
    for group in groups[:2]:
        shares = shares_over_time(trials, group, min(windows, max(2, told // 5)))
        colours = option_colours(group.options)
        order = sorted(group.options, key=lambda option: list(FAMILIES).index(family(option)), reverse=True)
        series = [
            Series(option, "area", [(place, share[option]) for place, share in shares], to_hex(colours[option]))
            for option in order
        ]
        ends = Axis("trials finished", whole=True, low=shares[0][0], high=shares[-1][0])
        panels.append(Panel(ends, Axis(f"share of {group.name}", percent=True, low=0, high=1), series))
    return Chart("operations", panels, wide=True)


def controller(trials: Sequence[Trial]) -> Chart | None:
    """What a learned controller wrote in its notes, a panel each."""
    colours = {"entropy": BLUE, "loss": PURPLE, "baseline": GREEN}
    panels = [
        Panel(Axis("trial", whole=True), Axis(text), [Series("", "line", evenly(points, MOST_POINTS), colours[name])])
        for name, text, points in learned(trials)
    ]
    return Chart("controller", panels) if panels else None


def ranking(trials: Sequence[Trial], score: str, trained: str = "") -> Chart | None:
    """Score in the search against the score after retraining; the card is the trial's of the search."""
    pairs = evenly(retrained(trials), MOST_POINTS)
    if len(pairs) < 2:
        return None
    points = [(first.score, second.score) for first, second in pairs]
    dots = Series("", "dots", points, BLUE, trials=[first.number for first, _ in pairs])
    return Chart("ranking", [Panel(Axis(score), Axis(f"{trained or score}, trained again"), [dots])], tall=True)


def front(trials: Sequence[Trial], objectives: Sequence[Objective], targets: Sequence[Target] = ()) -> Chart | None:
    """Each further objective against the first, which is the vertical axis."""
    if len(objectives) < 2 or not (best := pareto_front(trials, objectives)):
        return None
    drawn, shown = with_dots(trials), compared(trials, objectives, best[0].epochs)
    first, panels = objectives[0], []
    for objective in objectives[1:]:
        across = objective.metric
        series = []
        for name, colour, these in random_and_chosen(shown, drawn):
            points = [(trial.metrics[across], trial.metrics[first.metric]) for trial in these]
            series.append(_dots(name, points, colour, these))
        line = evenly(sorted(best, key=lambda trial: float(trial.metrics[across])), MOST_POINTS)
        points = [(trial.metrics[across], trial.metrics[first.metric]) for trial in line]
        on_front = [trial for trial in line if trial.number in drawn]
        marks = [(trial.metrics[across], trial.metrics[first.metric]) for trial in on_front]
        series += [Series("front", "line", points, INK)] if len(objectives) == 2 else []
        series.append(_dots("front", marks, INK, on_front))
        values = [float(trial.metrics[across]) for trial in shown]
        for target in (each for each in targets if each.metric == across):
            values.append(target.at)
            series.append(Series(target_label(target), "line", [(target.at, 0), (target.at, 1)], RED, edge=True))
        axis = Axis(objective_label(objective))
        if across in COUNTS and min(values) > 0:
            axis = _costs(objective_label(objective), values)
        panels.append(Panel(axis, Axis(objective_label(first)), series))
    return Chart("front", panels)


def _dots(name: str, points: Sequence[tuple[float, float | None]], colour: str, trials: Sequence[Trial]) -> Series:
    return Series(name, "dots", points, colour, trials=[trial.number for trial in trials])


def _costs(label: str, values: Sequence[float]) -> Axis:
    return Axis(label, log=True, low=min(values) / ROOM, high=max(values) * ROOM)

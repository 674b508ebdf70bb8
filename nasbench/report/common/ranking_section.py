"""The ranking check of a cheap score on the page of a run: a verdict, a plot, measures beside random choice."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nasbench.core.count_text import quantity
from nasbench.core.shown import escape
from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.chart_element import Plot
from nasbench.report.common.dot_titles import mark, titled
from nasbench.report.common.far_below import FAR_BELOW, Edge, draw_on_edge, edge_sentence
from nasbench.report.common.figure import BLUE, GROUND, MUTED, ORANGE, drawing, label, new_figure, to_svg
from nasbench.report.common.numbers import score
from nasbench.report.common.page import mapping, table
from nasbench.report.common.ranking_check import SHOWN, RankingCheck
from nasbench.report.common.ranking_shown import HEADINGS, RANDOM, cell
from nasbench.report.common.thinned import MOST_DOTS, evenly, rows_listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXPLAINED = (
    "tau is Kendall's tau-b, Spearman the correlation of ranks. The rank of the pick is the true rank of the network "
    "with the best predicted score, 1 the best. Intervals of the score hold 95 % of bootstrap samples of the networks, "
    "those of random choice 95 % of random rankings; a dash stands where there are too few networks."
)
MET = (
    " The networks are those that the search met, more of them good ones by the score than in the whole space, where a "
    "correlation is another one."
)
RANDOM_ROWS = " The networks are a random sample of the table's."
BEST_PICK = "the pick"


def check_figure(check: RankingCheck | None, predicted: str) -> dict[str, Plot]:
    """File stem -> plot; empty where fewer than two networks were checked. `predicted` names the score."""
    if check is None or check.count < 2:
        return {}
    with drawing():
        svg = to_svg(scatter_plot(check, predicted), "ranking_check")
    return {"ranking_check": Plot(titled(svg, _drawn(check)), check_chart(check, predicted))}


def check_chart(check: RankingCheck, predicted: str) -> Chart:
    """The same as data."""
    colours = {"": BLUE, BEST_PICK: ORANGE, FAR_BELOW: MUTED}
    series = [
        Series(name, "dots", [point for _, point in these], colours[name], [each.number for each, _ in these])
        for name, these in _groups(check).items()
    ]
    left, lower = _edges(check)
    panel = Panel(Axis(f"{predicted}, predicted", low=left.low), Axis(check.axis, low=lower.low), series)
    return Chart("ranking_check", [panel], tall=True)


def trainings_after(run: Mapping[str, Any]) -> list[str]:
    """How what follows a search by a cheap score was trained, for the line below the title."""
    after = mapping(mapping(run.get("plan")).get("after"))
    recipe = mapping(after.get("recipe"))
    if not after:
        return []
    epochs = quantity(int(after.get("epochs", 0)), "epoch")
    return [f"front-runners trained for {epochs} under recipe {recipe.get('name')} v{recipe.get('version')}"]


def check_section(check: RankingCheck | None, plot: Plot | None, drawn: str = MET) -> str:
    """The section; empty where nothing was checked. `drawn` says which networks are held against a table."""
    if check is None:
        return ""
    left, lower = _edges(check)
    caption = f"What the score predicted against {check.truth}. The pick is orange."
    caption += lower.told("network")
    caption += edge_sentence(len(left.numbers), "predicted far below the others", "network", "left")
    if len(_drawn(check)) < check.count:
        caption += f" Dots are drawn for {len(_drawn(check)):,} of the {check.count:,} networks."
    figure = plot.figure(caption) if plot else ""
    measures = [
        (HEADINGS[name], _with_interval(name, check.measures), _with_interval(name, check.chance)) for name in SHOWN
    ]
    explained = EXPLAINED if check.trained else EXPLAINED + drawn
    made = table(("measure", "the score", RANDOM), measures, left=("measure",))
    return (
        "<h2>How far can the cheap score be trusted?</h2>\n"
        f'<p class="verdict {check.answer}">{escape(check.sentence)}</p>\n{figure}\n{made}<p>{escape(explained)}</p>\n'
        + _networks(check)
    )


def scatter_plot(check: RankingCheck, predicted: str) -> "Figure":
    """Predicted scores on x, the truth on y."""
    figure = new_figure(3.6, 3.0)
    axes = figure.subplots()
    groups = _groups(check)
    for named, colour in (("", BLUE), (BEST_PICK, ORANGE)):
        _dots(axes, [point for _, point in groups[named]], colour, named, [trial for trial, _ in groups[named]])
    lower = _edges(check)[1].numbers
    for marker, is_lower in (("v", True), ("<", False)):
        these = [(trial.number, point) for trial, point in groups[FAR_BELOW] if (trial.number in lower) == is_lower]
        draw_on_edge(axes, [point for _, point in these], [number for number, _ in these], marker)
    axes.margins(0.1)
    axes.set_xlabel(label(f"{predicted}, predicted"))
    axes.set_ylabel(label(check.axis))
    axes.locator_params(axis="both", nbins=5)
    return figure


def _dots(axes: "Axes", points: list[tuple[float, float]], colour: str, named: str, trials: list[Any]) -> None:
    if points:
        style: dict[str, Any] = {"markersize": 5 if len(points) < 100 else 3, "markeredgewidth": 0.4}
        (dots,) = axes.plot(
            *zip(*points, strict=True), "o", color=colour, markeredgecolor=GROUND, label=named, alpha=0.85, **style
        )
        dots.set_gid(mark(trial.number for trial in trials))


def _networks(check: RankingCheck) -> str:
    """The networks that were trained for the check, the best predicted first."""
    if not check.trained:
        return ""
    order = sorted(range(check.count), key=lambda place: -check.predicted[place])
    listed, left_out = rows_listed(order, "trials.jsonl")
    true = sorted(check.values, reverse=True)
    rows = [
        (
            str(check.trials[place].number),
            str(check.trained[place].number),
            score(check.predicted[place]),
            score(check.values[place]),
            str(true.index(check.values[place]) + 1),
        )
        for place in listed
    ]
    columns = ("trial", "trained as", "predicted", "trained score", "true rank")
    return table(columns, rows, sortable=True) + (f"<p>{escape(left_out)}</p>" if left_out else "")


def _groups(check: RankingCheck) -> dict[str, list[tuple[Any, tuple[float, float]]]]:
    """(trial, its point) of the dots: all others, the pick, and those far below by score or truth, which stand on an
    edge.
    """
    place_of = {trial.number: place for place, trial in enumerate(check.trials)}
    (left, lower), best = _edges(check), max(check.predicted)
    groups: dict[str, list[tuple[Any, tuple[float, float]]]] = {"": [], BEST_PICK: [], FAR_BELOW: []}
    for trial in _drawn(check):
        predicted, value = trial.score or 0.0, check.values[place_of[trial.number]]
        named = BEST_PICK if predicted == best else ""
        if trial.number in left.numbers | lower.numbers:
            named = FAR_BELOW
        groups[named].append((trial, (left.drawn(trial.number, predicted), lower.drawn(trial.number, value))))
    return groups


def _drawn(check: RankingCheck) -> list[Any]:
    """The trials that have dots, the pick among them."""
    return evenly(sorted(check.trials, key=lambda trial: trial.score or 0.0), MOST_DOTS)


def _edges(check: RankingCheck) -> tuple[Edge, Edge]:
    """The left one, of the scores, and the lower one, of the truth."""
    numbers = [trial.number for trial in check.trials]
    left, lower = (Edge.of(dict(zip(numbers, side, strict=True))) for side in (check.predicted, check.values))
    return left, lower


def _with_interval(name: str, found: Any) -> str:
    return " ".join(filter(None, cell(name, found[name])))

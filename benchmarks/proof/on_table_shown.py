"""What the routes on the table return: as lines of Markdown, and as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from on_table_judge import half_of
from on_table_routes import AT, SHARING

from nasbench.report.common.figure import INK, drawing, new_figure, to_svg
from nasbench.report.common.ranking_shown import HEADINGS

GREY, ORANGE, GREEN, PURPLE = "#666666", "#d55e00", "#009e73", "#cc79a7"
"""Of Okabe and Ito, told apart by readers who do not see all colours."""
ALONE = {
    "random": (GREY, "-"),
    "evolution": ("#e69f00", "-"),
    "ppo": ("#0072b2", "-"),
    "predictor": (ORANGE, "-"),
    SHARING: (PURPLE, "-"),
}
"""Route -> colour and dash."""
BEHIND = {
    "random": (GREY, "-"),
    "predictor": (ORANGE, "-"),
    f"random + {SHARING}": (PURPLE, (0, (1, 1.2))),
    f"predictor + {SHARING}": (PURPLE, "-"),
    f"ppo + {SHARING}": ("#0072b2", (0, (4, 1.5))),
    "predictor + synflow": (GREEN, "-"),
    "predictor + params": (GREEN, (0, (4, 1.5))),
}
MARGIN = 0.8
"""Points between the lowest interval and the foot of the picture; above the highest a quarter of it."""
KINDS = {"published": "published\ncells", "designed": "hand-\ndesigned"}
HOUR = 3600.0
LABELS = {SHARING: "weight sharing", "ppo": "PPO"}
"""Strategies that are not told by their own names."""
SCREENS = {SHARING: "shared weights", "params": "parameters"}
MEASURES = ("spearman", "tau", "tau_upper_half", "p_at_top5")


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """A table of the routes, the best at the largest budget first; networks that were not searched for; how the cheap
    scores rank the cells.
    """
    routes, places = record["routes"], [record["grid"].index(seconds) for seconds in AT]
    yield f"| route | {' | '.join(f'{seconds:g} s' for seconds in AT)} | ahead of random | as chosen | cells |"
    yield "|---" * (len(AT) + 4) + "|"
    for name in sorted(routes, key=lambda each: -routes[each]["mean"][-1]):
        told = " | ".join(_interval(routes[name], place) for place in places)
        mean, half = routes[name]["ahead"]
        ahead = f"{mean:+.2f} ± {half:.2f}" if half else ""
        yield f"| {_label(name)} | {told} | {ahead} | {routes[name]['chosen']:.2f} | {routes[name]['cells']} |"
    yield ""
    yield "| network | kind | test accuracy, % | multiply-adds |"
    yield "|---|---|---|---|"
    for each in sorted(record["beside"], key=lambda each: -fmean(each["test_accuracy"])):
        mean, half = interval_of(each["test_accuracy"])
        yield f"| {each['name']} | {each['kind']} | {mean:.2f} ± {half:.2f} | {each['macs'] / 1e6:.2f}M |"
    yield ""
    yield f"| score | {' | '.join(HEADINGS[measure] for measure in MEASURES)} | a cell |"
    yield "|---" * (len(MEASURES) + 2) + "|"
    for name, found in record["scores"]["ranks"].items():
        measured = " | ".join(_estimate(found[measure]) for measure in MEASURES)
        yield f"| {name} | {measured} | {found['seconds']:.2g} s |"


def _interval(route: Mapping[str, Sequence[float | None]], place: int) -> str:
    mean, low = route["mean"][place], route["low"][place]
    return "" if mean is None or low is None else f"{mean:.2f} ± {mean - low:.2f}"


def _estimate(found: Sequence[float | None]) -> str:
    value, low, high = found
    if value is None:
        return "–"
    return f"{value:.2f}" + ("" if low is None or high is None else f" [{low:.2f}, {high:.2f}]")


def _label(route: str) -> str:
    strategy, _, screen = route.partition(" + ")
    return LABELS.get(strategy, strategy) + (f" behind {SCREENS.get(screen, screen)}" if screen else "")


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Writes an SVG of three panels: what needs no search; routes by themselves; behind cheap scores. A line is a mean
    along device-hours, its band the interval of the mean.
    """
    routes, grid = record["routes"], record["grid"]
    drawn = [routes[name] for name in (*ALONE, *BEHIND)]
    foot = min(value for route in drawn for value in route["low"] if value is not None) - MARGIN
    with drawing():
        figure = new_figure(7.2, 3.9)
        beside, alone, behind = figure.subplots(1, 3, sharey=True, width_ratios=[1, 1.6, 1.6])
        _unsearched(beside, record, foot)
        for axes, title, lines in ((alone, "alone", ALONE), (behind, "behind a cheap score", BEHIND)):
            for name, (colour, dash) in lines.items():
                _line(axes, grid, routes[name], colour, dash, _label(name))
            best = "the ten best scores"
            axes.axhline(record["best"], color=INK, linewidth=0.8, linestyle=(0, (1, 2)), label=best)
            axes.set_xscale("log")
            axes.set_xlim(grid[0] / HOUR, grid[-1] / HOUR)
            axes.set_title(title)
            axes.set_xlabel("device-hours of the search")
            axes.legend(loc="lower right", fontsize=6)
        tops = [value for route in drawn for value in route["high"] if value is not None]
        tops += [sum(interval_of(each["test_accuracy"])) for each in record["beside"]]
        beside.set_ylim(foot, max(tops) + MARGIN / 4)
    path.write_text(to_svg(figure, "proof_on_table") + "\n")


def _line(
    axes: Any, grid: Sequence[float], route: Mapping[str, Sequence[float | None]], colour: str, dash: Any, label: str
) -> None:
    known = [place for place, mean in enumerate(route["mean"]) if mean is not None]
    low, mean, high = ([route[side][place] for place in known] for side in ("low", "mean", "high"))
    hours = [grid[place] / HOUR for place in known]
    axes.plot(hours, mean, color=colour, linestyle=dash, linewidth=1.4, label=label)
    axes.fill_between(hours, low, high, color=colour, alpha=0.15, linewidth=0)


def _unsearched(axes: Any, record: Mapping[str, Any], foot: float) -> None:
    """A column a kind, a dot a network with the interval of its mean over the seeds. What lies below is told in
    words, or it would press all else together.
    """
    for place, kind in enumerate(KINDS):
        own = {each["name"]: interval_of(each["test_accuracy"]) for each in record["beside"] if each["kind"] == kind}
        shown = [found for found in own.values() if found[0] > foot]
        x = [place + 0.2 * (number - (len(shown) - 1) / 2) for number in range(len(shown))]
        axes.errorbar(x, *zip(*shown, strict=True), color=INK, marker="o", markersize=3, linestyle="none", capsize=2)
        below = [f"{name} {mean:.0f} ↓" for name, (mean, _) in own.items() if mean <= foot]
        top = max(mean + half for mean, half in shown) + 0.1
        axes.text(place + 0.45, top, "\n".join(below), fontsize=5.5, color=INK, ha="right", va="bottom")
    axes.axhline(record["random_cell"], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.text(-0.45, record["random_cell"] + 0.05, "a random cell", fontsize=6, color=GREY, va="bottom")
    axes.set_xticks(range(len(KINDS)), KINDS.values())
    axes.set_xlim(-0.5, len(KINDS) - 0.5)
    axes.set_title("no search")
    axes.set_ylabel("test accuracy when trained anew, %")


def interval_of(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half of the interval of it."""
    return fmean(values), half_of(values)

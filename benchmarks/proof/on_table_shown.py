"""What the routes on the table return: as lines of Markdown, and as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from on_table_routes import AT, SHARING

from nasbench.report.common.figure import INK, drawing, new_figure, to_svg
from nasbench.report.common.ranking_shown import HEADINGS

COLOURS = {
    "random": "#666666",
    "evolution": "#e69f00",
    "ppo": "#0072b2",
    "predictor": "#d55e00",
    SHARING: "#cc79a7",
}
"""Of Okabe and Ito, told apart by readers who do not see all colours."""
DASHES = {"": "-", "synflow": (0, (4, 1.5)), "params": (0, (1, 1.2)), SHARING: (0, (6, 1, 1, 1))}
"""By the score of the screen."""
HOUR = 3600.0
LABELS = {SHARING: "weight sharing", "ppo": "PPO"}
"""Strategies that are not told by their own names."""
SCREENS = {SHARING: "shared weights", "params": "parameters"}
MEASURES = ("spearman", "tau", "tau_upper_half", "p_at_top5")


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """A table of the routes, the best at the largest budget first; then how the cheap scores rank the cells."""
    routes, places = record["routes"], [record["grid"].index(seconds) for seconds in AT]
    yield f"| route | {' | '.join(f'{seconds:g} s' for seconds in AT)} |"
    yield "|---" * (len(AT) + 1) + "|"
    for name in sorted(routes, key=lambda each: -routes[each]["mean"][-1]):
        yield f"| {_label(name)} | {' | '.join(_interval(routes[name], place) for place in places)} |"
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
    """Writes an SVG: a line and its interval for each route, along device-hours on a logarithmic axis."""
    hours = [seconds / HOUR for seconds in record["grid"]]
    routes = record["routes"]
    with drawing():
        figure = new_figure(7.2, 3.9)
        axes = figure.subplots()
        for name in sorted(routes, key=lambda each: -routes[each]["mean"][-1]):
            route, (strategy, _, screen) = routes[name], name.partition(" + ")
            known = [place for place, mean in enumerate(route["mean"]) if mean is not None]
            x = [hours[place] for place in known]
            low, mean, high = ([route[side][place] for place in known] for side in ("low", "mean", "high"))
            axes.plot(x, mean, color=COLOURS[strategy], linestyle=DASHES[screen], linewidth=1.5, label=_label(name))
            axes.fill_between(x, low, high, color=COLOURS[strategy], alpha=0.15, linewidth=0)
        axes.axhline(record["best"], color=INK, linewidth=0.8, linestyle=(0, (1, 2)), label="the best of the table")
        axes.set_xscale("log")
        axes.set_xlim(hours[0], hours[-1])
        axes.set_xlabel("device-hours of the search")
        axes.set_ylabel("test accuracy of what is returned, %")
        figure.legend(loc="outside right upper")
    path.write_text(to_svg(figure, "proof_on_table") + "\n")

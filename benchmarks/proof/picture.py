"""Accuracy of what the routes return, against the device-hours that they took, with intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from routes import LABELS
from verdicts import Network, Returned

from nasbench.report.common.figure import INK, MUTED, drawing, new_figure, to_svg

COLOURS = {"random": "#666666", "ppo": "#0072b2", "predictor": "#d55e00", "screened": "#009e73", "sharing": "#cc79a7"}
"""Of Okabe and Ito, told apart by readers who do not see all colours."""
GROUPS = {"chance": "random\ncells", "published": "published\ncells", "designed": "hand-\ndesigned"}
"""What needs no search."""
MARGIN = 1.5
"""Points between the lowest interval and the foot of the picture."""
APART = 0.012
"""Part of the longest search between the marks of two routes of one budget, so that intervals do not cover each
other."""


def draw(rows: Sequence[Returned], networks: Sequence[Network], path: Path) -> None:
    """Writes an SVG: on the left what no search was needed for, then the searches by hours."""
    with drawing():
        figure = new_figure(7.2, 3.9)
        beside, axes = figure.subplots(1, 2, sharey=True, width_ratios=[1, 2.4])
        _unsearched(beside, [row for row in rows if not row.budget], networks)
        longest = max((row.seconds for row in rows), default=0.0) / 3600
        for row in rows:
            if row.route == "chance":
                axes.axhspan(row.low, row.high, color="#e4e4e4", linewidth=0)
        for index, (name, colour) in enumerate(COLOURS.items()):
            own = [row for row in rows if row.route == name and row.budget]
            if own:
                x = [row.seconds / 3600 + APART * longest * (index - 0.5) for row in own]
                axes.errorbar(x, [row.mean for row in own], _errors(own), **_style(colour), label=LABELS[name])
        axes.set_xlim(left=0)
        axes.set_xlabel("device-hours of the search")
        axes.legend(loc="lower right")
    path.write_text(to_svg(figure, "proof") + "\n")


def _unsearched(axes: Any, rows: Sequence[Returned], networks: Sequence[Network]) -> None:
    """One column a group: the mean of cells with its interval, and each network by a dot. What lies far below is told
    at the foot, or it would press all else together.
    """
    foot = min((row.low for row in rows), default=0.0) - MARGIN
    for place, group in enumerate(GROUPS):
        own = [row for row in rows if row.route == group]
        axes.errorbar([place] * len(own), [row.mean for row in own], _errors(own), **_style(INK), linestyle="none")
        named = [(each.name, each.mean) for each in networks if each.group == group]
        dots = [mean for _, mean in named] or [mean for row in own for mean in row.accuracies]
        axes.plot([place + 0.2] * len(dots), dots, ".", color=MUTED, markersize=4)
        below = [f"{name} {mean:.1f} ↓" for name, mean in named if mean < foot]
        axes.text(place + 0.35, foot + 0.1, "\n".join(below), fontsize=6, color=MUTED, ha="right", va="bottom")
    for row in rows:
        if row.route == "chance":
            axes.axhspan(row.low, row.high, color="#e4e4e4", linewidth=0)
    axes.set_xticks(range(len(GROUPS)), GROUPS.values())
    axes.set_xlim(-0.6, len(GROUPS) - 0.4)
    axes.set_ylim(bottom=foot)
    axes.set_xlabel("no search")
    axes.set_ylabel("test accuracy, %")


def _errors(rows: Sequence[Returned]) -> list[list[float]]:
    return [[row.mean - row.low for row in rows], [row.high - row.mean for row in rows]]


def _style(colour: str) -> dict[str, Any]:
    return {"color": colour, "marker": "o", "markersize": 4, "capsize": 3}

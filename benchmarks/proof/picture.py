"""Accuracy of what the routes return, against the children that they trained, with intervals."""

from collections.abc import Sequence
from pathlib import Path

from routes import LABELS
from verdicts import Returned

from nasbench.report.common.figure import drawing, new_figure, to_svg

COLOURS = {"random": "#666666", "ppo": "#0072b2", "predictor": "#d55e00", "screened": "#009e73"}
"""Of Okabe and Ito, told apart by readers who do not see all colours."""
LINES = {"sharing": "#cc79a7", "published": "#56b4e9", "designed": "#e69f00"}
"""Routes whose cost is not a number of children."""
WIDTH = 4.0
"""Children between the marks of two routes of one budget, so that intervals do not cover each other."""


def draw(rows: Sequence[Returned], budgets: Sequence[int], path: Path) -> None:
    """Writes an SVG."""
    with drawing():
        figure = new_figure(6.4, 3.6)
        axes = figure.subplots()
        for row in rows:
            if row.route in LINES:
                axes.axhline(row.mean, color=LINES[row.route], linewidth=1, linestyle="--", label=LABELS[row.route])
            if row.route == "chance":
                axes.axhspan(row.low, row.high, color="#dddddd", label=f"{LABELS['chance']}: mean and 95 % interval")
                axes.axhline(row.mean, color="#aaaaaa", linewidth=1)
        for index, (name, colour) in enumerate(COLOURS.items()):
            own = [row for row in rows if row.route == name and row.budget in budgets]
            if own:
                middle = [row.mean for row in own]
                x = [row.budget + WIDTH * (index - 1.5) for row in own]
                errors = [[row.mean - row.low for row in own], [row.high - row.mean for row in own]]
                axes.errorbar(x, middle, errors, color=colour, marker="o", markersize=4, capsize=3, label=LABELS[name])
        axes.set_xticks(list(budgets))
        axes.set_xlabel("children that the search trained")
        axes.set_ylabel("test accuracy, %")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # above, where it covers no interval
    path.write_text(to_svg(figure, "proof") + "\n")

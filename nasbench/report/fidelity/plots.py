"""The plots of cheap scores against the truth: a small panel for each score, the same truth on every y axis."""

from typing import TYPE_CHECKING, Any

from nasbench.report.common.figure import BLUE, MUTED, drawing, label, new_figure, to_svg
from nasbench.report.fidelity.results import Fidelity
from nasbench.report.fidelity.statistics import decades

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = 7.2
"""Width of the page, inches."""
COLUMNS = 3
LOG_DECADES = 3.0
"""From so many powers of ten on, the axis of a score is logarithmic."""
MANY = 1500
"""More points than this are drawn as a picture inside the SVG, which would be too large otherwise."""
HIDDEN = 0.05
"""At most this share of the networks lies below the y axis: untrainable ones, which would press the others together."""


def figures(fidelity: Fidelity) -> dict[str, str]:
    """File stem -> SVG text, for every plot that has data."""
    if fidelity.count < 2:
        return {}
    with drawing():
        return {"scores": to_svg(panels(fidelity), "scores")}


def panels(fidelity: Fidelity) -> "Figure":
    """A panel for each score, the highest tau first. Networks on which a score failed are left out."""
    order = fidelity.standings
    across = min(COLUMNS, len(order))
    down = -(-len(order) // across)
    figure = new_figure(PAGE if across > 1 else 3.6, 0.3 + 2.2 * down)
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    floor = lowest_shown(fidelity.values)
    for index, axes in enumerate(grid.flat):
        if index >= len(order):
            axes.set_visible(False)
            continue
        tau = order[index].measures["tau"].value
        _panel(axes, fidelity.values, fidelity.scores[order[index].name], floor)
        axes.set_title(f"{label(order[index].name)}\n" + ("no tau" if tau is None else f"tau {tau:.2f}"))
        if index % across == 0:
            axes.set_ylabel(label(fidelity.column))
    return figure


def lowest_shown(values: "np.ndarray") -> float:
    """Where the y axis begins: the lowest value, or one below which a small share lies far from the others."""
    import numpy as np

    low, cut = float(values.min()), float(np.quantile(values, HIDDEN))
    high = float(values.max())
    return cut if cut - low > high - cut else low


def _panel(axes: "Axes", truth: "np.ndarray", score: "np.ndarray", floor: float) -> None:
    import numpy as np

    there = np.isfinite(score)
    if decades(score[there]) > LOG_DECADES:
        axes.set_xscale("log")
    shown = there & (truth >= floor)
    style: dict[str, Any] = {"s": 7, "alpha": 0.5, "linewidths": 0, "rasterized": len(truth) > MANY}
    axes.scatter(score[shown], truth[shown], color=BLUE, **style)
    below = there & (truth < floor)
    axes.scatter(score[below], np.full(below.sum(), floor), color=MUTED, marker="v", **{**style, "s": 12})
    axes.margins(0.06)
    axes.tick_params(axis="x", labelsize=6)
    if axes.get_xscale() == "linear":
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 4))
        axes.xaxis.get_offset_text().set_fontsize(6)

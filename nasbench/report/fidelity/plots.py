"""The plots of cheap scores against the truth: a small panel for each score, the same truth on every y axis."""

from typing import TYPE_CHECKING, Any

from nasbench.report.common.far_below import Edge
from nasbench.report.common.figure import BLUE, MUTED, drawing, label, new_figure, to_svg
from nasbench.report.common.rankings import TOP_SHARE, ranks
from nasbench.report.fidelity.results import Fidelity

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = 7.2
"""Width of the page, inches."""
COLUMNS = 3
MANY = 4000
"""More points than this, in all panels together, are drawn as a picture inside the SVG: else it is too large."""


def figures(fidelity: Fidelity) -> dict[str, str]:
    """File stem -> SVG text, for every plot that has data."""
    if fidelity.count < 2:
        return {}
    with drawing():
        return {"scores": to_svg(panels(fidelity), "scores")}


def panels(fidelity: Fidelity) -> "Figure":
    """A panel for each score, the highest tau first: the truth against the place by the score.

    The best 5 % by either lie beyond the dashed lines.
    """
    order = fidelity.standings
    across = min(COLUMNS, len(order))
    down = -(-len(order) // across)
    figure = new_figure(PAGE if across > 1 else 3.6, 0.3 + 2.2 * down)
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    edge, many = edge_of(fidelity), len(fidelity.values) * len(order) > MANY
    for index, axes in enumerate(grid.flat):
        if index >= len(order):
            axes.set_visible(False)
            continue
        tau = order[index].measures["tau"].value
        _panel(axes, fidelity.values, fidelity.scores[order[index].name], edge, many)
        axes.set_title(f"{label(order[index].name)}\n" + ("no tau" if tau is None else f"tau {tau:.2f}"))
        if index + across >= len(order):
            axes.set_xlabel("place by the score, %")
        if index % across == 0:
            axes.set_ylabel(label(fidelity.column))
    return figure


def edge_of(fidelity: Fidelity) -> Edge:
    """The lower end of the truth's axis, of networks by their place."""
    return Edge.of(dict(enumerate(fidelity.values.tolist())))


def _panel(axes: "Axes", truth: "np.ndarray", score: "np.ndarray", edge: Edge, many: bool) -> None:
    import numpy as np

    place = 100 * (ranks(score) - 0.5) / len(score)  # (n), in percent: values of scores span up to fifty decades
    shown = ~np.isin(np.arange(len(truth)), list(edge.numbers))
    style: dict[str, Any] = {"alpha": 0.5, "linewidths": 0, "rasterized": many}
    axes.scatter(place[shown], truth[shown], color=BLUE, s=2 if many else 7, **style)
    axes.scatter(place[~shown], np.full((~shown).sum(), edge.place), color=MUTED, marker="v", s=12, **style)
    border = float(np.quantile(truth, 1 - TOP_SHARE))
    for line, at in ((axes.axvline, 100 * (1 - TOP_SHARE)), (axes.axhline, border)):
        line(at, color=MUTED, linewidth=0.6, linestyle=(0, (4, 3)))
    axes.set_xlim(-3, 103)
    axes.set_xticks((0, 25, 50, 75, 100))
    axes.margins(y=0.06)

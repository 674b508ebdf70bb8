"""The plots of cheap scores against the truth as data."""

import numpy as np

from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.far_below import FAR_BELOW
from nasbench.report.common.figure import BLUE, MUTED
from nasbench.report.common.rankings import TOP_SHARE, ranks
from nasbench.report.common.thinned import MOST_DOTS, evenly
from nasbench.report.fidelity.plots import edge_of
from nasbench.report.fidelity.results import Fidelity


def scores_chart(fidelity: Fidelity) -> Chart | None:
    """A panel for each score, the highest tau first: the truth against the place by the score."""
    if fidelity.count < 2:
        return None
    truth, edge, panels = fidelity.values, edge_of(fidelity), []
    border = float(np.quantile(truth, 1 - TOP_SHARE))
    drawn = evenly(range(len(truth)), MOST_DOTS)
    shown, below = (
        np.array([each for each in drawn if (each in edge.numbers) is far], dtype=int) for far in (False, True)
    )
    for standing in fidelity.standings:
        score = fidelity.scores[standing.name]
        place = 100 * (ranks(score) - 0.5) / len(score)  # (n), in percent
        tau = standing.measures["tau"].value
        series = [
            Series("networks", "dots", list(zip(place[shown].tolist(), truth[shown].tolist(), strict=True)), BLUE),
            Series(FAR_BELOW, "dots", [(each, edge.place) for each in place[below].tolist()], MUTED),
            Series(
                "best 5 %",
                "line",
                [(100 * (1 - TOP_SHARE), 0), (100 * (1 - TOP_SHARE), 1)],
                MUTED,
                dashed=True,
                edge=True,
            ),
            Series("best 5 %", "line", [(0, border), (100, border)], MUTED, dashed=True),
        ]
        title = f"{standing.name}: " + ("no tau" if tau is None else f"tau {tau:.2f}")
        axis = Axis("place by the score, %", low=-3, high=103)
        panels.append(Panel(axis, Axis(fidelity.column, low=edge.low), series, title))
    return Chart("scores", panels)

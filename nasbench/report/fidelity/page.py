"""The report of cheap scores against the truth: one self-contained HTML page, and its plot as SVG beside it."""

from collections.abc import Mapping
from typing import Any

from nasbench.core.shown import escape
from nasbench.core.store import RunStore
from nasbench.report.common.chart_element import Plot, with_charts
from nasbench.report.common.page import configuration, minute, numbers_row, page, report_files, table, wall_time
from nasbench.report.fidelity.charts import scores_chart
from nasbench.report.fidelity.plots import edge_of, figures
from nasbench.report.fidelity.results import Fidelity
from nasbench.report.fidelity.tables import columns, rows

EXPLAINED = (
    "Spearman and tau (Kendall's tau-b) are rank correlations over all networks compared; tau is told again within the "
    "true upper half and the true top tenth, since a high correlation over a whole space says little about its top. "
    "P@top 5 % is the share of the best 5 % by score that is among the true best 5 %. The rank of the pick is the true "
    "rank of the network with the best score, 1 the best; where several share it, the mean of theirs. Intervals hold "
    "95 % of bootstrap samples of the networks; those of random choice hold 95 % of random scores. A network on which "
    "a score failed ranks last by it. The cost is the median over networks that were not answered from an equal one."
)


def files(store: RunStore) -> dict[str, str]:
    """report.html and the SVG file of the plot: file name -> text."""
    fidelity = Fidelity.of(store.run, store.trials)
    pictures, chart = figures(fidelity), scores_chart(fidelity)
    plots = with_charts(pictures, {} if chart is None else {chart.name: chart})
    return report_files(render(store.run, fidelity, plots), pictures)


def render(run: Mapping[str, Any], fidelity: Fidelity, plots: Mapping[str, Plot]) -> str:
    """The page as text. `plots`: file stem -> plot."""
    sections = [_headline(run, fidelity), _standings(fidelity), _plots(fidelity, plots), _failed(fidelity)]
    lead = " · ".join(["nasbench fidelity", *([f"started {minute(run['started'])}"] if run.get("started") else [])])
    return page(f"Cheap scores against {fidelity.truth}", lead, [*sections, configuration(run)])


def _headline(run: Mapping[str, Any], fidelity: Fidelity) -> str:
    partly = "" if fidelity.count == fidelity.planned else f"of {fidelity.planned} planned; "
    best = [each for each in fidelity.standings if each.measures["tau"].value is not None][:1]
    tau = f"{best[0].measures['tau'].value:.2f}" if best else "–"
    return numbers_row(
        [
            ("networks", f"{fidelity.count:,}", f"{partly}{fidelity.known:,} are known"),
            ("scores", str(len(fidelity.scores)), ""),
            ("highest tau", tau, best[0].name if best else ""),
            ("truth", fidelity.column, ""),
            ("wall time", wall_time(run), "" if run.get("ended") else "not ended"),
        ]
    )


def _standings(fidelity: Fidelity) -> str:
    told = "".join(f"<li>{escape(line)}</li>" for line in fidelity.verdicts())
    made = table(columns(), rows(fidelity), left=("score",), sortable=True)
    text = f"{EXPLAINED} The networks: {fidelity.sampling}."
    return f"<h2>Scores</h2>\n<ul>{told}</ul>\n{made}<p>{escape(text)}</p>"


def _plots(fidelity: Fidelity, plots: Mapping[str, Plot]) -> str:
    if not plots:
        return ""
    caption = (
        "Each point is a network: its place by a score, the best at 100 %, against the truth. The best 5 % by a score "
        "lie right of the dashed line, the true best 5 % above it: what is in the corner is P@top 5 %."
    )
    caption += edge_of(fidelity).told("network")
    return "<h2>Score against truth</h2>\n" + "".join(plot.figure(caption) for plot in plots.values())


def _failed(fidelity: Fidelity) -> str:
    found = [(name, str(count), why) for name, each in fidelity.reasons.items() for why, count in each.items()]
    if not found:
        return ""
    made = table(("score", "networks", "reason"), found[:50], left=("score", "reason"), wrap=("reason",))
    return f"<h2>Failed</h2>\n{made}"

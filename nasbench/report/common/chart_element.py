"""A plot on a page: a chart that the page's script draws from data, and its picture without scripts and on paper."""

from collections.abc import Mapping
from dataclasses import dataclass

from nasbench.core.shown import escape
from nasbench.report.common.chart import Chart
from nasbench.report.common.embedded import data_element
from nasbench.report.common.page import themed


@dataclass(frozen=True)
class Plot:
    """A picture as SVG, and the same as a chart that can be touched, where there is one."""

    svg: str
    chart: Chart | None = None

    def figure(self, caption: str) -> str:
        """The plot with its caption, which may be empty, as HTML."""
        told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        if self.chart is None or not any(panel.series for panel in self.chart.panels):
            return f"<figure>{themed(self.svg)}{told}</figure>"
        return (
            f'<figure class="chart" id="chart-{escape(self.chart.name)}"><noscript>{themed(self.svg)}</noscript>'
            f"{data_element('chart', self.chart.to_json())}{told}</figure>"
        )


def with_charts(pictures: Mapping[str, str], charts: Mapping[str, Chart]) -> dict[str, Plot]:
    """Name -> plot, for each picture; those without a chart stay pictures."""
    return {name: Plot(svg, charts.get(name)) for name, svg in pictures.items()}

"""What lies far below the others stands on the edge of a chart, is told there, and presses nothing together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.core.trial import Trial
from nasbench.report.common.chart import Chart
from nasbench.report.common.far_below import FAR_BELOW, Edge, lowest_shown
from nasbench.report.common.figure import drawing
from nasbench.report.common.ranking_check import ranking_check
from nasbench.report.common.ranking_section import check_chart, check_figure, check_section, scatter_plot
from nasbench.report.fidelity.charts import scores_chart
from nasbench.report.fidelity.plots import panels
from nasbench.report.fidelity.results import Fidelity
from nasbench.report.run.charts import run_charts
from nasbench.report.run.page import files
from nasbench.report.run.plots import figures, score_against_cost, search_curve
from unit.test_report_html import long_run, store_with
from unit.toys import trial

FIGURES = ("search_curve", "score_against_cost")


def with_outlier() -> list[Trial]:
    """A run of scores from 0.5 to 1, whose first trial has -30."""
    first, *others = long_run()
    return [replace(first, score=-30.0), *others]


def points(chart: Chart, name: str) -> dict[int, float]:
    """Trial -> its height, of the dots of that name in the first panel."""
    return {
        number: float(y or 0.0)
        for series in chart.panels[0].series
        if series.name == name
        for number, (_, y) in zip(series.trials, series.points, strict=True)
    }


def test_only_what_lies_far_below_the_others_is_hidden() -> None:
    assert lowest_shown(np.array([0.09, 0.30, 0.34, 0.345, 0.35, 0.355, 0.356, 0.36])) == 0.30
    assert lowest_shown(np.array([0.25, 0.30, 0.34, 0.345, 0.35, 0.355, 0.356, 0.36])) == 0.25
    assert lowest_shown([-2.3, *np.linspace(-0.9, -0.8, 1000)]) == -0.9, "one alone lies below"
    assert lowest_shown([0.1] * 20 + [0.9] * 80) == 0.1, "a fifth is not a few"
    assert lowest_shown([0.1] + [0.9] * 80) == 0.1, "equal values are pressed together by nothing"
    assert lowest_shown([0.5]) == 0.5


def test_an_edge_lies_below_what_is_in_its_place() -> None:
    edge = Edge.of(dict(enumerate([-2.3, *np.linspace(-0.9, -0.8, 1000).tolist()])))
    assert (edge.numbers, edge.told()) == ({0}, " Drawn in grey on the lower edge, far below the others: 1 trial.")
    assert edge.low is not None
    assert -0.92 < edge.low < edge.place < -0.9
    assert Edge.of({}) == Edge.of({1: 0.5, 2: 0.7}) == Edge()


@pytest.mark.parametrize("name", FIGURES)
def test_a_chart_has_them_on_its_lower_edge(name: str) -> None:
    trials = with_outlier()
    chart = run_charts(trials, [], "accuracy")[name]
    low = chart.panels[0].y.low
    (height,) = points(chart, "far below").values()
    others = [points(chart, each) for each in ("random", "chosen", "chosen by the search")]
    assert low is not None
    assert 0.3 < low < height < min(min(each.values(), default=1.0) for each in others)
    assert not any(1 in each for each in others)
    assert len(chart.panels) == 1 or chart.panels[1].y.low == low


def test_failed_trials_are_others_and_lines_keep_their_values() -> None:
    chart = run_charts(with_outlier(), [], "accuracy")["search_curve"]
    assert list(points(chart, "failed")) == [5]
    (best,) = [series for series in chart.panels[0].series if series.name == "best so far"]
    assert best.points[0] == (1, -30.0)


def test_a_figure_has_them_on_its_lower_edge() -> None:
    with drawing():
        made = [search_curve(with_outlier()), score_against_cost(with_outlier())]
    for figure in made:
        assert figure is not None
        for axes in figure.axes:
            low, high = axes.get_ylim()
            assert 0.3 < low < 0.5 < 1.0 < high < 1.1
            (marks,) = [line for line in axes.lines if line.get_label() == "far below"]
            assert low < marks.get_ydata()[0] < 0.5
    pictures = figures(with_outlier(), [])
    assert all("<title>trial 1: -30" in pictures[name] for name in FIGURES), "its triangle names it"


def test_a_page_tells_them_and_an_ordinary_one_has_nothing_of_it(tmp_path: Path) -> None:
    told = "Drawn in grey on the lower edge, far below the others: 1 trial."
    assert files(store_with(tmp_path / "outlier", with_outlier()))["report.html"].count(told) == 2
    ordinary = files(store_with(tmp_path / "ordinary", long_run()))
    assert not any("far below" in text or "lower edge" in text for text in ordinary.values())
    charts = run_charts(long_run(), [])
    assert all("low" not in panel["y"] for name in FIGURES for panel in charts[name].to_json()["panels"])


def test_a_check_has_them_on_its_left_edge_too() -> None:
    predicted = [-2.3, *(-0.8 + 0.01 * number for number in range(9))]
    first = [trial(number, score=value, key=f"{number:016x}") for number, value in enumerate(predicted, 1)]
    after = [trial(100 + each.number, key=each.key, note={"check_of": each.number}) for each in first]
    trained = [replace(each, score=0.5 + 0.01 * place) for place, each in enumerate(after)]
    check = ranking_check({}, [*first, *trained])
    assert check is not None
    chart = check_chart(check, "minus loss")
    (far,) = [series for series in chart.panels[0].series if series.name == "far below"]
    ((across, up),) = far.points
    low = chart.panels[0].x.low
    assert low is not None
    assert -0.9 < low < (across or 0.0) < -0.8
    assert (up, far.trials, chart.panels[0].y.low) == (0.5, [1], None)
    section = check_section(check, check_figure(check, "minus loss")["ranking_check"])
    assert "Drawn in grey on the left edge, predicted far below the others: 1 network." in section
    assert "lower edge" not in section
    with drawing():
        assert scatter_plot(check, "minus loss").axes[0].get_xlim()[0] > -0.9


def test_networks_far_below_stand_under_the_others_in_a_study_of_scores() -> None:
    values = np.array([0.09, *np.linspace(0.8, 0.9, 30)])
    found = Fidelity("t", "c", 31, 31, "all", values, {"s": np.arange(31.0)}, {"s": None}, {"s": {}})
    chart = scores_chart(found)
    assert chart is not None
    (panel,) = chart.panels
    dots = {series.name: series.points for series in panel.series if series.kind == "dots"}
    assert len(dots["networks"]) == 30
    ((_, place),) = dots[FAR_BELOW]
    assert panel.y.low is not None
    assert panel.y.low < place < 0.8
    (axes,) = (each for each in panels(found).axes if each.get_visible())
    drawn = [float(each) for group in axes.collections for _, each in np.asarray(group.get_offsets())]
    assert min(drawn) == place

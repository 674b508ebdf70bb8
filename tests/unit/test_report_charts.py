"""Charts as data: equal to the log, safe inside a page, no number that JSON has not."""

import json
from pathlib import Path

import pytest

from nasbench.core.trial import Trial
from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.chart_element import Plot
from nasbench.report.common.embedded import data_element
from nasbench.report.common.scripts import policy, scripts
from nasbench.report.run.charts import front, run_charts
from nasbench.report.run.trial_data import trial_data
from unit.embedded import embedded
from unit.test_report_html import EVIL, long_run
from unit.toys import trial


def points(chart: Chart, name: str, panel: int = 0) -> dict[int, tuple[float, float]]:
    """Trial -> its point, of the dots of that name."""
    found: dict[int, tuple[float, float]] = {}
    for series in chart.panels[panel].series:
        if series.name == name and series.trials:
            found |= dict(zip(series.trials, series.points, strict=True))
    return found


def test_charts_hold_what_the_log_does() -> None:
    trials = long_run()
    charts = run_charts(trials, [], "accuracy")
    curve = charts["search_curve"]
    shown = points(curve, "chosen") | points(curve, "random")
    assert {number: y for number, (_, y) in shown.items()} == {
        each.number: each.score for each in trials if each.scored and "retrain_of" not in each.note
    }
    assert list(points(curve, "failed")) == [5]
    (best,) = [series for series in curve.panels[0].series if series.name == "best so far"]
    assert best.points[-1][1] == max(each.score or 0 for each in trials[:50])
    costs = points(charts["score_against_cost"], "chosen by the search", panel=1)
    assert costs[30] == (trials[29].metrics["macs"], trials[29].score)
    assert [panel.y.label for panel in charts["controller"].panels] == ["entropy (nats)", "loss", "baseline (score)"]
    assert charts["ranking"].panels[0].series[0].trials == [30, 31, 32, 33]
    assert front(trials, ()) is None


@pytest.mark.parametrize("text", [EVIL, "<!--<script>", "]]>", "\u2028", "\u202e", "a\x1b[31m", "</noscript>"])
def test_no_text_of_a_users_ends_the_data_or_becomes_markup(text: str) -> None:
    series = Series(text, "dots", [(1, float("nan")), (float("inf"), 2.0)], "#3f7fc1", labels=[text, text])
    chart = Chart("c", [Panel(Axis(text, low=0), Axis(text), [series], text)])
    page = Plot("<svg></svg>", chart).figure(text)
    data = page[page.index("application/json") : page.index("</script>")]
    assert not set(data) & set("<&\u2028\u202e\x1b")
    (read,) = embedded(page, "chart")
    assert read["panels"][0]["series"][0]["points"] == [[1, None], [None, 2]]
    assert read["panels"][0]["x"]["low"] == 0
    assert page.count("<noscript>") == page.count("</noscript>") == 1


def test_data_that_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        data_element("chart", float("nan"))


def test_a_thousand_trials_take_little_room() -> None:
    from random import Random

    from nasbench.core.arch import sample
    from nasbench.core.registry import spaces
    from nasbench.core.spec import Task

    space = spaces.get("nasnet")()
    trials: list[Trial] = []
    for number in range(1, 101):
        drawn = sample(space.name, space.choices, Random(number))
        trials.append(trial(number, score=number / 1000, architecture=drawn, key=drawn.key, metrics={"macs": number}))
    run = {"plan": {"source": "space:nasnet", "size": vars(space.default_size), "task": vars(Task())}}
    data = trial_data(run, trials)
    assert len(json.dumps(data)) < 100_000, "a tenth of what a page of a thousand may take for them"
    assert all(len(drawn) == 2 for drawn in data["drawn"])
    assert {"sep_3x3", "identity"} <= set(data["families"])
    assert list(data["families"]) == sorted(data["families"]), "the same page from every process"


def test_the_room_for_drawings_goes_to_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    from random import Random

    from nasbench.core.arch import sample
    from nasbench.core.registry import spaces
    from nasbench.core.spec import Task

    monkeypatch.setattr("nasbench.report.run.trial_data.MOST_DRAWN", 300)
    space = spaces.get("nasbench201")()
    drawn = [sample(space.name, space.choices, Random(number)) for number in range(30)]
    trials = [trial(n, score=n / 100, architecture=each, key=each.key) for n, each in enumerate(drawn, 1)]
    run = {"plan": {"source": "space:nasbench201", "size": vars(space.default_size), "task": vars(Task())}}
    told = [bool(each) for each in trial_data(run, trials)["drawn"]]
    assert told[-1]
    assert not told[0]
    assert told == sorted(told)


def test_the_library_is_whole_and_its_licence_is_beside_it() -> None:
    home = Path(__import__("nasbench.report.browser", fromlist=["x"]).__file__).parent
    library, own = scripts(True)
    assert "Chart.js v4" in library
    assert "sourceMappingURL" not in library
    assert "MIT" in (home / "chart.LICENSE.txt").read_text(encoding="utf-8")
    assert not any(each in own for each in ("eval(", "new Function", "http://", "https://")) or "w3.org" in own
    assert policy(True).count("'sha256-") == 2
    assert policy(False).count("'sha256-") == 1
    assert "unsafe-inline" not in policy(True).partition("style-src")[0]

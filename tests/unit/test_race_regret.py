"""The regret of a race, as a line and as data."""

from typing import Any

import numpy as np
import pytest

from nasbench.report.race.charts import race_charts
from nasbench.report.race.plots import figures, stems
from nasbench.report.race.regret import has_regret, mean_regret
from nasbench.report.race.results import Race, Repetition, Step


def race(**changes: Any) -> Race:
    found = {
        "space": "toy",
        "columns": ("val", "test"),
        "axis": "evaluations",
        "budget": 10,
        "budgets": (10,),
        "strategies": ("random", "best"),
        "optimum": {"val": 1.0, "test": 0.9},
        "timed": False,
        "repetitions": (
            Repetition("random", 0, (Step(1, 0.0, (0.5, 0.4)), Step(4, 0.0, (0.6, 0.7))), (10,)),
            Repetition("random", 1, (Step(2, 0.0, (0.5, 0.5)),), (10,)),
            Repetition("best", 0, (Step(1, 0.0, (1.0, 0.9)),), (10,)),
        ),
    }
    return Race(**{**found, **changes})


def test_the_regret_is_what_the_mean_lacks_of_the_best() -> None:
    told = mean_regret(race(), "random", np.array([1, 2, 4, 10]), "evaluations")
    assert np.isnan(told[0])  # one repetition has no result yet
    assert told[1:] == pytest.approx([0.45, 0.3, 0.3])
    assert np.isnan(mean_regret(race(), "best", np.array([1, 10]), "evaluations")).all()  # 0 has no logarithm


def test_the_chart_and_the_picture_have_logarithmic_axes() -> None:
    chart = race_charts(race())["regret"]
    assert all(panel.x.log and panel.y.log for panel in chart.panels)
    assert {series.name for series in chart.panels[0].series} == {"random", "best"}
    assert figures(race())["regret"].count("<svg") == 1


def test_a_table_whose_best_is_not_known_has_no_regret() -> None:
    unknown = race(optimum={})
    assert not has_regret(unknown)
    assert "regret" not in stems(unknown)
    assert "regret" not in race_charts(unknown)

"""A repetition of a race that failed is told in its report; a log of another form is one clear error."""

from typing import Any

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.trial import Trial
from nasbench.report.race.page import render
from nasbench.report.race.results import Race
from unit.toys import trial

RUN: dict[str, Any] = {
    "command": "race",
    "config": {"space": "toy", "seeds": 2},
    "plan": {
        "columns": ["val", "test"],
        "axis": "evaluations",
        "budget": 4,
        "budgets": [2, 4],
        "strategies": ["random"],
        "optimum": None,
        "timed": False,
    },
}
STEPS = [[1, 0.0, [0.5, 0.4]], [3, 0.0, [0.6, 0.7]]]


def repetition(seed: int, steps: Any = STEPS, evaluations: Any = (2, 4)) -> Trial:
    metrics = {"val": 0.6, "test": 0.7, "steps": steps, "evaluations_by_budget": list(evaluations)}
    return trial(seed + 1, metrics=metrics, seed=seed, name="random", architecture=None)


def test_a_failed_repetition_is_told_and_does_not_count() -> None:
    died = trial(2, "failed", None, metrics={}, seed=1, name="random", architecture=None, error="the worker <died>")
    race = Race.of(RUN, [died, repetition(0)])
    assert [each.seed for each in race.repetitions] == [0]
    assert race.failures == ("random seed 1: the worker <died>",)
    assert race.standings(4)[0].columns["test"].mean == 0.7
    page = render(RUN, [race], [{}])
    assert "random seed 1: the worker &lt;died&gt;" in page
    assert "of 2" in page
    assert "Failed repetitions" not in render(RUN, [Race.of(RUN, [repetition(0)])], [{}])


@pytest.mark.parametrize(
    "wrong",
    [
        repetition(0, steps=7),
        repetition(0, steps=[[1, 0.0]]),
        repetition(0, steps=[[1, 0.0, [0.5]]]),
        repetition(0, steps=[["x", 0.0, [0.5, 0.4]]]),
        repetition(0, evaluations=(2,)),
        trial(1, metrics={"val": 0.5}, architecture=None),
    ],
)
def test_a_log_of_another_form_is_refused(wrong: Trial) -> None:
    with pytest.raises(UsageError, match="trial 1 of the log is"):
        Race.of(RUN, [wrong])

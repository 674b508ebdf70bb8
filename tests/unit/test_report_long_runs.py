"""The page of a long run holds what a browser can draw: dots, marks, rows and cards are bounded, and it says so."""

import re
from pathlib import Path

import pytest

from nasbench.core.objectives import parse_objectives
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.report.common import thinned
from nasbench.report.run import chance, charts, dots, front, page, plots, trial_data
from nasbench.report.run.chance import chance_curve
from nasbench.report.run.dots import changes, with_dots
from unit.embedded import embedded
from unit.toys import trial

DOTS, POINTS, ROWS = 40, 30, 20
CHANCE = 62
"""The most points of the curve of chance, which no limit of these makes shorter."""
CONFIG = {"space": "toy", "strategy": "evolution", "objectives": ["val_accuracy", "macs"]}


def scored(number: int) -> Trial:
    """Every third is on the front, a fourth is random; the score goes up and down."""
    score = (0.5 + (number * 37 % 100) / 1000 + number / 10_000) * (1.0 if number % 3 == 0 else 0.1)
    macs = int(1e6 * score) if number % 3 == 0 else 10**7
    metrics = {"val_accuracy": score, "params": 1000 + number, "macs": macs}
    note = {"blind": number % 4 == 0, "entropy": 1 / number}
    return trial(number, score=score, key=f"{number:016x}", metrics=metrics, note=note)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dots, "MOST_DOTS", DOTS)
    monkeypatch.setattr(trial_data, "MOST_ROWS", ROWS)
    for module in (charts, dots, front, plots, thinned):
        monkeypatch.setattr(module, "MOST_POINTS", POINTS)
    listed = page.rows_listed
    monkeypatch.setattr(page, "rows_listed", lambda rows, where: listed(rows, where, ROWS))


def written(directory: Path, scored_trials: int, failed: int) -> str:
    store = RunStore.create(directory, {"command": "search", "config": CONFIG})
    for number in range(1, scored_trials + 1):
        store.append(scored(number))
    for number in range(scored_trials + 1, scored_trials + failed + 1):
        store.append(trial(number, "failed", None, metrics={}, error="made up"))
    store.close()
    return page.files(RunStore.read(directory))["report.html"]


@pytest.mark.usefixtures("small_limits")
def test_a_page_of_a_long_run_is_bounded_and_says_so(tmp_path: Path) -> None:
    text = written(tmp_path, 240, 60)
    figures = 4  # the search curve, two panels of cost, the front
    assert DOTS / 2 < len(set(re.findall(r'data-trial="(\d+)"', text))) <= DOTS
    assert text.count("data-trial=") <= figures * DOTS
    assert text.count("<use ") <= figures * (DOTS + 2 * POINTS) + 200, "dots, marks of failed trials, ticks"
    (data,) = embedded(text, "trials")
    assert (len(data["rows"]), data["total"]) == (DOTS + ROWS, 300)
    for chart in embedded(text, "chart"):
        for panel in chart["panels"]:
            assert all(len(series["points"]) <= CHANCE for series in panel["series"])
    assert text.count("Dots are drawn for 40 of the 240 scored trials: the best, those that were a new best") == 4
    assert f"Listed are {ROWS} of 80, evenly spread; best/front.json has all." in text
    assert f"60 of 300 trials failed. Listed are {ROWS} of 60, evenly spread; trials.jsonl has all." in text
    assert text.count("made up") == 2 * ROWS, "in the table and in the cards"


def test_a_page_of_a_short_run_has_everything_and_no_such_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = list[int]()
    for module in (front, page):
        whole = module.pareto_front
        monkeypatch.setattr(module, "pareto_front", lambda *given, whole=whole: calls.append(1) or whole(*given))
    text = written(tmp_path, 24, 3)
    assert len(calls) == 2, "the front is taken once for the figure and once for the table"
    assert len(set(re.findall(r'data-trial="(\d+)"', text))) == 24
    assert "Dots are drawn" not in text
    assert "Listed are" not in text


@pytest.mark.usefixtures("small_limits")
def test_the_best_and_the_new_bests_have_dots() -> None:
    trials = [scored(number) for number in range(1, 300)]
    drawn = with_dots(trials)
    assert len(drawn) == DOTS
    assert {trial.number for trial in sorted(trials, key=lambda trial: -(trial.score or 0.0))[:4]} <= drawn
    assert {1, 299} <= drawn
    assert with_dots(trials[:DOTS]) == {trial.number for trial in trials[:DOTS]}


def test_a_staircase_keeps_its_steps_and_its_end() -> None:
    assert changes([]) == []
    assert changes([(1, 0.5)]) == [(1, 0.5)]
    assert changes([(1, 0.5), (2, 0.5), (3, 0.7), (4, 0.7)]) == [(1, 0.5), (3, 0.7), (4, 0.7)]


def test_the_band_of_chance_is_drawn_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same draws, whatever is in memory at once."""
    trials = [scored(number) for number in range(4, 200, 4)]
    whole = chance_curve(trials)
    monkeypatch.setattr(chance, "DRAWN_AT_ONCE", 500)
    parts = chance_curve(trials)
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, abs=1e-12)


def test_a_front_with_a_metric_that_is_null_leaves_the_trial_out() -> None:
    trials = [scored(3), trial(4, score=0.9, key="4", metrics={"val_accuracy": 0.9, "macs": None})]
    assert front.front_figure(trials, parse_objectives(["val_accuracy", "macs"])) is not None

"""What follows a search by a cheap score: front-runners and a check, trained by themselves, and the best of these."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import nasbench
from nasbench.core.curves import is_retraining
from nasbench.core.errors import RunFailed
from nasbench.core.retraining import checks, quantiles, retrainings
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import FidelityConfig
from nasbench.engine.fidelity.truth import read_truth
from nasbench.engine.run.numbers import numbers_of
from nasbench.report.common.ranking_check import ranking_check
from nasbench.report.common.ranking_section import check_figure, check_section
from nasbench.report.run.page import render
from unit.supernet_runs import RECIPE, TINY, make_run
from unit.toys import plan, trial

SMALL: dict[str, Any] = {"space": "nasbench201", "dataset": "digits", "device": "cpu", "cells": 1, "filters": 4}
PARAMS = {**SMALL, "evaluator": "proxy:params", "strategy": "random"}
HOPELESS = replace(TINY, name="hopeless", lr_peak=1e38)


@pytest.fixture(autouse=True)
def only_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests read the log: they skip the second that drawing a report takes."""
    monkeypatch.setattr("nasbench.engine.search.command.write_report", lambda store: [])


def search(run: Path, **options: Any) -> Any:
    return nasbench.search(**options, run=str(run), trackers=())


def of(trials: Any, note: str) -> list[Trial]:
    return [trial for trial in trials if note in trial.note]


def test_the_best_is_a_trained_one_and_resumes_and_extends(tmp_path: Path) -> None:
    run = tmp_path / "run"
    after = {"recipe": RECIPE, "retrain_top": 2, "check": 4}
    found = search(run, **PARAMS, **after, trials=8)
    assert [trial.number for trial in found.trials] == list(range(1, 15))
    front, checked = of(found.trials, "retrain_of"), of(found.trials, "check_of")
    cheap = sorted({trial.key: trial.score for trial in found.trials if not is_retraining(trial)}.items(), key=score)
    assert [trial.key for trial in front] == [key for key, _ in cheap[::-1][:2]]
    assert {trial.epochs for trial in front} == {1} != {trial.epochs for trial in found.trials[:8]}
    assert (checked[0].status, checked[0].of, checked[0].key) == ("cached", front[0].number, front[0].key)
    assert checked[-1].key == cheap[0][0]
    assert found.best.score == max(trial.score for trial in (*front, *checked)) == found.best.metrics["val_accuracy"]
    assert (run / "best" / "weights.safetensors").exists()
    assert found.to_json()["check"]["n"] == 4
    log = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    (run / "trials.jsonl").write_text("".join(log[:11]))
    again = search(run, resume=True)
    assert [told(trial) for trial in again.trials] == [told(trial) for trial in found.trials]
    truth = read_truth(FidelityConfig.of(truth=str(run)))
    assert {each.key: each.value for each in truth.known} == {each.key: each.score for each in (*front, *checked)}
    assert "trained by themselves" in truth.note
    assert len(read_truth(FidelityConfig.of(truth=str(run), truth_column="params")).known) == len(cheap)
    longer = search(run, resume=True, trials=10)
    assert longer.trials[:14] == again.trials
    assert sorted(trial.number for trial in longer.trials) == list(range(1, 23))
    trained = [trial for trial in longer.trials if is_retraining(trial) and trial.status == "ok"]
    assert len({trial.key for trial in trained}) == len(trained), "nothing is trained twice"
    assert json.loads((run / "run.json").read_text())["identity"]["after"]["recipe"]["name"] == "tiny"


def score(item: tuple[str, float | None]) -> float:
    return item[1] or 0.0


def told(trial: Trial) -> tuple[Any, ...]:
    return trial.number, trial.key, trial.status, trial.score, trial.note


def test_a_search_with_inherited_weights_trains_at_the_supernets_size(tmp_path: Path) -> None:
    supernet = make_run(tmp_path / "supernet")
    options = {"space": "nasbench201", "evaluator": f"supernet:{supernet}", "strategy": "evolution", "device": "cpu"}
    options |= {"score_images": 50, "recalibration_images": 32, "score_by": "accuracy", "recipe": RECIPE}
    found = search(tmp_path / "run", **options, trials=4, retrain_top=1, retrain_epochs=2)
    children, (trained,) = found.trials[:4], found.trials[4:]
    assert all(trial.score == trial.metrics["inherited_accuracy"] for trial in children)
    assert (trained.epochs, trained.data) == (2, "digits")
    of_it = next(trial for trial in children if trial.number == trained.note["retrain_of"])
    assert (of_it.metrics["params"], of_it.metrics["macs"]) == (trained.metrics["params"], trained.metrics["macs"])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["config"]["dataset"], record["plan"]["size"]["width"]) == ("digits", 4)
    dry = nasbench.dry_run(**options, trials=4, retrain_top=1)
    assert (dry.cheap_scores, dry.trainings, dry.epochs) == (4, 1, 1)
    assert dry.seconds > 4 * dry.seconds_a_cheap_score > 0


def test_a_front_of_cheap_objectives_is_of_the_scores_that_have_them(tmp_path: Path) -> None:
    options = {**PARAMS, "evaluator": "proxy:synflow", "objectives": ("+log_synflow", "macs"), "recipe": RECIPE}
    found = search(tmp_path / "run", **options, trials=3, retrain_top=1)
    assert is_retraining(found.best)
    assert {entry["number"] for entry in found.front} <= {1, 2, 3}
    assert found.front


def test_nothing_trained_is_said(tmp_path: Path) -> None:
    found = search(tmp_path / "run", **PARAMS, trials=4)
    assert found.best.score == max(trial.score for trial in found.trials)
    store = RunStore.read(tmp_path / "run")
    assert "Nothing was trained: the best is the best by the cheap score alone" in page(store)
    assert found.check is None


def page(store: RunStore) -> str:
    return render(store.directory, store.run, store.trials, {})


def test_where_no_front_runner_can_be_trained_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"none of the 2 architectures .* by itself: .* was never trained"):
        search(tmp_path / "run", **PARAMS, recipe="unit.test_after_cheap_search:HOPELESS", trials=3, retrain_top=2)
    assert len(RunStore.read(tmp_path / "run").trials) == 5


def test_a_table_is_the_truth_and_nothing_is_trained(tmp_path: Path) -> None:
    table = "table:nasbench201-cifar10"
    found = search(tmp_path / "run", **PARAMS, trials=30, check=8, truth=table)
    assert not any(map(is_retraining, found.trials))
    keys = {trial.key for trial in found.trials}
    assert found.check.count == len(keys)
    assert found.check.truth == f"test_accuracy_200 of {table}"
    assert found.check.sentence in page(RunStore.read(tmp_path / "run"))


def test_numbers_of_a_check_come_after_those_of_the_retraining() -> None:
    found = numbers_of([(10, 4), (15, 4)], 2, 3)
    assert list(found.search) == [*range(1, 11), *range(20, 25)]
    assert (list(found.retraining), list(found.check), found.planned) == ([25, 26], [27, 28, 29], 29)


def test_checked_are_evenly_spaced_quantiles_of_the_networks_met() -> None:
    genes = [a + b + c for a in "abc" for b in "abc" for c in "ac"]
    told = [trial(number, score=number / 100, genes=each) for number, each in enumerate(genes, 1)]
    better = trial(90, score=0.9, genes="aab", note={"control": True})
    trials = [*told, better, trial(91, status="failed", score=None), trial(92, score=1.0, note={"check_of": 1})]
    chosen = [job.note["check_of"] for job in checks(trials, plan(), 5, 3, first=100)]
    assert (chosen[0], chosen[-1]) == (len(genes), 1), "the pick of the search, which a control does not replace"
    assert [before - after for before, after in pairwise(chosen)] == [4, 5, 4, 4]
    assert [job.number for job in retrainings(told, plan(), 2, 3, first=100)] == [100, 101]
    assert checks([trials[-2]], plan(), 5, 3, first=1) == []
    assert [len(quantiles(told, count)) for count in (0, 1, 2, 99)] == [0, 1, 2, len(told)]
    assert all(len({each.number for each in quantiles(told, count)}) == count for count in range(len(told) + 1))


def checked(values: list[float | None], predicted: list[float]) -> list[Trial]:
    """Trials of a search with these scores, and a training of each; None is one that failed."""
    genes = [a + b + c for a in "abc" for b in "abc" for c in "abc"]
    first = [trial(number, score=value, genes=genes[number]) for number, value in enumerate(predicted, 1)]
    return first + [
        trial(
            100 + number,
            "failed" if value is None else "ok",
            score=value,
            genes=genes[number],
            note={"check_of": number},
        )
        for number, value in enumerate(values, 1)
    ]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([0.1, 0.2, 0.3, None], "cannot be told: 3 networks compared with trainings of 1 epoch, and at least 5"),
        ([0.1, 0.2, 0.3, 0.4, None, 0.5], "ranks better than random choice: tau 1.00"),
        ([0.6, 0.5, 0.4, 0.3, 0.2, 0.1], "ranks worse than random choice: tau -1.00"),
        ([0.2, 0.6, 0.1, 0.5, 0.3, 0.4], "It cannot be told whether the cheap score ranks better"),
    ],
)
def test_the_verdict_says_what_can_be_told(values: list[float | None], sentence: str) -> None:
    found = ranking_check({}, checked(values, [float(number) for number in range(len(values))]))
    assert found is not None
    assert sentence in found.sentence
    assert ("1 more could not be compared" in found.sentence) == (None in values)
    record = json.loads(json.dumps(found.to_json()))
    assert record["p_at_top5"] is None
    assert record["n"] == len([value for value in values if value is not None])


def test_the_section_shows_the_pick_beside_random_choice() -> None:
    found = ranking_check({"plan": {"after": {}}}, checked([0.1, 0.2, 0.3, 0.4, 0.6, 0.5], [1.0, 2, 3, 4, 5, 6]))
    plots = check_figure(found, "minus inherited_loss")
    ElementTree.fromstring(plots["ranking_check"].svg)
    section = check_section(found, plots["ranking_check"])
    assert "random choice" in section
    assert re.search(r"<td[^>]*>6</td>\s*<td[^>]*>106</td>", section), "the best predicted is listed first"
    assert check_section(None, None) == "" == check_section(ranking_check({}, []), None)
    assert check_figure(ranking_check({}, checked([0.1], [1.0])), "x") == {}


def test_ranks_of_a_check() -> None:
    found = ranking_check({}, checked([0.3, 0.1, 0.2, 0.5, 0.4], [1.0, 2.0, 3.0, 5.0, 5.0]))
    assert found is not None
    assert found.to_json()["pick_rank"] == 1.5
    assert "Its 2 equal picks are on average number 1.5 of 5" in found.sentence
    same = ranking_check({}, checked([0.3, 0.1, 0.2, 0.5, 0.4], [1.0] * 5))
    assert same is not None
    assert "gives all 5 networks compared one score" in same.sentence
    assert ranking_check({}, [trial()]) is None

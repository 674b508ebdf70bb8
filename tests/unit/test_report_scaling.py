"""The report on scaling coefficients: what the log says, the fitted surface and its uncertainty, plots and sections;
the target's line.
"""

from random import Random
from typing import Any

import numpy as np
import pytest

from nasbench.core.arch import Architecture
from nasbench.core.compound import PUBLISHED, Coefficients, Multipliers, on_surface
from nasbench.core.curves import is_random, searched
from nasbench.core.objectives import Objective
from nasbench.core.reward import Target
from nasbench.core.store import RunStore, best_trial
from nasbench.core.trial import Trial
from nasbench.engine.opened.report import write_report
from nasbench.report.run.front import front_plots
from nasbench.report.scaling.fit import FEWEST, coefficients_at, fit
from nasbench.report.scaling.results import chosen, comparison, front_runners, is_coefficient_search, points, shares_of

BEST = (0.3, 0.25)
"""Shares of depth and width at which the made-up scores are highest."""
RUN: dict[str, Any] = {
    "command": "scale",
    "config": {"search": True, "base": "efficientnet_b0", "strategy": "tpe", "dataset": "digits", "trials": 20},
    "seed": 0,
    "plan": {"epochs": 2, "recipe": {"name": "quick", "version": 2}},
}


def true_score(multipliers: Multipliers) -> float:
    depth, width, _ = shares_of(multipliers)
    return 0.9 - 0.2 * ((depth - BEST[0]) ** 2 + (width - BEST[1]) ** 2)


def trial(number: int, multipliers: Multipliers, score: float, **changes: Any) -> Trial:
    ratio = multipliers.product
    metrics = {
        "val_accuracy": score,
        "params": round(1e6 * multipliers.depth * multipliers.width**2),
        "macs": round(1e8 * ratio),
        "macs_ratio": ratio,
        "depth": multipliers.depth,
        "width": multipliers.width,
        "resolution_multiplier": multipliers.resolution,
        "resolution": round(100 * multipliers.resolution),
    }
    note = changes.pop("note", {})
    architecture, key = None, str(multipliers)
    if "compared_as" in note:
        changes["name"] = note["compared_as"]
    else:
        metrics |= dict(zip(("alpha", "beta", "gamma"), vars(multipliers).values(), strict=True))
        architecture = Architecture.of(
            "compound", {"depth_quantile": multipliers.depth - 1, "width_share": multipliers.width - 1}
        )
        key = architecture.key
    known = {
        "status": "ok",
        "epochs": 2,
        "seconds": 1.0,
        "seed": 0,
        "worker": "made-up",
        "started": "2026-01-01T00:00:00+00:00",
    }
    return Trial(number, architecture, key, score=score, metrics=metrics, note=note, **{**known, **changes})  # type: ignore[arg-type]


def log(count: int = 20, noise: float = 0.002) -> list[Trial]:
    """A search, then two front-runners and two rivals under seeds 0 to 2."""
    rng = Random(0)
    trials = []
    for number in range(1, count + 1):
        multipliers = on_surface(rng.random(), rng.random()).at(1.0)
        trials.append(
            trial(number, multipliers, true_score(multipliers) + rng.gauss(0, noise), note={"blind": number < 5})
        )
    best = front_runners(trials, 2)
    for seed in range(3):
        for place, first in enumerate(best if seed else [], start=1):
            multipliers = Coefficients(*(first.metrics[name] for name in ("alpha", "beta", "gamma"))).at(1.0)
            note = {"control": True, "compared_as": f"front-runner {place}", "of": first.number}
            score = 0.95 if place == 2 else 0.8  # the second one is the better one after all
            trials.append(trial(len(trials) + 1, multipliers, score, note=note, seed=seed))
        for name, multipliers in (("published coefficients", PUBLISHED.at(1.05)), ("depth alone", Multipliers(2.1))):
            note = {"control": True, "compared_as": name}
            score = true_score(multipliers) + rng.gauss(0, noise)
            trials.append(trial(len(trials) + 1, multipliers, score, note=note, seed=seed))
    return trials


def test_what_comes_after_the_search_is_no_part_of_it():
    trials = log()
    assert len(searched(trials)) == len(points(trials)) == 20
    assert not any(is_random(each) for each in trials if "compared_as" in each.note)
    assert best_trial(trials) == front_runners(trials, 1)[0]


def test_the_comparison_holds_every_seed_the_searchs_own_too():
    rows = comparison(log(), epochs=2)
    assert [row.name for row in rows] == ["front-runner 1", "front-runner 2", "published coefficients", "depth alone"]
    assert [sorted(row.trials) for row in rows] == [[0, 1, 2]] * 4
    assert rows[3].multipliers == Multipliers(2.1)
    assert rows[0].to_json()["alpha"] == rows[0].multipliers.depth


def test_a_front_runner_that_was_stopped_early_has_no_first_seed():
    trials = [
        each if "compared_as" in each.note else trial(each.number, on_surface(0.3, 0.3).at(1), 0.5, epochs=1)
        for each in log()
    ]
    assert [sorted(row.trials) for row in comparison(trials, epochs=2)][:2] == [[1, 2]] * 2


def test_chosen_is_the_front_runner_with_the_best_mean():
    trials = log()
    row = chosen(trials, 2)
    assert row is not None
    assert row.name == "front-runner 2"
    alone = chosen(trials[:20], 2)
    assert alone is not None
    assert alone.trials[0] == front_runners(trials, 1)[0]
    assert chosen([], 2) is None


def test_coefficients_that_rounding_makes_one_network_are_one_front_runner():
    same = on_surface(0.3, 0.3).at(1.0)
    nearly = Multipliers(same.depth, same.width, same.resolution * 1.0001)
    trials = [trial(1, same, 0.9), trial(2, nearly, 0.9), trial(3, on_surface(0.9, 0.3).at(1.0), 0.5)]
    trials[1].metrics["macs"] = trials[0].metrics["macs"]  # type: ignore[index]
    assert [each.number for each in front_runners(trials, 3)] == [1, 3]


def test_the_fit_finds_the_best_of_a_quadratic_and_says_how_surely():
    sure, unsure = (fit(points(log(40, noise)), seed=1) for noise in (1e-4, 0.02))
    assert sure is not None
    assert unsure is not None
    expected = coefficients_at(*BEST)
    for name in ("alpha", "beta", "gamma"):
        assert getattr(sure.best, name) == pytest.approx(getattr(expected, name), abs=0.03)
        assert sure.interval is not None
        assert unsure.interval is not None
        widths = [each.interval[name][1] - each.interval[name][0] for each in (sure, unsure)]
        assert widths[0] < 0.04 < widths[1]
        assert sure.interval[name][0] - 0.02 <= getattr(expected, name) <= sure.interval[name][1] + 0.02
    assert sure.best.product == pytest.approx(2, abs=1e-9)
    assert sure.near_best(0.0) < sure.near_best(0.01) < sure.near_best(1.0) == 1.0
    assert fit(points(log(40, 0.02)), seed=1) == unsure, "the same log, the same interval"


def test_too_few_candidates_have_no_interval():
    few = fit(points(log(FEWEST - 1)))
    assert few is not None
    assert few.interval is None
    assert fit(points(log(2))) is None


def test_equal_scores_are_fitted_by_a_plane():
    flat = [trial(number, on_surface(number / 10, 0.5).at(1.0), 0.5) for number in range(1, 9)]
    found = fit(points(flat))
    assert found is not None
    assert np.allclose(found.at(np.array([0.1, 0.5]), np.array([0.2, 0.3])), 0.5, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_the_report_of_any_log(count, tmp_path):
    trials = log(count) if count > 2 else log(3)[:count]
    store = RunStore.create(tmp_path, RUN)
    for each in trials:
        store.append(each)
    written = {path.name for path in write_report(store)}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Coefficients</h2>" in text
    assert ("surface.svg" in written) is (count > 0)
    assert ("comparison.svg" in written) is (count > 2)
    if count == 20:
        for wanted in (
            "At equal multiply-adds",
            "published coefficients",
            "90% interval",
            "standard error",
            "Best candidates",
            "of the surface",
        ):
            assert wanted in text, wanted
        assert "nasbench scale --coefficients" in text
    store.close()


def test_only_a_search_for_coefficients_has_these_sections():
    assert is_coefficient_search(RUN)
    assert not is_coefficient_search({"command": "scale", "config": {"train": True}})
    assert not is_coefficient_search({"command": "search", "config": {"search": True}})


def test_the_front_shows_the_target_and_equal_scores():
    trials, objectives = log(6)[:6], (Objective("val_accuracy", True), Objective("macs", False))
    for number, each in enumerate(trials):
        each.metrics["macs"] = 10_000_000 * (number + 1)  # type: ignore[index]
    with_target = front_plots(trials, objectives, [Target("macs", 30_000_000)])["front"]
    assert ">target 30M<" in with_target
    assert "#c54b57" in with_target
    assert "#c54b57" not in front_plots(trials, objectives)["front"]

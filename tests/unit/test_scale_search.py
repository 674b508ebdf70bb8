"""The search for alpha, beta and gamma: the surface, what is trained on it, what is compared with it, and what it comes
to.
"""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.core.arch import Architecture, Range, sample
from nasbench.core.compound import Coefficients, Multipliers, on_surface, shares
from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Proposal, Trial
from nasbench.engine.config import Form, ScaleConfig
from nasbench.engine.parts.lookup import build_strategy
from nasbench.engine.parts.models import build, resolve
from nasbench.engine.parts.scaled import compound_scale, counted
from nasbench.engine.scaling.command import run_scale
from nasbench.engine.scaling.comparison import OTHERS, at_macs, entries
from nasbench.engine.scaling.entry import scale
from nasbench.engine.scaling.search import ScaleSearchResult, run_scale_search, stored_config
from nasbench.evaluators.scaling import ScaledBase, ScalingEvaluator
from nasbench.strategies.grid import Grid
from nasbench.strategies.optuna_sampler import OptunaStrategy
from nasbench.testing import TOY_SPACE, check_evaluator, check_space, check_strategy
from search_spaces.compound.space import CompoundGrid, CompoundSpace, coefficients_of, grid, multipliers_of, outright

TASK = Task(num_classes=10, image_size=16, channels=1)
BASE = ModelSpec("zoo", Size(depth=0.33, width=0.25, resolution=16), TASK, name="mobilenet_v1")
BUILDER = ScaledBase(BASE, compound_scale)
TINY = recipes.register("tiny_for_scaling")(
    Recipe(
        "tiny_for_scaling",
        version=1,
        epochs=1,
        batch_size=32,
        lr_peak=0.1,
        bn_momentum=0.1,
        train_images=64,
        val_images=50,
        base_depth=0.33,
        base_width=0.25,
        source="made up for these tests",
    )
)


def config(tmp_path: Path, **options: Any) -> ScaleConfig:
    plain = {
        "dataset": "digits",
        "image_size": 12,
        "base": "mobilenet_v1",
        "recipe": TINY.name,
        "wandb": "off",
        "device": "cpu",
    }
    return ScaleConfig(
        **{"search": True, "seeds": 2, "front_runners": 1, "run": str(tmp_path / "run"), **plain, **options}
    )


@pytest.mark.parametrize(
    "space",
    [CompoundGrid(BUILDER, 0.1), pytest.param(CompoundSpace(BUILDER), marks=pytest.mark.slow)],
    ids=["grid", "surface"],
)
def test_the_spaces_keep_the_contract(space):
    check_space(space, Size(), TASK, num_samples=1)


def test_every_sample_of_the_surface_has_a_product_of_two():
    space, rng = CompoundSpace(BUILDER), Random(0)
    assert all(isinstance(decision, Range) for decision in space.choices)
    for _ in range(500):
        assert coefficients_of(sample(space.name, space.choices, rng)).product == pytest.approx(2, abs=1e-6)


def test_the_corners_of_the_surface_are_single_dimensions():
    assert on_surface(1, 0.3) == Coefficients(2, 1, 1)
    assert on_surface(0, 1) == Coefficients(1, 2**0.5, 1)
    assert on_surface(0, 0) == Coefficients(1, 1, 2**0.5)


def test_random_points_treat_the_three_dimensions_alike():
    space, rng = CompoundSpace(BUILDER), Random(0)
    found = [shares(coefficients_of(sample(space.name, space.choices, rng))) for _ in range(4000)]
    for dimension in zip(*found, strict=True):
        assert sum(dimension) / 4000 == pytest.approx(1 / 3, abs=0.015)  # deviation of a mean: 0.004
        assert sum(share > 0.5 for share in dimension) / 4000 == pytest.approx(
            1 / 4, abs=0.03
        )  # a corner triangle of half the side


def test_with_all_growth_in_depth_the_other_share_says_nothing():
    space = CompoundSpace(BUILDER)
    keys = {
        space.canonical(Architecture.of("compound", {"depth_quantile": 1.0, "width_share": share})).key
        for share in (0.0, 0.4)
    }
    assert len(keys) == 1


def test_the_grid_is_the_papers():
    points = grid(0.1)
    assert Coefficients(1.2, 1.1, 1.15) in points
    assert all(abs(point.product - 2) <= 0.1 for point in points)
    assert all(
        value == round(value, 2) and round(value * 100) % 5 == 0 for point in points for value in vars(point).values()
    )
    by_hand = [
        (a, b, c)
        for a in range(20, 61)
        for b in range(20, 61)
        for c in range(20, 61)
        if abs(a * b * b * c * c / 20**5 - 2) <= 0.1
    ]
    assert len(points) == len(by_hand)


@pytest.mark.parametrize(("tolerance", "message"), [(-0.1, "takes a number in"), (1.5, "takes a number in")])
def test_a_tolerance_out_of_range_is_refused(tolerance, message):
    with pytest.raises(UsageError, match=message):
        grid(tolerance)


def test_grid_search_goes_through_every_point_once():
    space = CompoundGrid(BUILDER, 0.02)
    (choice,) = space.choices
    strategy, seen = Grid(space, seed=1), []
    for number in range(1, len(choice.options) + 1):  # type: ignore[union-attr]
        proposal = strategy.ask(number, Random(number), ())
        seen.append(proposal.architecture.key)
        strategy.tell(_trial(proposal))
    assert len(set(seen)) == len(choice.options)  # type: ignore[union-attr]
    assert Grid(space, seed=2).ask(1, Random(1), ()) != Grid(space, seed=1).ask(1, Random(1), ())


def test_grid_search_keeps_the_contract():
    check_strategy(Grid, TOY_SPACE)


def test_a_continuous_space_has_no_grid():
    with pytest.raises(UsageError, match="no grid"):
        Grid(CompoundSpace(BUILDER))


def test_the_evaluator_trains_the_base_at_the_resolution_asked_for():
    from nasbench.evaluators.training import TrainingEvaluator

    training = TrainingEvaluator("digits", TINY, image_size=16, device="cpu")
    evaluator = ScalingEvaluator(training, BASE, counted(BASE).macs, compound_scale)
    architecture = outright(Multipliers(1.0, 1.0, 1.5), seed=3)
    spec = ModelSpec("space:scaled", Size(), TASK, architecture=architecture)
    metrics = evaluator(Proposal(1, architecture), spec, 0, lambda _epoch, _metrics: None)
    assert (metrics["resolution"], metrics["depth"], metrics["width"]) == (24, 1.0, 1.0)
    assert metrics["macs"] == counted(compound_scale(BASE, Multipliers(1.0, 1.0, 1.5))).macs
    assert "alpha" not in metrics
    other = evaluator(Proposal(1, architecture), spec, 7, lambda _epoch, _metrics: None)
    assert other == metrics, "the seed is the one that the proposal names"
    check_evaluator(evaluator, CompoundSpace(BUILDER), Size(), TASK)
    pickle.dumps(evaluator)


def test_rivals_have_multiply_adds_as_near_as_can_be():
    target = counted(compound_scale(BASE, Coefficients(1.2, 1.1, 1.2).at(1.0))).macs
    for name in ("published coefficients", "width alone"):
        at = OTHERS[name]
        found = at_macs(BASE, at, target)
        assert found is not None
        off = abs(counted(compound_scale(BASE, found)).macs - target)
        for growth in (0.6, 1.0, 1.4):
            assert off <= abs(counted(compound_scale(BASE, at(growth))).macs - target), (name, growth)


def test_front_runners_are_not_trained_twice_under_the_searchs_seed():
    coefficients = Coefficients(1.2, 1.1, 1.2)
    metrics = dict(zip(("alpha", "beta", "gamma"), vars(coefficients).values(), strict=True))
    macs = counted(compound_scale(BASE, coefficients.at(1.0))).macs
    trial = replace(_trial(Proposal(4, Architecture.of("compound", {}))), metrics={**metrics, "macs": macs})
    listed = entries(BASE, [trial], seeds=range(3), epochs=1)
    assert [entry.seed for entry in listed if entry.name == "front-runner 1"] == [1, 2]
    assert {entry.name for entry in listed} == {"front-runner 1", *OTHERS}
    assert len({(entry.name, entry.seed) for entry in listed}) == len(listed) == 2 + 3 * len(OTHERS)
    assert [entry.seed for entry in entries(BASE, [trial], range(2), epochs=5) if entry.of == 4] == [0, 1], (
        "the search stopped it early"
    )


@pytest.mark.parametrize("strategy", ["tpe", "grid", pytest.param("random", marks=pytest.mark.slow)])
def test_every_candidate_that_is_trained_lies_on_the_surface(strategy, tmp_path, monkeypatch):
    drawn = spied(monkeypatch)
    count = 6 if strategy == "tpe" else 4  # of which TPE proposes two, after four at random
    result = run_scale_search(
        config(tmp_path, strategy=strategy, trials=count, front_runners=0), ("test",), trackers=()
    )
    assert len(result.trials) == count
    for trial in result.trials:
        product = trial.metrics["alpha"] * trial.metrics["beta"] ** 2 * trial.metrics["gamma"] ** 2
        assert abs(product - 2) <= (0.1 if strategy == "grid" else 1e-6)
        assert trial.status == "ok"
    assert sum(not trial.note["blind"] for trial in result.trials) == (2 if strategy == "tpe" else 0)
    if strategy != "grid":
        assert drawn == [trial.architecture for trial in result.trials], "what was drawn was trained, all of it"


@pytest.mark.parametrize("strategy", ["tpe", "random"])
def test_no_draw_of_a_long_search_is_thrown_away(strategy, monkeypatch):
    drawn = spied(monkeypatch)
    space = CompoundSpace(BUILDER)
    asked = build_strategy(strategy, {}, space, seed=0)
    proposed = []
    for number in range(1, 41):
        proposal = asked.ask(number, Random(number), ())
        proposed.append(proposal.architecture)
        found = coefficients_of(proposal.architecture)
        asked.tell(replace(_trial(proposal), score=1 - (found.alpha - 1.3) ** 2))
        assert abs(found.alpha * found.beta**2 * found.gamma**2 - 2) <= 1e-6
    assert drawn == proposed


def spied(monkeypatch: pytest.MonkeyPatch) -> list[Architecture]:
    """What the samplers draw from now on, whatever becomes of it."""
    drawn: list[Architecture] = []

    def draw(self, branch, seed):
        architecture, attributes = plain(self, branch, seed)
        drawn.append(architecture)
        return architecture, attributes

    def at_random(*args):
        drawn.append(sample(*args))
        return drawn[-1]

    plain = OptunaStrategy._draw
    monkeypatch.setattr(OptunaStrategy, "_draw", draw)
    monkeypatch.setattr("nasbench.strategies.random.sample", at_random)
    return drawn


def test_a_search_ends_with_coefficients_that_scale_takes(tmp_path):
    result = run_scale_search(config(tmp_path, trials=8), ("test",), trackers=())
    run = tmp_path / "run"
    record = result.to_json()
    assert record["trials"] == len(result.trials) == 8 + 2 * 5 - 1
    assert record["base"] == "mobilenet_v1"
    assert record["phi"] == 1.0
    assert record["product"] == pytest.approx(2, abs=1e-6)
    stored = json.loads((run / "best" / "coefficients.json").read_text())
    assert {name: stored[name] for name in ("alpha", "beta", "gamma")} == {
        name: record[name] for name in ("alpha", "beta", "gamma")
    }
    assert stored["score"]["seeds"] == 2
    low, high = stored["interval"]["alpha"]
    assert 1 <= low <= high <= 2
    assert {row["name"] for row in stored["comparison"]} == {"front-runner 1", *OTHERS}
    assert all(row["seeds"] == 2 for row in stored["comparison"])
    scaled = run_scale(ScaleConfig(coefficients=str(run), phi=2), ())
    assert scaled.coefficients == Coefficients(record["alpha"], record["beta"], record["gamma"])
    assert scaled.to_json()["found_for"] == {
        "run": str(run),
        "base": "mobilenet_v1",
        "dataset": "digits",
        "recipe": TINY.name,
    }
    assert "class StageNet" in (run / "best" / "model.py").read_text()
    found = resolve(str(run), Form())
    assert sum(p.numel() for p in build(found).parameters()) == record["params"]

    text = (run / "report.html").read_text()
    for wanted in (
        "Coefficients",
        "At equal multiply-adds",
        "Best candidates",
        "front-runner 1",
        "published coefficients",
    ):
        assert wanted in text, wanted
    assert (run / "surface.svg").exists()
    assert (run / "comparison.svg").exists()
    assert not list((run / "checkpoints").iterdir())
    assert json.loads((run / "run.json").read_text())["ended"]


@pytest.mark.slow
def test_early_stopping_trains_few_candidates_to_the_end(tmp_path):
    chosen = config(tmp_path, trials=8, epochs=3, front_runners=1, seeds=1)
    result = run_scale_search(chosen, ("test",), trackers=())
    epochs = [trial.epochs for trial in sorted(result.trials, key=lambda trial: trial.number)]
    assert set(epochs[:8]) == {1, 3}
    assert epochs[:8].count(3) < 4
    assert set(epochs[8:]) == {3}


class Stop:
    """A tracker that interrupts after so many trials."""

    def __init__(self, after: int) -> None:
        self._left = after

    def start(self, run: Any) -> None: ...

    def trial(self, trial: Trial) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt

    def finish(self, summary: Any, run_dir: Path) -> None: ...


@pytest.mark.slow
def test_an_interrupted_search_goes_on_as_if_nothing_had_been(tmp_path):
    whole = run_scale_search(config(tmp_path / "whole", trials=5), ("test",), trackers=())
    for after in (2, 2, 4):  # in the search twice, in the comparison once
        options = config(tmp_path / "parts", trials=5)
        options = stored_config(options.run) if (tmp_path / "parts" / "run" / "run.json").exists() else options
        with pytest.raises(Interrupted, match="nasbench scale --run"):
            run_scale_search(options, ("test",), trackers=(Stop(after),))
    result = run_scale_search(stored_config(str(tmp_path / "parts" / "run")), ("test",), trackers=())
    assert [_told(trial) for trial in result.trials] == [_told(trial) for trial in whole.trials]
    assert result.found == whole.found
    assert len(RunStore.read(tmp_path / "parts" / "run").run["sittings"]) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phi": 2.0}, "--phi cannot go with it"),
        ({"alpha": 1.2, "target_macs": "1G"}, "--alpha and --target-macs cannot"),
        ({"dims": "depth"}, "--dims cannot"),
        ({"train": True}, "--train cannot"),
        ({"published": "b3"}, "--published cannot"),
        ({"classes": 5}, "the data set's own"),
        ({"trials": 0}, "--trials takes a whole number from 1"),
        ({"seeds": 0}, "--seeds takes a whole number from 1"),
        ({"front_runners": -1}, "--front-runners takes a whole number from 0"),
        ({"tolerance": 3.0}, "--tolerance takes a number"),
        ({"tolerance": 0.2}, "--tolerance is for the grid: by --strategy tpe"),
        ({"base": "lenet5"}, "cannot be scaled"),
        ({"base": "mobilenet_v9"}, "Did you mean"),
        ({"gpus_per_worker": 1.0}, "--workers K"),
        ({"trial_timeout": 0.0}, "--trial-timeout takes seconds"),
        ({"image_size": 2}, "too small"),
        ({"recipe": "quik"}, "Did you mean 'quick'"),
    ],
)
def test_bad_input_is_answered_before_any_work(options, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        run_scale_search(config(tmp_path, **options), ("test",), trackers=())
    assert not (tmp_path / "run").exists()


def test_going_on_with_another_configuration_is_refused(tmp_path):
    run_scale_search(config(tmp_path, trials=1, front_runners=0), ("test",), trackers=())
    stored = stored_config(str(tmp_path / "run"))
    with pytest.raises(UsageError, match="--strategy random contradicts the run"):
        run_scale_search(replace(stored, strategy="random"), ("test",), trackers=())
    with pytest.raises(UsageError, match="already holds a run"):
        run_scale_search(config(tmp_path, trials=1), ("test",), trackers=())


def test_a_search_in_which_nothing_succeeds_says_why(tmp_path):
    with pytest.raises(RunFailed, match="none of the 2 trials succeeded"):
        run_scale_search(config(tmp_path, trials=2, trial_timeout=1e-4), ("test",), trackers=())
    assert "No candidate has a score yet" in (tmp_path / "run" / "report.html").read_text()


def test_multipliers_of_all_three_spaces():
    assert multipliers_of(outright(Multipliers(1.5, 1.0, 2.0), 3)) == Multipliers(1.5, 1.0, 2.0)
    assert multipliers_of(Architecture.of("compound-grid", {"coefficients": "1.20 1.10 1.15"})) == Multipliers(
        1.2, 1.1, 1.15
    )
    assert multipliers_of(Architecture.of("compound", {"depth_quantile": 1.0, "width_share": 0.0})) == Multipliers(
        2.0, 1.0, 1.0
    )


def _trial(proposal: Proposal) -> Trial:
    key = proposal.architecture.key
    return Trial(
        proposal.number,
        proposal.architecture,
        key,
        "ok",
        0.5,
        {"val_accuracy": 0.5},
        1,
        1.0,
        0,
        "here",
        "2020-01-01T00:00:00+00:00",
    )


def _told(trial: Trial) -> dict[str, Any]:
    return {name: value for name, value in trial.to_json().items() if name not in ("seconds", "started", "worker")}


@pytest.mark.slow
def test_the_command_line(tmp_path, capsys):
    run = str(tmp_path / "run")
    flags = [
        "--base",
        "mobilenet_v1",
        "--dataset",
        "digits",
        "--image-size",
        "12",
        "--recipe",
        f"{__name__}:TINY",
        "--device",
        "cpu",
    ]
    search = [
        "scale",
        "--search",
        *flags,
        "--trials",
        "3",
        "--seeds",
        "2",
        "--front-runners",
        "1",
        "--wandb",
        "off",
        "--run",
        run,
    ]
    assert main([*search, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["run"], record["trials"], record["phi"]) == (run, 3 + 2 * 5 - 1, 1.0)
    assert record["stages"]
    assert main(["scale", "--coefficients", run, "--phi", "2", "--json"]) == 0
    scaled = json.loads(capsys.readouterr().out)
    assert [scaled[name] for name in ("alpha", "beta", "gamma")] == [
        record[name] for name in ("alpha", "beta", "gamma")
    ]
    assert main(["scale", "--run", run, "--resume"]) == 0
    assert f"use them:     nasbench scale --coefficients {run} --base mobilenet_v1 --phi 3" in capsys.readouterr().out
    assert main(["scale", "--coefficients", run, "--phi", "2"]) == 0
    assert f"found for mobilenet_v1 on digits under {__name__}:TINY ({run})" in capsys.readouterr().out
    assert main(search) == 2
    assert "already holds a run" in capsys.readouterr().err
    assert main(["scale", "--run", run, "--resume", "--trials", "5"]) == 2
    assert "--trials 5 contradicts the run" in capsys.readouterr().err
    assert main(["report", run]) == 0
    assert isinstance(scale(search=True, run=run, resume=True), ScaleSearchResult)

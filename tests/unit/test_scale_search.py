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

from nasbench.core.arch import Architecture, sample
from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes, strategies
from nasbench.core.source import JobList, Plan
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Proposal, Trial
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.parts.models import build, resolve
from nasbench.engine.parts.scaled import compound_scale, counted
from nasbench.engine.run.resume import stored_config
from nasbench.engine.scaling.command import run_scale
from nasbench.engine.scaling.comparison import OTHERS, at_macs, comparison_jobs
from nasbench.engine.scaling.search import run_scale_search
from nasbench.engine.scaling.source import ScaledBase, SurfaceSource
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.strategies.libraries.optuna_sampler import OptunaStrategy
from nasbench.train.source import DataSource
from search_spaces.compound.space import CompoundGrid, CompoundSpace, coefficients_of
from unit.toys import trial

TASK = Task(num_classes=10, image_size=16, channels=1)
BASE = ModelSpec("zoo", Size(depth=0.33, width=0.25, resolution=16), TASK, name="mobilenet_v1")
BUILDER = ScaledBase(BASE)
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
    return ScaleConfig.of(
        **{"search": True, "seeds": 2, "front_runners": 1, "run": str(tmp_path / "run"), **plain, **options}
    )


def test_candidates_become_jobs_whose_model_is_the_base_scaled():
    plan = Plan(range(1, 4), 7, 2, "space:compound", BASE.size, BASE.task, "digits")
    space = CompoundSpace(BUILDER)
    source = SurfaceSource(space, strategies.make("random", space, options={}, offered={}, seed=7), plan, BASE)
    job = source.ask(1, ())
    assert job.architecture is not None
    found = coefficients_of(job.architecture)
    assert job.model == compound_scale(BASE, found.at(1.0))
    assert (job.seed, job.epochs, job.data) == (7, 2, "digits")
    assert (job.facts["alpha"], job.facts["beta"], job.facts["gamma"]) == tuple(vars(found).values())
    assert job.facts["resolution"] == job.spec.pixels
    assert job.facts["macs_ratio"] == counted(job.spec).macs / counted(BASE).macs


def test_a_candidate_that_cannot_be_built_is_a_failed_trial():
    space = CompoundGrid(BUILDER, 0.1)
    plan = Plan(range(1, 2), 0, 1, "space:compound-grid", BASE.size, BASE.task)
    source = SurfaceSource(space, strategies.make("random", space, options={}, offered={}, seed=0), plan, BASE)
    faulty = replace(source.ask(1, ()), fault="the depth would grow 40 times")
    trials: list[Trial] = []
    loop = JobLoop(JobList([faulty]), trials.append, lambda metrics: metrics["val_accuracy"])
    assert loop.next() is None
    assert loop.finished
    assert (trials[0].status, trials[0].error) == ("failed", "the depth would grow 40 times")


def test_the_evaluator_trains_a_scaled_base_at_its_own_resolution():
    evaluator = TrainingEvaluator(DataSource("digits", image_size=16), TINY, device="cpu")
    model = compound_scale(BASE, Multipliers(1.0, 1.0, 1.5))
    assert model.pixels == 24
    job = Job(1, seed=3, epochs=1, key=model.key, model=model)
    metrics = evaluator(job, lambda _epoch, _metrics: None)
    assert metrics["macs"] == counted(model).macs
    assert evaluator(job, lambda _epoch, _metrics: None) == metrics
    assert evaluator(replace(job, seed=7), lambda _epoch, _metrics: None) != metrics, "the seed is the job's"
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
    plan = Plan(range(1, 5), 0, 1, "space:compound", BASE.size, BASE.task, "digits")
    listed = comparison_jobs(BASE, [trial], plan, seeds=range(3), first=5)
    assert [job.number for job in listed] == list(range(5, 5 + len(listed)))
    assert [job.seed for job in listed if job.name == "front-runner 1"] == [1, 2]
    assert {job.name for job in listed} == {"front-runner 1", *OTHERS}
    assert len({(job.name, job.seed) for job in listed}) == len(listed) == 2 + 3 * len(OTHERS)
    stopped = comparison_jobs(BASE, [trial], replace(plan, epochs=5), seeds=range(2), first=5)
    assert [job.seed for job in stopped if job.note.get("of") == 4] == [0, 1], "the search stopped it early"


@pytest.mark.parametrize("strategy", ["tpe", "grid", pytest.param("random", marks=pytest.mark.slow)])
def test_every_candidate_that_is_trained_lies_on_the_surface(strategy, tmp_path, monkeypatch):
    drawn = spied(monkeypatch)
    count = 6 if strategy == "tpe" else 4  # of which TPE proposes two, after four at random
    result = run_scale_search(
        config(tmp_path, strategy=strategy, trials=count, front_runners=0), ("test",), trackers=()
    )
    assert len(result.trials) == count
    for each in result.trials:
        product = each.metrics["alpha"] * each.metrics["beta"] ** 2 * each.metrics["gamma"] ** 2
        assert abs(product - 2) <= (0.1 if strategy == "grid" else 1e-6)
        assert each.status == "ok"
    assert sum(not trial.note["blind"] for trial in result.trials) == (2 if strategy == "tpe" else 0)
    if strategy != "grid":
        assert drawn == [trial.architecture for trial in result.trials], "what was drawn was trained, all of it"


@pytest.mark.parametrize("strategy", ["tpe", "random"])
def test_no_draw_of_a_long_search_is_thrown_away(strategy, monkeypatch):
    drawn = spied(monkeypatch)
    space = CompoundSpace(BUILDER)
    asked = strategies.make(strategy, space, options={}, offered={}, seed=0)
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
    scaled = run_scale(ScaleConfig.of(coefficients=str(run), phi=2), ())
    assert scaled.coefficients == Coefficients(record["alpha"], record["beta"], record["gamma"])
    assert scaled.to_json()["found_for"] == {
        "run": str(run),
        "base": "mobilenet_v1",
        "dataset": "digits",
        "recipe": TINY.name,
    }
    assert "class StageNet" in (run / "best" / "model.py").read_text()
    found = resolve(str(run), ModelOverrides())
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


def stored(run: str | None) -> ScaleConfig:
    return stored_config(ScaleConfig, "scale", run)


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
        options = stored(options.place.run) if (tmp_path / "parts" / "run" / "run.json").exists() else options
        with pytest.raises(Interrupted, match="nasbench scale --run"):
            run_scale_search(options, ("test",), trackers=(Stop(after),))
    result = run_scale_search(stored(str(tmp_path / "parts" / "run")), ("test",), trackers=())
    assert [_told(trial) for trial in result.trials] == [_told(trial) for trial in whole.trials]
    assert result.found == whole.found
    assert len(RunStore.read(tmp_path / "parts" / "run").run["resumed"]) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phi": 2.0}, "--phi cannot go with it"),
        ({"alpha": 1.2, "target_macs": "1G"}, "--alpha cannot go with it"),
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
    found = stored(str(tmp_path / "run"))
    with pytest.raises(UsageError, match="--strategy random contradicts the run"):
        run_scale_search(found.changed(strategy="random"), ("test",), trackers=())
    with pytest.raises(UsageError, match="already holds a run"):
        run_scale_search(config(tmp_path, trials=1), ("test",), trackers=())


def test_a_search_in_which_nothing_succeeds_says_why(tmp_path):
    with pytest.raises(RunFailed, match="none of the 2 trials succeeded"):
        run_scale_search(config(tmp_path, trials=2, trial_timeout=1e-4), ("test",), trackers=())
    assert "No candidate has a score yet" in (tmp_path / "run" / "report.html").read_text()


def _trial(proposal: Proposal) -> Trial:
    return trial(proposal.number, architecture=proposal.architecture, key=proposal.architecture.key)


def _told(trial: Trial) -> dict[str, Any]:
    return {name: value for name, value in trial.to_json().items() if name not in ("seconds", "started", "worker")}

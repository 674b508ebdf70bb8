"""The training evaluator on real scans and real children."""

import pickle
from dataclasses import replace
from random import Random

import pytest
import torch
from torch import nn

from nasbench.core.arch import Architecture, Choice, sample
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators, recipes, spaces
from nasbench.core.spec import ModelSpec, Size, Task, pixels_of
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.profile import count
from nasbench.train.checkpoint import load_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.source import DataSource
from nasbench.train.trainer import evaluate

CPU = torch.device("cpu")
RECIPE = Recipe("test", 1, epochs=1, batch_size=32, lr_peak=0.1, lr_schedule="one_cycle", train_images=320)


class LinearSpace:
    """A linear classifier, or one of several ways to fail."""

    name = "linear"
    choices = (Choice("how", ("well", "not built", "refused", "wrong shape", "nan", "silent nan")),)
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:
        how = architecture.genes["how"]
        if how == "not built":
            raise IndexError("no such layer")
        if how == "refused":
            raise UsageError("too small")
        inputs = task.channels * (pixels_of(size, task)) ** 2 + (how == "wrong shape")
        model = nn.Sequential(nn.Flatten(), nn.Linear(inputs, task.num_classes))
        if how == "nan":
            nn.init.constant_(model[1].weight, float("nan"))
        return model


def evaluator(directory=None, **fields) -> TrainingEvaluator:
    data = DataSource("digits", **fields)
    return TrainingEvaluator(data, RECIPE, device="cpu", checkpoint_dir=directory and str(directory))


def linear(how: str = "well", resolution: int | None = None, seed: int = 0) -> Job:
    architecture = Architecture.of("linear", {"how": how})
    spaces.register("linear-for-tests")(LinearSpace)
    spec = ModelSpec("space:linear-for-tests", Size(resolution=resolution), Task(10, 8, 1), architecture)
    return Job(1, seed, RECIPE.epochs, architecture.key, spec, architecture)


def silent(epoch, metrics) -> None:
    """Nobody listens."""


def test_it_is_the_evaluator_named_train_and_travels_by_pickle():
    assert evaluators.get("train") is TrainingEvaluator
    assert pickle.loads(pickle.dumps(evaluator())) == evaluator()


def test_the_same_question_gets_the_same_answer():
    job = linear(seed=3)
    torch.manual_seed(1)
    first = evaluator()(job, silent)
    torch.manual_seed(2)
    assert evaluator()(replace(job, number=9), silent) == first
    assert evaluator()(replace(job, seed=4), silent) != first
    assert set(first) == {"val_accuracy", "val_top5", "val_loss", "train_loss", "params", "macs"}
    assert (first["params"], first["macs"]) == (650, 640)


def test_epochs_are_the_jobs_whatever_the_recipes_and_each_is_reported_with_what_it_costs():
    seen = []
    evaluator()(replace(linear(), epochs=3), lambda epoch, metrics: seen.append((epoch, metrics)))
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert all({"val_accuracy", "params", "macs"} <= set(metrics) for _, metrics in seen)


def test_images_are_seen_at_the_resolution_of_the_specification():
    assert evaluator()(linear(resolution=12), silent)["params"] == 12 * 12 * 10 + 10
    assert evaluator(image_size=10).task() == Task(10, 10, 1)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("not built", "building the network failed: IndexError: no such layer"),
        ("refused", "too small"),
        ("wrong shape", "RuntimeError"),
        ("nan", "not finite"),
    ],
)
def test_a_fault_of_one_child_is_its_answer(how, text, tmp_path):
    with pytest.raises(TrialFailed, match=text):
        evaluator(tmp_path)(linear(how), silent)
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_said_before_any_work(tmp_path):
    with pytest.raises(UsageError, match="cifar10 is not in"):
        replace(evaluator(), data=DataSource("cifar10", str(tmp_path))).check()
    with pytest.raises(UsageError, match="Did you mean 'digits'"):
        replace(evaluator(), data=DataSource("digit")).check()
    with pytest.raises(UsageError, match="no device named"):
        replace(evaluator(), device="tpu").check()
    evaluator().check()


def test_kept_weights_score_as_recorded_and_can_be_gone_on_with(tmp_path):
    job = linear()
    metrics = evaluator(tmp_path)(job, silent)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1.safetensors", "preprocessing.json"]
    model = LinearSpace().build(job.architecture, job.spec.size, job.spec.task)
    model.load_state_dict(load_weights(tmp_path / "1.safetensors"))
    data = resolve_dataset("digits").load(None, None, False)
    assert evaluate(model, data.val, data, CPU, batch_size=1).accuracy == metrics["val_accuracy"]


def test_a_training_in_stages_is_one_training_also_where_its_state_is_lost(tmp_path):
    job = linear()
    whole = evaluator()(replace(job, epochs=3), silent)
    first = evaluator(tmp_path)(replace(job, epochs=1, schedule=3), silent)
    assert first["train_loss"] > whole["train_loss"]
    gone_on: list[int] = []
    last = replace(job, number=2, epochs=3, schedule=3, resume_from=1)
    assert evaluator(tmp_path)(last, lambda epoch, metrics: gone_on.append(epoch)) == whole
    assert gone_on == [1, 2, 3]  # what was done before is told again
    assert evaluator(tmp_path / "empty")(last, silent) == whole


def test_a_real_child_learns_well_above_chance_and_keeps_its_weights(tmp_path):
    space = spaces.get("nasnet")()
    recipe = replace(recipes.get("quick"), epochs=1)
    made = replace(evaluator(tmp_path), recipe=recipe)
    size = replace(space.default_size, depth=recipe.cells, width=recipe.filters)
    architecture = sample(space.name, space.choices, Random(0))
    spec = ModelSpec("space:nasnet", size, made.task(), architecture)
    metrics = made(Job(5, 0, recipe.epochs, spec.key, spec, architecture), silent)
    assert metrics["val_accuracy"] > 0.5
    model = space.build(architecture, size, spec.task)
    assert (metrics["params"], metrics["macs"]) == count(model, spec.task)
    model.load_state_dict(load_weights(tmp_path / "5.safetensors"))
    data = resolve_dataset("digits").load(None, None, False)
    result = evaluate(model, data.val.first(recipe.val_images), data, CPU, batch_size=64)
    assert result.accuracy == pytest.approx(
        metrics["val_accuracy"], abs=1.5 / result.images
    )  # a tie may fall either way

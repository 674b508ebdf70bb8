"""Evaluation goes through in parts that fit into memory, and a training is never lost to it."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.arch import Architecture, Choice
from nasbench.core.errors import TrialFailed
from nasbench.core.job import Job
from nasbench.core.recipe import Recipe
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.evaluators.training import Keep, TrainingEvaluator
from nasbench.train.checkpoint import load_weights
from nasbench.train.data import ImageData
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng
from nasbench.train.evaluation import LARGER_ON_A_GPU, Fitting, batch_on, evaluate, images_within, predict
from nasbench.train.source import DataSource

CPU = torch.device("cpu")


class Short(nn.Module):
    """A linear network that has memory for `most` images at a time; for none in float32, if that is 0."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.sizes = most, list[int]()
        self.head = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        self.sizes.append(len(images))
        if len(images) > self.most and not torch.is_autocast_enabled("cpu"):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return self.head(images.flatten(1))


def short(most: int) -> Short:
    with isolated_rng(CPU, 0):
        return Short(most)


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return resolve_dataset("digits").load(None, None, False)


def test_a_batch_that_lacks_memory_is_halved_with_all_after_it(digits: ImageData) -> None:
    narrow, wide = short(30), short(1000)
    found = evaluate(narrow, digits.val, digits, CPU, batch_size=100)
    expected = evaluate(wide, digits.val, digits, CPU, batch_size=100)
    assert (found.images, found.correct, found.in_five) == (expected.images, expected.correct, expected.in_five)
    assert found.loss == pytest.approx(expected.loss, rel=1e-6)
    assert narrow.sizes == [100, 50, *[25] * 12]


def test_one_image_that_lacks_memory_is_computed_in_16_bits_where_allowed() -> None:
    images = torch.zeros(3, 1, 8, 8)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        Fitting(short(0))(images)
    logits = Fitting(short(0), torch.bfloat16)(images)
    assert logits.dtype == torch.float32
    assert torch.allclose(logits, short(3)(images), atol=1e-2)


def test_other_errors_pass(digits: ImageData) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        Fitting(short(9))(torch.zeros(2, 1, 7, 7))


def test_predictions_are_those_of_every_image_in_order(digits: ImageData) -> None:
    network = short(1000)
    found = predict(network, digits.val, digits, CPU)
    assert found.evaluation == evaluate(network, digits.val, digits, CPU)
    assert torch.equal(found.labels, digits.val.labels)
    right = found.probabilities.argmax(dim=1) == found.labels
    assert int(right.sum()) == found.evaluation.correct


def test_a_batch_on_a_gpu_is_what_its_memory_takes() -> None:
    assert [batch_on(CPU, size) for size in (8, 32, 224, 331, 600, 1000)] == [2048, 128, 8, 4, 1, 1]
    assert images_within(memory=1000, each=100, small=4) == 10
    assert images_within(memory=10, each=100, small=4) == 4
    assert images_within(memory=10**9, each=0, small=4) == 4 * LARGER_ON_A_GPU


class FailsAtTheTest(nn.Module):
    """A linear network that cannot classify the 297 test images of digits while `broken`."""

    broken = True
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        FailsAtTheTest.steps += self.training
        if FailsAtTheTest.broken and not self.training and len(images) == 297:
            raise RuntimeError("no kernel for this size")
        return self.head(images.flatten(1))


class FailingSpace:
    """One architecture: a network that fails at the test."""

    name = "failing-at-the-test"
    choices = (Choice("only", ("one",)),)
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:
        return FailsAtTheTest()


def test_a_training_that_ended_is_kept_though_its_test_fails(tmp_path: Path) -> None:
    recipe = Recipe("short", 1, epochs=1, batch_size=100, lr_peak=0.1, train_images=200, val_images=50)
    source = DataSource("digits")
    evaluator = TrainingEvaluator(source, recipe, "cpu", keep=Keep(str(tmp_path), source.identity(test=True)))
    spaces.register(FailingSpace.name)(FailingSpace)
    one = Architecture.of(FailingSpace.name, {"only": "one"})
    model = ModelSpec(f"space:{FailingSpace.name}", Size(), Task(10, 8, 1), one)
    job = Job(1, 0, 1, one.key, model, one)
    kept = evaluator.kept(model, 0)
    with pytest.raises(TrialFailed, match=r"the test failed: .*no kernel.* The training has ended and is kept in"):
        evaluator(job, lambda *_: None)
    assert set(load_weights(kept.weights)) == {"head.weight", "head.bias"}
    assert not kept.finished
    steps, FailsAtTheTest.broken = FailsAtTheTest.steps, False
    metrics = evaluator(job, lambda *_: None)
    assert FailsAtTheTest.steps == steps, "it is tested, and not trained again"
    assert metrics["test_accuracy"] > 0

"""The memory of a training step: followed storage by storage, and what `nasbench profile --memory` prints."""

import json

import pytest
import torch
from torch import nn

from nasbench.blank import blank
from nasbench.cli import main
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.quantities import bytes_text, parse_bytes, parse_milliseconds
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.evaluators import memory_count
from nasbench.live_bytes import LiveBytes
from nasbench.train.memory import Memory, memory

SGD = Recipe("plain", 1, epochs=1, batch_size=4, lr_peak=0.1)
TASK = Task(10, 8, 3)


def counted(recipe: Recipe = SGD, batch_size: int = 4) -> Memory:
    """Of two dense layers with a ReLU in place: 192 x 100 and 100 x 10 weights, 110 biases."""
    with blank():
        network = nn.Sequential(nn.Flatten(), nn.Linear(192, 100), nn.ReLU(inplace=True), nn.Linear(100, 10))
    return memory(network, TASK, recipe, batch_size)


def test_storages_are_counted_once_and_end_with_their_last_tensor() -> None:
    with LiveBytes() as live:
        x = torch.empty(10, 10, device="meta")
        view = x.view(100)
        x.add_(1)
        assert live.live == 400
        y = x + 1
        del x, y
        assert (live.live, live.peak) == (400, 800)  # the view holds the first one
        del view
        assert live.live == 0


def test_each_part_of_a_training_step() -> None:
    found, weights = counted(), 4 * (192 * 100 + 100 * 10 + 110)
    assert (found.parameters, found.gradients, found.optimizer) == (weights, weights, weights)
    assert found.images == 4 * (4 * 192 + 8 * 1)
    hidden, logits = 4 * 4 * 100, 4 * 4 * 10
    assert hidden + logits <= found.saved <= hidden + 4 * logits
    held = 3 * weights + found.images  # what is saved is freed before the last gradients are there
    assert held < found.training < held + found.saved + 4 * 192 * 100
    assert weights < found.inference < weights + found.images + 2 * (hidden + logits)


@pytest.mark.parametrize(
    ("recipe", "copies"),
    [
        (Recipe("sgd", 1, 1, 4, 0.1, momentum=0.0), 0),
        (Recipe("adamw", 1, 1, 4, 0.1, optimizer="adamw"), 2),
        (Recipe("ema", 1, 1, 4, 0.1, ema_decay=0.9), 2),
    ],
)
def test_the_recipe_says_what_the_optimizer_keeps(recipe: Recipe, copies: int) -> None:
    found = counted(recipe)
    assert abs(found.optimizer - copies * found.parameters) < 100  # Adam counts its steps


def test_activations_grow_with_the_batch_and_weights_do_not() -> None:
    small, large = counted(batch_size=4), counted(batch_size=8)
    assert abs(large.saved - 2 * small.saved) < 20  # losses are single numbers
    assert large.parameters == small.parameters


def test_amounts_are_read_as_people_write_them() -> None:
    assert [parse_bytes(text, "-") for text in ("6G", "6GB", "512MiB", "1,000")] == [6 * 10**9, 6 * 10**9, 2**29, 1000]
    assert [parse_milliseconds(text, "-") for text in ("20ms", "20", "0.5s", "500us")] == [20.0, 20.0, 500.0, 0.5]
    assert [bytes_text(count) for count in (458e6, 6.25e9, 12)] == ["458 MB", "6.25 GB", "12 bytes"]
    for text in ("", "ms", "-3", "nan", "inf", "6X", "0"):
        with pytest.raises(UsageError, match="takes a"):
            parse_bytes(text, "--target-memory")
        with pytest.raises(UsageError, match="takes a"):
            parse_milliseconds(text, "--target-latency")


def test_profile_prints_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "zoo:lenet5", "--memory", "--batch-size", "8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["memory"]
    assert found["batch_size"] == 8
    assert found["training"] > found["inference"] > found["parameters"] > 0


def test_flags_of_memory_alone_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "zoo:lenet5", "--batch-size", "8"]) == 2
    assert "--batch-size would have no effect without --memory" in capsys.readouterr().err
    assert main(["profile", "zoo:lenet5", "--memory", "--batch-size", "0"]) == 2


def test_attention_saves_no_matrix_of_all_pairs() -> None:
    with blank():
        layer = nn.TransformerEncoderLayer(64, 4, 64, dropout=0.0, batch_first=True)
        network = nn.Sequential(nn.Conv2d(3, 64, 1), nn.Flatten(2), _Turned(), layer, nn.Flatten(), nn.LazyLinear(10))
        network(torch.empty(1, 3, 32, 32))
    pairs = 4 * 2 * 4 * 1024**2  # bytes, of 2 images, 4 heads and 1,024 positions
    assert memory(network, Task(10, 32, 3), SGD, 2).saved < pairs


class _Turned(nn.Module):
    """(B, C, L) -> (B, L, C)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, 2)


def test_a_batch_that_is_too_small_is_bad_input_and_any_other_fault_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = ModelSpec("zoo", Size(), Task(10, 4, 3), name="resnet20")
    with pytest.raises(UsageError, match=r"step of resnet20 cannot be counted: Expected more .* Take a larger batch"):
        memory_count.memory_of(spec, batch_size=1)

    def faulty(*_: object) -> Memory:
        raise NotImplementedError("no such operation")

    monkeypatch.setattr(memory_count, "memory", faulty)
    with pytest.raises(TrialFailed, match="of resnet20 failed: NotImplementedError: no such operation"):
        memory_count.memory_of(spec, batch_size=2)

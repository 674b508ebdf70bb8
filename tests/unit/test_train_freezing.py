"""What is frozen stays, what is slow learns at a tenth, and the head is found."""

import pytest
import torch
from torch import nn

import zoo
from nasbench.blank import blank
from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.train.datasets import resolve_dataset
from nasbench.train.freezing import Freezing, head_of, stages_of
from nasbench.train.optimizers.groups import make_optimizer, set_rate
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
RECIPE = Recipe("test", 1, epochs=1, batch_size=16, lr_peak=0.05, train_images=64, val_images=32)


@pytest.fixture(scope="module")
def digits():
    return resolve_dataset("digits").load(None, None, False)


def small_net() -> nn.Sequential:
    body = [
        nn.Sequential(nn.Conv2d(1 if i == 0 else 4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()) for i in range(3)
    ]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


@pytest.mark.parametrize(
    ("what", "moves"), [("all-but-head", {"5"}), ("stages:2", {"2", "5"}), ("none", {"0", "1", "2", "5"})]
)
def test_frozen_parts_keep_weights_and_statistics(digits, what: str, moves: set[str]) -> None:
    torch.manual_seed(0)
    model = small_net()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fit(model, digits, RECIPE, seed=0, device=CPU, freezing=Freezing(what))
    changed = {
        name.split(".")[0] for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert changed == moves


def test_a_slow_body_learns_at_a_tenth_of_the_heads_rate() -> None:
    model = small_net()
    optimizer = make_optimizer(model, RECIPE, Freezing(pretrained=tuple(model.state_dict())).slow(model))
    set_rate(optimizer, 0.4)
    rates = {id(parameter): group["lr"] for group in optimizer.param_groups for parameter in group["params"]}
    assert {name: rates[id(p)] for name, p in model.named_parameters() if name.startswith("5")} == {
        "5.weight": 0.4,
        "5.bias": 0.4,
    }
    assert all(rates[id(p)] == pytest.approx(0.04) for name, p in model.named_parameters() if not name.startswith("5"))


def test_what_was_not_carried_over_learns_at_the_full_rate() -> None:
    model = small_net()
    freezing = Freezing("stages:2", pretrained=("0.0.weight", "0.0.bias", "2.0.weight", "5.weight"))
    assert freezing.slow(model) == {"0.0.weight", "0.0.bias", "2.0.weight"}
    assert freezing.stuck(model) == ["0.1.weight", "0.1.bias", "1.0.weight", "1.0.bias", "1.1.weight", "1.1.bias"]
    assert Freezing(pretrained=("0.0.weight",)).stuck(model) == []


@pytest.mark.parametrize("name", ["resnet20", "vgg16", "mobilenet_v2", "densenet121", "vit_b_16", "mixer_b16"])
def test_heads_and_stages_of_the_zoo(name: str) -> None:
    with blank():
        model = zoo.create(name, num_classes=7)
    path, head = head_of(model)
    assert isinstance(head, nn.Linear)
    assert head.out_features == 7
    stages = stages_of(model)
    assert len(stages) >= 3
    parts = [head, *map(model.get_submodule, stages)]
    covered, every = (sum(p.numel() for module in modules for p in module.parameters()) for modules in (parts, [model]))
    assert 0.99 * every < covered <= every
    Freezing("all-but-head").freeze(model)
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {f"{path}.weight", f"{path}.bias"}


@pytest.mark.parametrize(
    ("what", "message"),
    [("half", "takes none"), ("stages:", "takes none"), ("stages:0", "takes none"), ("stages:x", "takes none")],
)
def test_a_freeze_that_means_nothing(what: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Freezing(what)


def test_more_stages_than_there_are_and_no_head() -> None:
    with pytest.raises(UsageError, match="has 3 stages before its head"):
        Freezing("stages:3").freeze(small_net())
    with pytest.raises(UsageError, match="no linear classifier"):
        Freezing("all-but-head").freeze(nn.Sequential(nn.Conv2d(1, 10, 8), nn.Flatten()))

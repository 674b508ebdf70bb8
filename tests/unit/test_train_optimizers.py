"""Optimisers: the built-in ones against their definitions, what decays, and optimisers of one's own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.train.ema import Ema
from nasbench.train.freezing import NOTHING
from nasbench.train.optimizers import built_in
from nasbench.train.optimizers.groups import build_optimizer, make_optimizer
from nasbench.train.optimizers.rmsprop import RMSProp
from nasbench.train.replicas import ALONE
from nasbench.train.training import Training

RECIPE = Recipe("test", 1, epochs=4, batch_size=8, lr_peak=0.4, lr_final=0.1)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))


def stepped(model: nn.Module, optimizer: torch.optim.Optimizer, *parts: int) -> list[Tensor]:
    """The weights after a step with the gradients of some parts of `model` alone: the others have none."""
    optimizer.zero_grad()
    torch.stack([model[part](torch.ones(1, 2)).square().sum() for part in parts]).sum().backward()
    optimizer.step()
    return [parameter.detach().clone() for parameter in model.parameters()]


@pytest.fixture
def as_on_cuda(monkeypatch):
    monkeypatch.setattr(built_in, "_on_cuda", lambda _groups: True)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_fused_sgd_trains_a_supernet_as_the_other_does(monkeypatch, nesterov):
    recipe = replace(RECIPE, weight_decay=0.1, nesterov=nesterov)
    found = []
    for fused in (None, True):
        monkeypatch.setattr(built_in, "_on_cuda", lambda _groups, fused=fused: fused)
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
        optimizer = make_optimizer(model, recipe)
        assert optimizer.param_groups[0]["fused"] is fused
        found.append([stepped(model, optimizer, 0, part) for part in (1, 2, 1, 2)])
    for plain, fused in zip(*found, strict=True):
        torch.testing.assert_close(fused, plain)


def test_a_step_that_is_left_out_for_its_numbers_leaves_no_momentum(as_on_cuda):
    model = nn.Sequential(nn.Linear(2, 2))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = make_optimizer(model, RECIPE)
    optimizer.grad_scale, optimizer.found_inf = torch.tensor(1.0), torch.tensor(1.0)  # as torch's GradScaler does
    torch.testing.assert_close(stepped(model, optimizer, 0), before)
    assert [float(state["momentum_buffer"].abs().sum()) for state in optimizer.state.values()] == [0.0, 0.0]


@pytest.mark.parametrize("name", ["sgd", "adamw"])
@pytest.mark.parametrize("first", [None, True])
def test_a_training_goes_on_as_its_own_device_steps(monkeypatch, name, first):
    states = []
    for fused in (first, None if first else True):
        monkeypatch.setattr(built_in, "_on_cuda", lambda _groups, fused=fused: fused)
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 2))
        started = Training.start(model, replace(RECIPE, optimizer=name), torch.device("cpu"), NOTHING, ALONE)
        if states:
            started.restore({**states[0], "identity": {}, "done": 1, "metrics": {}}, {}, Path("state.pt"))
        assert started.optimizer.param_groups[0]["fused"] is fused
        stepped(model, started.optimizer, 0)
        states.append(started.state())


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", torch.optim.SGD), ("rmsprop", RMSProp), ("adamw", torch.optim.AdamW)]
)
def test_optimizers(name, kind):
    recipe = replace(RECIPE, optimizer=name, weight_decay=0.3, nesterov=name == "sgd")
    optimizer = make_optimizer(network(), recipe)
    assert isinstance(optimizer, kind)
    assert [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups] == [(6, 0.3)]


def test_norms_and_biases_decay_where_the_recipe_says_so():
    optimizer = make_optimizer(network(), replace(RECIPE, weight_decay=0.3, decay_norm_and_bias=False))
    shapes = [([p.dim() for p in group["params"]], group["weight_decay"]) for group in optimizer.param_groups]
    assert shapes == [([4, 2], 0.3), ([1, 1, 1, 1], 0.0)]


def test_frozen_parameters_are_left_out():
    model = network()
    model[0].requires_grad_(False)
    assert len(make_optimizer(model, RECIPE).param_groups[0]["params"]) == 4


def test_the_average_follows_its_recursion():
    model = network()
    ema = Ema(model, decay=0.5)
    expected = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for step in range(20):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1.0)
            model[1].running_mean.add_(1.0)
            model[1].num_batches_tracked.add_(1)
        ema.update(model, step)
        decay = min(0.5, (1 + step) / (10 + step))
        for name, tensor in model.state_dict().items():
            expected[name] = (
                decay * expected[name] + (1 - decay) * tensor if tensor.is_floating_point() else tensor.clone()
            )
    for name, tensor in ema.state_dict().items():
        assert torch.allclose(tensor, expected[name]), name
    assert not ema.model.training


def test_rmsprop_has_the_recipes_epsilon():
    optimizer = make_optimizer(nn.Linear(2, 2), replace(RECIPE, optimizer="rmsprop", rmsprop_eps=1.0))
    assert optimizer.defaults["eps"] == 1.0


def test_rmsprop_follows_tensorflows_recursion():
    torch.manual_seed(0)
    weights = [nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(2, 2)), nn.Parameter(torch.randn(2))]
    mine = [weight.detach().clone() for weight in weights]
    mean_square, velocity = [torch.ones_like(w) for w in mine], [torch.zeros_like(w) for w in mine]
    optimizer = RMSProp(weights, lr=0.1, decay=0.9, momentum=0.8, eps=0.01, weight_decay=0.2)
    for step in range(6):
        optimizer.param_groups[0]["lr"] = lr = 0.1 / (step + 1)
        for index, weight in enumerate(weights[:2]):  # the third has no gradient and stays
            weight.grad = torch.randn(weight.shape)
            gradient = weight.grad + 0.2 * mine[index]
            mean_square[index] = 0.9 * mean_square[index] + 0.1 * gradient**2
            velocity[index] = 0.8 * velocity[index] + lr * gradient / (mean_square[index] + 0.01).sqrt()
            mine[index] = mine[index] - velocity[index]
        optimizer.step()
    assert all(torch.allclose(weight, expected, atol=1e-6) for weight, expected in zip(weights, mine, strict=True))


def test_an_optimizer_of_pytorchs_by_its_import_path() -> None:
    optimizer = make_optimizer(network(), replace(RECIPE, optimizer="torch.optim:NAdam", weight_decay=0.3))
    assert isinstance(optimizer, torch.optim.NAdam)
    assert [(group["lr"], group["weight_decay"]) for group in optimizer.param_groups] == [(0.4, 0.3)]


def test_an_optimizer_of_ones_own_gets_what_it_names() -> None:
    seen: dict[str, Any] = {}

    def mine(groups: list[dict[str, Any]], lr: float, nesterov: bool, recipe: Recipe, beta: float = 0.5) -> Any:
        seen.update(lr=lr, nesterov=nesterov, recipe=recipe, beta=beta)
        return torch.optim.SGD(groups, lr)

    made = build_optimizer(mine, RECIPE, [{"params": [nn.Parameter(torch.zeros(1))], "lr_scale": 1.0}])
    assert isinstance(made, torch.optim.SGD)
    assert seen == {"lr": 0.4, "nesterov": False, "recipe": RECIPE, "beta": 0.5}


def test_an_optimizer_that_cannot_be_used_is_answered() -> None:
    with pytest.raises(UsageError, match=r"rmsprop, sgd.\nYour own, as a recipe's optimizer: .*:MyOptimizer"):
        make_optimizer(network(), replace(RECIPE, optimizer="nothing"))
    with pytest.raises(UsageError, match="optimizer 'sgd' gave a list; it must return"):
        build_optimizer(lambda groups: groups, RECIPE, [])
    with pytest.raises(UsageError, match=r"'learning_rate', for which there is no value.*Offered: .*lr, "):
        build_optimizer(lambda groups, learning_rate: groups, RECIPE, [])

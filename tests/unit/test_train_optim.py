"""Learning rates against closed forms, and what decays."""

from dataclasses import replace
from math import cos, pi

import pytest
import torch
from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.train.ema import Ema
from nasbench.train.optim import learning_rate, make_optimizer
from nasbench.train.rmsprop import RMSProp

RECIPE = Recipe("test", 1, epochs=4, batch_size=8, lr_peak=0.4, lr_final=0.1)
STEPS, EPOCHS = 25, 4


def rates(recipe: Recipe) -> list[float]:
    return [learning_rate(recipe, step, STEPS, EPOCHS) for step in range(STEPS * EPOCHS)]


def test_cosine():
    assert rates(RECIPE) == pytest.approx([0.1 + 0.3 * (1 + cos(pi * step / 100)) / 2 for step in range(100)])


def test_cosine_equals_pytorchs():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100, eta_min=0.1)
    for rate in rates(RECIPE):
        assert rate == pytest.approx(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()


def test_warmup_rises_in_equal_parts_and_the_cosine_follows():
    found = rates(replace(RECIPE, warmup_epochs=0.4))
    assert found[:10] == pytest.approx([0.04 * (step + 1) for step in range(10)])
    assert found[10:] == pytest.approx([0.1 + 0.3 * (1 + cos(pi * step / 90)) / 2 for step in range(90)])


def test_one_cycle_rises_and_falls():
    found = rates(replace(RECIPE, lr_schedule="one_cycle", lr_final=0.0))
    assert max(found) == pytest.approx(0.4)
    assert (found[29], found[30]) == pytest.approx((0.4, 0.4))
    assert found[0] == pytest.approx(0.4 * (1 / 25 + 24 / 25 / 30))
    assert found[:30] == sorted(found[:30])
    assert found[30:] == sorted(found[30:], reverse=True)
    assert found[-1] < 0.001


def test_steps_multiply_at_shares_of_the_training():
    found = rates(replace(RECIPE, lr_schedule="steps", lr_milestones=(0.5, 0.75), lr_gamma=0.1))
    assert found == pytest.approx([0.4] * 50 + [0.04] * 25 + [0.004] * 25)


def test_constant():
    assert set(rates(replace(RECIPE, lr_schedule="constant"))) == {0.4}


def test_every_rate_is_positive_even_where_all_is_warmup():
    assert rates(replace(RECIPE, warmup_epochs=99))[-1] == pytest.approx(0.4)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))


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


def test_unknown_names_are_answered():
    with pytest.raises(UsageError, match="sgd, rmsprop, adamw"):
        make_optimizer(network(), replace(RECIPE, optimizer="lion"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="one_cycle"):
        learning_rate(replace(RECIPE, lr_schedule="ramp"), 0, 1, 1)  # type: ignore[arg-type]


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


def test_exponential_falls_in_stairs():
    found = rates(replace(RECIPE, lr_schedule="exponential", lr_gamma=0.5, lr_decay_epochs=1.2))  # a stair of 30 steps
    assert found == pytest.approx([0.4 * 0.5 ** (step // 30) for step in range(100)])


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


CIFAR_IMAGES, IMAGENET_IMAGES = 50_000, 1_281_167


@pytest.mark.parametrize(
    ("name", "steps", "images"),
    [
        ("nasnet_cifar", 937_500, CIFAR_IMAGES),
        ("nasnet_large", 250_000, IMAGENET_IMAGES),
        ("nasnet_mobile", 250_000, IMAGENET_IMAGES),
        ("efficientnet", 218_949, IMAGENET_IMAGES),
    ],
)
def test_published_trainings_take_the_published_steps(name: str, steps: int, images: int) -> None:
    recipe = recipes.get(name)
    assert recipe.epochs == round(steps * recipe.batch_size / images)


def test_published_rates() -> None:
    large, mobile, efficientnet = (recipes.get(name) for name in ("nasnet_large", "nasnet_mobile", "efficientnet"))
    assert (large.batch_size, mobile.batch_size) == (16 * 100, 32 * 50)
    assert (large.lr_peak, mobile.lr_peak) == pytest.approx((0.015 * 100, 0.04 * 50))
    assert efficientnet.lr_peak == pytest.approx(0.016 * efficientnet.batch_size / 256)
    for recipe in (large, mobile, efficientnet):  # 0.97 in stairs of 2.4 epochs, counted from the first step
        assert learning_rate(recipe, 2400, 100, recipe.epochs) == pytest.approx(recipe.lr_peak * 0.97**10)
        assert learning_rate(recipe, 2399, 100, recipe.epochs) == pytest.approx(recipe.lr_peak * 0.97**9)
    assert learning_rate(efficientnet, 249, 100, efficientnet.epochs) == pytest.approx(
        0.128 / 2
    )  # the warm-up of 5 epochs, half done

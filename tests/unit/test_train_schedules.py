"""Learning rates against closed forms, and schedules of one's own."""

from dataclasses import replace
from math import cos, nan, pi
from typing import Any

import pytest
import torch
from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.train.schedules import build_schedule, make_schedule

RECIPE = Recipe("test", 1, epochs=4, batch_size=8, lr_peak=0.4, lr_final=0.1)
STEPS, EPOCHS = 25, 4


def rates(recipe: Recipe) -> list[float]:
    return [make_schedule(recipe)(step, STEPS, EPOCHS) for step in range(STEPS * EPOCHS)]


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


def test_exponential_falls_in_stairs():
    found = rates(replace(RECIPE, lr_schedule="exponential", lr_gamma=0.5, lr_decay_epochs=1.2))  # a stair of 30 steps
    assert found == pytest.approx([0.4 * 0.5 ** (step // 30) for step in range(100)])


def test_cosine_restarts_in_whole_epochs_each_period_twice_as_long() -> None:
    recipe = replace(RECIPE, lr_schedule="cosine_restarts", lr_peak=0.05, lr_final=0.0005)
    exact = {
        0: 0.05,
        5: 0.02525,
        9: 0.0005 + 0.0495 * (1 + cos(0.9 * pi)) / 2,
        10: 0.05,
        20: 0.02525,
        29: 0.0005 + 0.0495 * (1 + cos(0.95 * pi)) / 2,
        30: 0.05,
        50: 0.02525,
        69: 0.0005 + 0.0495 * (1 + cos(0.975 * pi)) / 2,
        70: 0.05,
        150: 0.05,
        310: 0.05,
    }
    rate_of = make_schedule(recipe)
    for epoch, rate in exact.items():
        assert len({rate_of(epoch * STEPS + step, STEPS, 630) for step in range(STEPS)}) == 1
        assert rate_of(epoch * STEPS, STEPS, 630) == pytest.approx(rate)
    assert rate_of(11 * STEPS, STEPS, 12) == rate_of(11 * STEPS, STEPS, 630), "periods do not depend on the epochs"
    third = make_schedule(replace(recipe, lr_restart_epochs=2.0, lr_restart_factor=1.0))
    assert [third(epoch, 1, 9) for epoch in range(5)] == pytest.approx([0.05, 0.02525] * 2 + [0.05])


def test_the_warm_up_of_cosine_restarts_takes_of_the_first_period() -> None:
    found = rates(replace(RECIPE, lr_schedule="cosine_restarts", lr_restart_epochs=4.0, warmup_epochs=1.0))
    assert found[:25] == pytest.approx([0.016 * (step + 1) for step in range(25)])
    assert found[25:] == pytest.approx(
        [0.1 + 0.3 * (1 + cos(pi * epoch / 4)) / 2 for epoch in (1, 2, 3) for _ in range(25)]
    )


@pytest.mark.parametrize(
    ("name", "epochs", "batch", "lowest", "l2", "dropout"),
    [
        ("enas_micro", 150, 160, 0.0005, 1e-4, 0.1),
        ("enas_macro", 310, 128, 0.0005, 2.5e-4, 0.1),
        ("enas_micro_final", 630, 144, 0.0001, 2e-4, 0.2),
        ("enas_macro_final", 310, 100, 0.001, 2e-4, 0.5),
    ],
)
def test_enas_recipes_are_those_of_the_released_scripts(
    name: str, epochs: int, batch: int, lowest: float, l2: float, dropout: float
) -> None:
    recipe = recipes.get(name)
    assert (recipe.epochs, recipe.batch_size, recipe.lr_peak, recipe.lr_final) == (epochs, batch, 0.05, lowest)
    assert recipe.weight_decay == 2 * l2, "the released penalty has no factor of one half"
    assert recipe.grad_clip_norm is None, "the released code computes clipped gradients, and uses the others"
    assert recipe.nesterov
    assert (recipe.dropout, recipe.pad_crop, recipe.flip) == (dropout, 4, True)
    rate_of = make_schedule(recipe)
    assert rate_of(recipe.epochs, 1, recipe.epochs + 1) == 0.05, "the training ends with a period"
    assert rate_of(recipe.epochs - 1, 1, recipe.epochs) < 1.05 * lowest + 1e-4


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
        assert make_schedule(recipe)(2400, 100, recipe.epochs) == pytest.approx(recipe.lr_peak * 0.97**10)
        assert make_schedule(recipe)(2399, 100, recipe.epochs) == pytest.approx(recipe.lr_peak * 0.97**9)
    assert make_schedule(efficientnet)(249, 100, efficientnet.epochs) == pytest.approx(
        0.128 / 2
    )  # the warm-up of 5 epochs, half done


def halving(step: int, steps_per_epoch: int, lr_peak: float) -> float:
    return lr_peak * 0.5 ** (step // steps_per_epoch)


def of_a_recipe(step: int, steps_per_epoch: int, epochs: int, recipe: Recipe) -> float:
    return recipe.lr_peak * (1 - step / (steps_per_epoch * epochs))


class Falling:
    def __init__(self, lr_peak: float, power: float = 2.0) -> None:
        self.lr_peak, self.power = lr_peak, power

    def __call__(self, step: int, epochs: int, steps_per_epoch: int) -> float:
        return self.lr_peak * (1 - step / (steps_per_epoch * epochs)) ** self.power


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (halving, [0.4] * 2 + [0.2] * 2 + [0.1] * 2),
        (of_a_recipe, [0.4 * (1 - step / 6) for step in range(6)]),
        (Falling, [0.4 * (1 - step / 6) ** 2 for step in range(6)]),
        (Falling(1.0, power=1.0), [1 - step / 6 for step in range(6)]),
    ],
)
def test_a_schedule_of_ones_own_gets_what_it_names(part: Any, expected: list[float]) -> None:
    schedule = build_schedule(part, RECIPE)
    assert [schedule(step, 2, 3) for step in range(6)] == pytest.approx(expected)


def test_the_epochs_are_those_of_the_training_and_not_of_the_recipe() -> None:
    assert build_schedule(lambda epochs: epochs, RECIPE)(0, 25, 7) == 7


@pytest.mark.parametrize("rate", [nan, float("inf"), -0.1, None, torch.tensor(0.1)])
def test_a_rate_that_is_none_is_answered(rate: Any) -> None:
    with pytest.raises(UsageError, match=r"schedule 'cosine' gave the rate .* at step 3"):
        build_schedule(lambda: rate, RECIPE)(3, 25, 4)


def test_an_unknown_schedule_or_parameter_is_answered() -> None:
    with pytest.raises(
        UsageError, match=r"Did you mean 'steps'(.|\n)*Your own, as a recipe's lr_schedule: .*:MySchedule"
    ):
        make_schedule(replace(RECIPE, lr_schedule="step"))
    with pytest.raises(UsageError, match=r"'lr_max'.* Did you mean .*Offered: accumulate.*steps_per_epoch"):
        build_schedule(lambda step, lr_max: lr_max, RECIPE)

"""Learning-rate schedules of a recipe. A rate is a pure function of the step, so that a resumed training repeats it;
or, of a schedule that hears what the network reached after each epoch, of the step and of what it has heard.

t in [0, 1) is the share of the steps after the warm-up that are done, T all steps of the training.

| schedule    | rate at a step after the warm-up                                   | source                           |
|-------------|--------------------------------------------------------------------|----------------------------------|
| cosine      | lr_final + (lr_peak - lr_final) (1 + cos(pi t)) / 2                | Loshchilov and Hutter 2017       |
|             |                                                                    | (arXiv:1608.03983), eq. 5        |
| one_cycle   | as cosine, after a warm-up from lr_peak / 25                       | Smith and Topin 2019             |
|             |                                                                    | (arXiv:1708.07120), OneCycleLR   |
| steps       | lr_peak * lr_gamma ** (milestones m with step >= m T)              | He et al. 2016                   |
|             |                                                                    | (arXiv:1512.03385), section 4.2  |
| exponential | lr_peak * lr_gamma ** floor(step / (lr_decay_epochs * epoch))      | Tan and Le 2019                  |
|             |                                                                    | (arXiv:1905.11946), section 5.2  |
| constant    | lr_peak                                                            |                                  |
| linear      | lr_peak + (lr_final - lr_peak) t                                   |                                  |
| cosine_     | lr_final + (lr_peak - lr_final) (1 + cos(pi e / P)) / 2 in         | Loshchilov and Hutter 2017, in   |
| restarts    | the whole of epoch e, counted from 0, of a period of P epochs; the | whole epochs as in ENAS (Pham    |
|             | first has lr_restart_epochs, each next one lr_restart_factor times | et al. 2018, released code)      |
|             | as many                                                            |                                  |
| plateau     | lr_peak * lr_gamma ** (times that lr_metric has not improved for   | He et al. 2016, section 3.4;     |
|             | more than lr_patience epochs), at least lr_final                   | see `nasbench.train.plateau`     |

The warm-up rises in equal parts and reaches lr_peak in its last step. It takes `warmup_epochs`; `one_cycle` takes 30 %
of all steps if that is 0. The stairs of `steps` and `exponential`, and the epochs of `cosine_restarts`, are counted
from the first step of the training. The periods of `cosine_restarts` do not depend on how long the training is: with 10
epochs and a factor of 2, one ends after 10, 30, 70, 150, 310 and 630 epochs.

Your own schedule is a function or a class. Both may ask by name for any field of the recipe or for `recipe`; a class
does so in its constructor. The function, or the object of the class, may ask for `step` (from 0), `steps_per_epoch` and
`epochs` of this training as well. It returns the rate. It has to do its own warm-up: see `warmup_rate`.

An object with a method `hear(metrics)` is told what the network reached after each epoch (val_loss, val_accuracy,
val_top5, train_loss), in every replica the same. It needs `state()`, containers of numbers and texts for the
checkpoint, and `restore(state)` too, so that a resumed training goes on exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, isfinite, pi
from typing import Any, Protocol, cast

from nasbench.core.errors import UsageError
from nasbench.core.options import call_with_options, named_arguments
from nasbench.core.recipe import Recipe, offered_values
from nasbench.core.registry import schedules

Rate = Callable[[int, int, int], float]
"""(step counted from 0, steps per epoch, epochs) -> the learning rate of that step."""


class Hears(Protocol):
    """What a schedule has that depends on what the network reaches."""

    def hear(self, metrics: Mapping[str, float]) -> None:
        """What the network reached after an epoch."""

    def state(self) -> Any:
        """What the checkpoint holds of it: containers of numbers and texts."""

    def restore(self, state: Any) -> None:
        """Goes on from what `state` returned."""


@dataclass(frozen=True)
class Schedule:
    """The rates of one training; called as `Rate`. `hears` is the schedule itself if it must be told after each epoch
    what the network reached, else None.
    """

    rate: Rate
    hears: Hears | None = None

    def __call__(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        return self.rate(step, steps_per_epoch, epochs)


ONE_CYCLE_WARMUP_SHARE = 0.3
"""Share of all steps that one_cycle rises for if the recipe has no warm-up; PyTorch's OneCycleLR has the same value."""

ONE_CYCLE_START = 1 / 25
"""The rate at which one_cycle starts, as a share of the peak; PyTorch's OneCycleLR has the same value."""


def warmup_steps(warmup_epochs: float, steps_per_epoch: int, epochs: int) -> int:
    """Steps of the warm-up, at most all of the training."""
    return min(round(warmup_epochs * steps_per_epoch), steps_per_epoch * epochs)


def warmup_rate(step: int, warmup: int, lr_peak: float, start: float = 0.0) -> float:
    """The rate of step `step` < `warmup`, rising from the share `start` of the peak to the peak."""
    return lr_peak * (start + (1.0 - start) * (step + 1) / warmup)


@schedules.register("cosine")
def cosine(
    step: int, steps_per_epoch: int, epochs: int, lr_peak: float, lr_final: float, warmup_epochs: float
) -> float:
    """A warm-up, then half a cosine down to `lr_final`."""
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    if step < warmup:
        return warmup_rate(step, warmup, lr_peak)
    return _half_cosine(step - warmup, steps_per_epoch * epochs - warmup, lr_peak, lr_final)


@schedules.register("one_cycle")
def one_cycle(
    step: int, steps_per_epoch: int, epochs: int, lr_peak: float, lr_final: float, warmup_epochs: float
) -> float:
    """A long rise from a 25th of the peak, then half a cosine down to `lr_final`."""
    total = steps_per_epoch * epochs
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    if warmup == 0:
        warmup = min(round(ONE_CYCLE_WARMUP_SHARE * total), total)
    if step < warmup:
        return warmup_rate(step, warmup, lr_peak, ONE_CYCLE_START)
    return _half_cosine(step - warmup, total - warmup, lr_peak, lr_final)


@schedules.register("steps")
def steps(
    step: int,
    steps_per_epoch: int,
    epochs: int,
    lr_peak: float,
    lr_gamma: float,
    lr_milestones: tuple[float, ...],
    warmup_epochs: float,
) -> float:
    """A warm-up, then the peak, multiplied by `lr_gamma` at each milestone."""
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    if step < warmup:
        return warmup_rate(step, warmup, lr_peak)
    total = steps_per_epoch * epochs
    return float(lr_peak * lr_gamma ** sum(step >= milestone * total for milestone in lr_milestones))


@schedules.register("exponential")
def exponential(
    step: int,
    steps_per_epoch: int,
    epochs: int,
    lr_peak: float,
    lr_gamma: float,
    lr_decay_epochs: float,
    warmup_epochs: float,
) -> float:
    """A warm-up, then the peak, multiplied by `lr_gamma` once every `lr_decay_epochs` epochs."""
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    if step < warmup:
        return warmup_rate(step, warmup, lr_peak)
    return float(lr_peak * lr_gamma ** (step // (lr_decay_epochs * steps_per_epoch)))


@schedules.register("constant")
def constant(step: int, steps_per_epoch: int, epochs: int, lr_peak: float, warmup_epochs: float) -> float:
    """A warm-up, then the peak."""
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    return warmup_rate(step, warmup, lr_peak) if step < warmup else lr_peak


@schedules.register("linear")
def linear(
    step: int, steps_per_epoch: int, epochs: int, lr_peak: float, lr_final: float, warmup_epochs: float
) -> float:
    """A warm-up, then a straight line down to `lr_final`."""
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    if step < warmup:
        return warmup_rate(step, warmup, lr_peak)
    return lr_peak + (lr_final - lr_peak) * (step - warmup) / max(1, steps_per_epoch * epochs - warmup)


@schedules.register("cosine_restarts")
def cosine_restarts(
    step: int,
    steps_per_epoch: int,
    epochs: int,
    lr_peak: float,
    lr_final: float,
    lr_restart_epochs: float,
    lr_restart_factor: float,
    warmup_epochs: float,
) -> float:
    """A warm-up, then half a cosine down to `lr_final` again and again, each longer; constant within an epoch."""
    warmup = warmup_steps(warmup_epochs, steps_per_epoch, epochs)
    if step < warmup:
        return warmup_rate(step, warmup, lr_peak)
    epoch, period = float(step // steps_per_epoch), lr_restart_epochs
    while epoch >= period:
        epoch, period = epoch - period, period * lr_restart_factor
    return lr_final + (lr_peak - lr_final) * (1.0 + cos(pi * epoch / period)) / 2.0


def make_schedule(recipe: Recipe) -> Schedule:
    """The recipe's schedule."""
    return build_schedule(schedules.get(recipe.lr_schedule), recipe)


def build_schedule(part: Any, recipe: Recipe) -> Schedule:
    """The schedule of `part`, which `recipe` names: bound to the recipe's values, with a check of each rate.

    Raises UsageError for a required parameter that is not offered, and the schedule itself for a rate that is negative,
    infinite, not a number or of another type.
    """
    name = f"schedule {recipe.lr_schedule!r}"
    offered = offered_values(recipe)
    made = call_with_options(part, name, None, offered=offered) if isinstance(part, type) else part
    position = {"step": 0, "steps_per_epoch": 1, "epochs": 1}
    arguments = named_arguments(made, name, None, 0, {**offered, **position} if made is part else position)
    changing = position.keys() & arguments.keys()

    def rate_of(step: int, steps_per_epoch: int, epochs: int) -> float:
        now = {"step": step, "steps_per_epoch": steps_per_epoch, "epochs": epochs}
        rate = made(**{**arguments, **{key: now[key] for key in changing}})
        if not isinstance(rate, int | float) or not isfinite(rate) or rate < 0.0:
            raise UsageError(f"{name} gave the rate {rate!r} at step {step}; it must return a finite number from 0 on")
        return float(rate)

    return Schedule(rate_of, _hearing(made, name))


def _hearing(made: Any, name: str) -> Hears | None:
    """The schedule, if it is to be told what the network reaches. UsageError where it could not be resumed then."""
    if isinstance(made, type) or not callable(getattr(made, "hear", None)):
        return None
    missing = [method for method in ("state", "restore") if not callable(getattr(made, method, None))]
    if missing:
        raise UsageError(
            f"{name} has a method hear(metrics), but no {' and no '.join(missing)}: a training that is resumed could "
            "not go on exactly. state() returns what restore(state) takes."
        )
    return cast("Hears", made)


def _half_cosine(done: int, total: int, lr_peak: float, lr_final: float) -> float:
    t = done / max(1, total)
    return lr_final + (lr_peak - lr_final) * (1.0 + cos(pi * t)) / 2.0

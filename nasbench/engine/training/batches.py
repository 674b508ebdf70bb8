"""Another batch than the recipe's: the learning rate that goes with it, and the parts in which it is computed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.engine.config import Place, Whole

POWERS: Mapping[str, float] = {"sgd": 1.0, "rmsprop": 1.0, "adamw": 0.5}
"""Optimiser -> the power of the batch that its rate grows with.

Linear: Goyal et al. 2017 (arXiv:1706.02677), section 2.1; by RMSProp, the ImageNet trainings of NASNet and
EfficientNet. The square root: Malladi et al. 2022 (arXiv:2205.10287), for Adam.
"""


def with_batch(recipe: Recipe, whole: Whole) -> Recipe:
    """The recipe with the batch, and the parts by number, that a configuration asks for."""
    if isinstance(whole.accumulate, int):
        recipe = replace(recipe, accumulate=whole.accumulate)
    if whole.batch_size is None or whole.batch_size == recipe.batch_size:
        return recipe
    factor = (whole.batch_size / recipe.batch_size) ** POWERS.get(recipe.optimizer, 0.0)
    return replace(
        recipe, batch_size=whole.batch_size, lr_peak=recipe.lr_peak * factor, lr_final=recipe.lr_final * factor
    )


def told_of_batch(before: Recipe, after: Recipe) -> tuple[str, ...]:
    """What `with_batch` changed, in words."""
    if before.batch_size == after.batch_size:
        return ()
    power = POWERS.get(before.optimizer)
    if power is None:
        rule = f"stays {after.lr_peak:g}: for optimizer {before.optimizer!r} no rule is known"
    else:
        rule = f"{after.lr_peak:g} for {before.lr_peak:g}, {'linearly' if power == 1 else 'by the square root'}"
    told = (
        f"batches of {after.batch_size:,} images where recipe {before.name!r} has {before.batch_size:,}; "
        f"peak learning rate {rule}"
    )
    if after.batch_size > 4 * before.batch_size and not after.warmup_epochs:
        told += ". So large a rate needs a warm-up, which this recipe has not (Goyal et al. 2017: 5 epochs)"
    return (told,)


def in_parts(
    recipe: Recipe, models: Mapping[str, ModelSpec], whole: Whole, place: Place, device_name: str
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with as many parts of a batch as the largest of the models needs, if that is asked for, and what to
    say. A resumed run has as many as it began with. UsageError if one image does not fit.
    """
    if whole.accumulate != "auto":
        return recipe, ()
    from nasbench.blank import blank
    from nasbench.evaluators.building import build_network
    from nasbench.train.device import resolve_device
    from nasbench.train.replicas import of_process_group
    from nasbench.train.step_memory import free_bytes, parts_that_fit

    if place.resume and place.run is not None:
        began: dict[str, Any] = RunStore.read(place.directory()).run.get("plan", {}).get("recipe", {})
        return replace(recipe, accumulate=int(began.get("accumulate", recipe.accumulate))), ()
    replicas = of_process_group()
    batch = replicas.check_batch(recipe.batch_size) // replicas.count

    def needed() -> int:
        free, found = free_bytes(replicas.device(resolve_device(device_name))), 1
        for spec in models.values():
            with blank():
                network = build_network(spec)
            task = spec.seen_task
            found = max(found, parts_that_fit(network, task, recipe, batch, free, whole.checkpoint_activations))
        return found

    parts = replicas.from_leader(needed)
    return replace(recipe, accumulate=parts), (f"each batch is computed in {parts} part(s), as memory allows",)

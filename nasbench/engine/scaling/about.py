"""What `nasbench scale --search` says before it starts: the base, how large candidates are, what has no effect."""

from nasbench.core.count_text import quantity
from nasbench.core.recipe import Recipe
from nasbench.core.spec import ModelSpec
from nasbench.engine.config import ScaleConfig
from nasbench.engine.config.record import flag
from nasbench.engine.parts.models import build
from nasbench.engine.scaling.budgets import given

EARLY_STOPPING_EPOCHS = 3
"""From so many epochs a candidate on, bad candidates are stopped early."""


def stops_early(config: ScaleConfig, epochs: int) -> bool:
    """Whether bad candidates are stopped before the last epoch."""
    return not config.to_the_end and epochs >= EARLY_STOPPING_EPOCHS


def about(config: ScaleConfig, pixels: int, whole: int, part: int, recipe: Recipe) -> list[str]:
    """What is searched, from a base of `whole` multiply-adds at so many pixels that the recipe shrinks to `part`."""
    size = "candidates have about twice as many"
    if given(config):
        asked = " and ".join(f"{flag(name)} {getattr(config, name)}" for name in given(config))
        size = f"candidates are as large as {asked} lets the base become"
    lines = [f"base {config.base}: {whole / 1e6:.1f}M multiply-adds at {pixels} px; {size}"]
    if part != whole:
        lines = [
            f"base {config.base}, shrunk by the recipe {recipe.name!r} to depth x {recipe.base_depth:g} and width x "
            f"{recipe.base_width:g}: {part / 1e6:.1f}M multiply-adds at {pixels} px, not "
            f"{whole / 1e6:.1f}M; {size}" + (", and are trained shrunk as it is" if given(config) else "")
        ]
    if stops_early(config, recipe.epochs):
        lines.append(
            f"bad candidates are stopped before the end of {quantity(recipe.epochs, 'epoch')} "
            "(--to-the-end trains all of them whole)"
        )
    return lines


def notes_on(name: str, base: ModelSpec, recipe: Recipe) -> tuple[str, ...]:
    """What of the recipe has no effect on the base."""
    import torch

    from nasbench.train.ignored import ignored_fields, told

    with torch.device("meta"):
        network = build(base)
    return told(name, recipe, ignored_fields(network, base.seen_task, recipe))

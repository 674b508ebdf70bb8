"""A search that trains shared weights before it searches."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.engine.config.record import Record, number, options, part

SHARING: dict[str, Any] = {"trials": 500, "retrain_top": 5, "check": 8}
"""What --weight-sharing sets: explicit flags win."""


def supernet_directory(directory: Path) -> Path:
    """Where the supernet of the search in `directory` lies."""
    return directory.with_name(f"{directory.name}-supernet")


@dataclass(frozen=True)
class Sharing(Record):
    """Shared weights: how they are trained before the search."""

    weight_sharing: str | None = part(None, "sampler")
    """Train the weights of all architectures first, with paths drawn by enas, fair, uniform or another sampler, and
    score children with them: 500 trials, then the best 5 and a check of 8 are trained by themselves, unless said
    otherwise.
    """
    sampler_options: tuple[str, ...] = options()
    """The sampler's own settings, KEY=VALUE."""
    share: str | None = None
    """What the space's supernet shares besides. inputs (nasnet, enas-micro): an operation has the same weights
    whichever input it reads.
    """
    supernet_recipe: str = part("supernet", "recipe")
    """The recipe of the shared weights; --recipe is that of the networks that are trained by themselves."""
    supernet_epochs: int | None = number(None, low=1)
    """Epochs of the shared weights (else the recipe's)."""

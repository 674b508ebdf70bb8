"""The published EfficientNets beside a scaled one: B1 to B7 come from a table of multipliers, not from alpha, beta,
gamma and a phi.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log
from typing import Any

from nasbench.core.compound import PUBLISHED, Multipliers
from nasbench.core.errors import unknown
from nasbench.core.spec import ModelSpec
from nasbench.engine.parts.scaled import compound_scale

BASE = "efficientnet_b0"


@dataclass(frozen=True)
class PublishedScale:
    """A row of the table: multipliers of B0, side in pixels, counts in the published form."""

    name: str
    multipliers: Multipliers
    pixels: int
    params: int
    macs: int
    dropout: float

    @property
    def effective_phi(self) -> Mapping[str, float]:
        """The phi that each dimension alone would have with the published coefficients: were there one, they would
        agree.
        """
        coefficients = {"depth": PUBLISHED.alpha, "width": PUBLISHED.beta, "resolution": PUBLISHED.gamma}
        return {name: log(value) / log(coefficients[name]) for name, value in vars(self.multipliers).items()}

    def to_json(self) -> dict[str, Any]:
        size = {"depth": self.multipliers.depth, "width": self.multipliers.width, "resolution": self.pixels}
        return {
            "name": self.name,
            **size,
            "params": self.params,
            "macs": self.macs,
            "effective_phi": dict(self.effective_phi),
        }


def table() -> dict[str, PublishedScale]:
    """b0 to b7."""
    from zoo.families.efficientnet import PUBLISHED as SCALES

    side = SCALES["b0"].image_size
    return {
        name: PublishedScale(
            name,
            Multipliers(scale.depth, scale.width, scale.image_size / side),
            scale.image_size,
            scale.params,
            scale.macs,
            scale.dropout,
        )
        for name, scale in SCALES.items()
    }


def named(name: str) -> PublishedScale:
    """One row. UsageError with the nearest name where there is none."""
    rows = table()
    if name.lower() not in rows:
        raise unknown("published EfficientNet", name, rows)
    return rows[name.lower()]


def build_as_published(row: PublishedScale, base: ModelSpec) -> ModelSpec:
    """The zoo's own network of that row, seeing images as many times larger than the base's as the table says."""
    pixels = compound_scale(base, row.multipliers).size.resolution
    return replace(
        base, name=f"efficientnet_{row.name}", size=replace(base.size, depth=1.0, width=1.0, resolution=pixels)
    )


def nearest(base: ModelSpec, macs: int) -> PublishedScale | None:
    """The published network whose multiply-adds come nearest; None unless the base is B0 in its published form."""
    rows = table()
    if base.name != BASE or (base.task.image_size, base.task.num_classes) != (rows["b0"].pixels, 1000):
        return None
    return min(rows.values(), key=lambda row: abs(log(row.macs / macs)))

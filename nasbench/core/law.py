"""Scaling laws: how a network's growth is shared out among depth, width and resolution.

A power law gives multipliers for any phi; a ladder is a published table whose rows follow no formula. Both are data.
"""

from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

from nasbench.core.compound import Coefficients, Multipliers
from nasbench.core.errors import UsageError, unknown


@runtime_checkable
class Law(Protocol):
    """A law for any phi. It may have a `rounding` (`nasbench.core.spec.ROUNDINGS`); else EfficientNet's is taken."""

    def at(self, phi: float) -> Multipliers:
        """The multipliers of a phi, which do not shrink as phi grows."""


@final
@dataclass(frozen=True)
class PowerLaw:
    """alpha**phi, beta**phi, gamma**phi; rounded by the rounding of that name.

    `free` are the dimensions that grow: a search for coefficients looks for the shares of these.
    """

    coefficients: Coefficients
    rounding: str = ""

    def at(self, phi: float) -> Multipliers:
        return self.coefficients.at(phi)

    @property
    def free(self) -> tuple[str, ...]:
        values = dict(zip(("depth", "width", "resolution"), vars(self.coefficients).values(), strict=True))
        return tuple(name for name, value in values.items() if value > 1)


def shared(depth: float, width: float, resolution: float, rounding: str = "nearest") -> PowerLaw:
    """The power law by which multiply-adds double with each phi, and of the doubling depth, width and resolution have
    these parts (of their sum): depth = s**part, width = s**(part / 2), resolution = s**(part / 2), where s = 2**phi.
    """
    whole = depth + width + resolution
    return PowerLaw(
        Coefficients(2 ** (depth / whole), 2 ** (width / whole / 2), 2 ** (resolution / whole / 2)), rounding
    )


@final
@dataclass(frozen=True)
class Rung:
    """A row of a published table: multipliers of the ladder's base, side in pixels, top-1 accuracy in percent.

    `network` is the zoo's network of that row where no multipliers of one base make it; `dropout` its published one.
    """

    name: str
    pixels: int
    depth: float = 1.0
    width: float = 1.0
    network: str = ""
    top1: float | None = None
    dropout: float | None = None


@final
@dataclass(frozen=True)
class Ladder:
    """A published table. `pixels` are those of the base's row; `source` says where the accuracies are from."""

    base: str
    pixels: int
    rungs: tuple[Rung, ...]
    rounding: str = ""
    source: str = ""

    @property
    def of_networks(self) -> bool:
        """Whether its rows are networks of their own, which no other base can be scaled to."""
        return any(rung.network for rung in self.rungs)

    def rung(self, name: str) -> Rung:
        """The row of that name. UsageError with the nearest name where there is none."""
        by_name = {rung.name: rung for rung in self.rungs}
        if name.lower() not in by_name:
            raise unknown("row of the law's table", name, by_name)
        return by_name[name.lower()]

    def multipliers(self, rung: Rung) -> Multipliers:
        """The row's multipliers, its resolution relative to the base's."""
        return Multipliers(rung.depth, rung.width, rung.pixels / self.pixels)


def checked_law(name: str, part: Any) -> "Law | Ladder":
    """The part as a law. UsageError where it is none."""
    if isinstance(part, type) or not isinstance(part, Ladder | Law):
        raise UsageError(
            f"{name!r} is no law: it is {type(part).__name__}, and must be a nasbench.core.law.PowerLaw or Ladder, or "
            "an object with at(phi) -> Multipliers"
        )
    return part

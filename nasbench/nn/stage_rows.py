"""Networks that list their stages, for tables of what scaling changes."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class StageRow:
    """`repeats` blocks of one kind, one after another, each with `channels` outputs. Only the first has the stride.

    `expansion` is that of inverted residuals: inner channels of a block / channels that enter it.
    """

    operator: str
    channels: int
    repeats: int
    kernel: int
    stride: int
    expansion: float = 1.0


@runtime_checkable
class Staged(Protocol):
    """A network of stages."""

    def stage_rows(self) -> tuple[StageRow, ...]:
        """The stages in order, from the stem to the head. The product of their strides is the stride of the network."""

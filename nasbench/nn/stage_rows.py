"""Networks that can say what stages they are made of, for tables of what scaling changed."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class StageRow:
    """Blocks of one kind in a row: `channels` out of each of `repeats` blocks; the stride is in the first.

    `expansion` is that of inverted residuals: a block's inner channels to those that enter it.
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
        """From the stem to the head, in order; the product of their strides is the network's."""

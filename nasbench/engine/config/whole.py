"""How whole trainings are run, in memory and time: what train, compare and transfer take besides recipe and data."""

from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.engine.config.record import Record, free, number

LARGEST_VALIDATION = 0.9


@dataclass(frozen=True)
class Whole(Record):
    """How whole trainings are run."""

    val_split: float | None = number(None, low=0, takes="a share from 0 to 0.9")
    """Share of the training images that are for validation (else the data set's own split). 0: all images are for
    training, no epoch is chosen, and the last weights are kept and tested.
    """
    batch_size: int | None = number(None, low=1)
    """Images of an optimiser step, over all processes (else the recipe's). The learning rate grows with it: linearly
    with sgd and rmsprop, by the square root with adamw.
    """
    accumulate: int | Literal["auto"] | None = number(None, low=1, words=("auto",))
    """Compute each batch in so many parts, one after another, which takes less memory (else the recipe's). auto: in as
    many as the memory that is free asks for.
    """
    checkpoint_activations: bool = free(False)
    """Compute the repeated parts of the network twice, so that their activations need not be kept: less memory, a third
    more time, the same numbers.
    """
    compile: bool = free(False)
    """Compile the repeated parts of the network for training: up to some minutes at the start, which long trainings on
    a GPU earn back.
    """
    loaders: int | None = number(None, low=0, free=True)
    """Processes that read images from files (else 0 on a CPU, and a core each up to 8 for a GPU)."""
    save_every: int = number(1000, low=1, free=True)
    """Within long epochs, write what an interrupted training goes on from every so many steps."""
    log_every: int = number(100, low=1, free=True)
    """Within long epochs, say loss, images a second and the part of the time that images are waited for, every so many
    steps (and not more often than every 10 seconds).
    """

    def check(self) -> None:
        super().check()
        if self.val_split is not None and self.val_split > LARGEST_VALIDATION:
            raise UsageError(f"--val-split takes a share from 0 to {LARGEST_VALIDATION}; got {self.val_split:g}")

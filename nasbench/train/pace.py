"""How fast an epoch goes, and how much of the time the device waits for images."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TypeVar

from torch import Tensor

from nasbench.core.within_epoch import STEP, STEPS

LOG_EVERY = 100
"""Steps between two reports within an epoch, unless another number is asked for."""
LEAST_SECONDS = 10.0
"""No report follows another sooner: an epoch of seconds needs none."""

T = TypeVar("T")


class Pace:
    """Follows one epoch of `steps` steps of `images` images each. `first` steps are done, with losses of `sums`."""

    def __init__(
        self,
        images: int,
        steps: int,
        every: int,
        first: int = 0,
        sums: Tensor | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._images, self._steps, self._every, self._clock = images, steps, every, clock
        self._step, self._loss = first, 0.0 if sums is None else sums[0].item()
        self._since, self._waited = clock(), 0.0

    def timed(self, batches: Iterator[T]) -> Iterator[T]:
        """The batches; the time until each is there counts as waiting."""
        while True:
            start = self._clock()
            batch = next(batches, None)
            self._waited += self._clock() - start
            if batch is None:
                return
            yield batch

    def after(self, step: int, sums: Tensor) -> dict[str, float] | None:
        """What there is to say after `step` steps of the epoch; None where it is not yet time, and after the last.

        Since the last report: the mean `train_loss`, `images_per_second`, and `waiting`, the part of the time in which
        no images were there. `seconds_left` is of the epoch, at that rate.
        """
        seconds = self._clock() - self._since
        if step % self._every or step == self._steps or seconds < LEAST_SECONDS:
            return None
        steps, loss = step - self._step, sums[0].item()  # waits for a GPU
        seconds = self._clock() - self._since
        told = {
            STEP: step,
            STEPS: self._steps,
            "train_loss": (loss - self._loss) / steps,
            "images_per_second": round(self._images * steps / seconds, 1),
            "waiting": round(self._waited / seconds, 3),
            "seconds_left": round((self._steps - step) * seconds / steps, 1),
        }
        self._step, self._loss, self._since, self._waited = step, loss, self._clock(), 0.0
        return told

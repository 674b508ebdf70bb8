"""What trainings have reported after each epoch, for a score that is made of more than the last of it."""

from collections.abc import Iterable, Mapping
from typing import Any, final

from nasbench.core.protocols import Curve, Metrics


@final
class Heard:
    """The curves of trainings by the number of their trial.

    `earlier` are lines of curves.jsonl, of an earlier process.
    """

    def __init__(self, earlier: Iterable[Mapping[str, Any]] = ()) -> None:
        self._curves: dict[int, dict[int, Metrics]] = {}
        for line in earlier:
            self.hear(line["number"], line["epoch"], line)

    def hear(self, number: int, epochs: int, metrics: Metrics) -> None:
        """A report of trial `number`. What it said of later epochs was of a training that was begun again."""
        before = self._curves.get(number, {})
        self._curves[number] = {**{epoch: told for epoch, told in before.items() if epoch < epochs}, epochs: metrics}

    def of(self, number: int, before: int | None = None) -> Curve:
        """The curve of a trial. `before`: the trial whose training goes on in it, which knows the earlier epochs."""
        own = self._curves.get(number, {})
        begun = min(own, default=0)
        earlier = {} if before is None else self._curves.get(before, {})
        return sorted([*((epoch, told) for epoch, told in earlier.items() if epoch < begun), *own.items()], key=_epoch)

    def forget(self, number: int) -> None:
        """Nothing is asked about a trial any more."""
        self._curves.pop(number, None)


def _epoch(point: tuple[int, Metrics]) -> int:
    return point[0]

"""Which points no other point beats: the Pareto front of any number of values, of each of which more is better."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import ge
from typing import Protocol, final

Point = tuple[float, ...]


def undominated(points: Sequence[Point]) -> list[int]:
    """The indices of the points that no other is at least as good as in every value and better in one.

    The best in the first value come first; of equal points all are there, in their order. With n points and f of them
    on the front, it takes the time of sorting, n log n, for up to three values, and n x f for more.
    """
    if not points or not points[0]:
        return []
    front: list[int] = []
    cover = _cover(len(points[0]) - 1)
    last: Point | None = None
    # In descending order, every point comes after those that dominate it. So the first value needs no look any more.
    for index in sorted(range(len(points)), key=points.__getitem__, reverse=True):
        point = points[index]
        if point == last:  # equal points share their fate
            front += [index] if front and points[front[-1]] == point else []
            continue
        last = point
        if not cover.holds(point[1:]):
            cover.add(point[1:])
            front.append(index)
    return front


class Cover(Protocol):
    """What the points of the front cover: all that is nowhere better than one of them."""

    def holds(self, rest: Point) -> bool: ...

    def add(self, rest: Point) -> None:
        """`rest` is not held yet."""


def _cover(values: int) -> Cover:
    return _Best() if values < 2 else _Stairs() if values == 2 else _All()


@final
class _Best:
    """Of one value, or of none: the highest so far."""

    def __init__(self) -> None:
        self._best: Point | None = None

    def holds(self, rest: Point) -> bool:
        return self._best is not None and rest <= self._best

    def add(self, rest: Point) -> None:
        self._best = rest


@final
class _Stairs:
    """Of two values: the steps of a staircase, up in the first value and down in the second."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._second: list[float] = []

    def holds(self, rest: Point) -> bool:
        place = bisect_left(self._first, rest[0])
        return place < len(self._first) and self._second[place] >= rest[1]

    def add(self, rest: Point) -> None:
        end = bisect_left(self._first, rest[0])
        if end < len(self._first) and self._first[end] == rest[0]:
            end += 1
        start = end
        while start and self._second[start - 1] <= rest[1]:
            start -= 1
        self._first[start:end], self._second[start:end] = [rest[0]], [rest[1]]


@final
class _All:
    """Of more values: every point of the front."""

    def __init__(self) -> None:
        self._front: list[Point] = []

    def holds(self, rest: Point) -> bool:
        return any(all(map(ge, known, rest)) for known in self._front)

    def add(self, rest: Point) -> None:
        self._front.append(rest)

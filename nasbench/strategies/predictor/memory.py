"""Which observations the model keeps, where a search is longer than it can hold: the newer half, and the best of the
older ones.
"""

from collections.abc import Callable
from typing import Generic, TypeVar, final

Key = TypeVar("Key")


@final
class Memory(Generic[Key]):
    """Keys in the order of observation. What was looked at once is not looked at again: of the older ones, the best so
    far are known.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._order: list[Key] = []
        self._best: list[Key] = []
        """The best of the first `_older` keys, in the order of observation."""
        self._older = 0

    def add(self, key: Key) -> None:
        self._order.append(key)

    def forget(self) -> None:
        """A score has changed: all are looked at again."""
        self._best, self._older = [], 0

    def kept(self, score_of: Callable[[Key], float | None]) -> list[Key]:
        """At most as many keys as the model holds, in the order of observation. Older ones without a score are left
        out.
        """
        if len(self._order) <= self._most:
            return list(self._order)
        half = self._most // 2
        end = len(self._order) - half
        older = [*self._best, *(key for key in self._order[self._older : end] if score_of(key) is not None)]
        best = set(sorted(older, key=lambda key: -(score_of(key) or 0.0))[:half])
        self._best, self._older = [key for key in older if key in best], end
        return [*self._best, *self._order[end:]]

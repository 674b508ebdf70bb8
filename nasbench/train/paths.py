"""Files by name: the images of a large data set, as text that they share the folder of."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload


class Paths(Sequence[Path]):
    """Files under `root`, by their names from there on. Each becomes a Path when it is asked for.

    A million Path objects take some 500 MiB, a million names a fifth of it.
    """

    __slots__ = ("_names", "_root")

    def __init__(self, root: str, names: Sequence[str]) -> None:
        self._root, self._names = root, tuple(names)

    @property
    def names(self) -> tuple[str, ...]:
        """The files, as names from the root on."""
        return self._names

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> "Paths": ...
    def __getitem__(self, index: int | slice) -> "Path | Paths":
        if isinstance(index, slice):
            return Paths(self._root, self._names[index])
        return Path(self._root, self._names[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Paths) and (self._root, self._names) == (other._root, other._names)

    def __hash__(self) -> int:
        return hash((self._root, self._names))

    def take(self, indices: Iterable[int]) -> "Paths":
        """The files at `indices`, in that order."""
        return Paths(self._root, [self._names[index] for index in indices])

    def texts(self) -> list[str]:
        """The whole path of each, as text."""
        return [os.path.join(self._root, name) for name in self._names]


def texts(paths: Sequence[Path]) -> list[str]:
    """The whole path of each, as text."""
    return paths.texts() if isinstance(paths, Paths) else [str(path) for path in paths]


def printable(path: str | os.PathLike[str]) -> str:
    """A path as it can be printed, on one line: bytes that are no UTF-8 and control characters as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)

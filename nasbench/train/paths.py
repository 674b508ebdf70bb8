"""Files by name: the images of a large data set, as one text that they share the folder of."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload


class Paths(Sequence[Path]):
    """Files under `root`, by their names from there on. Each becomes a Path when it is asked for.

    All names are one array of bytes, with the place where each ends. A million Path objects take some 500 MiB and a
    million names 100; this takes the letters of the names and 8 bytes each.
    """

    __slots__ = ("_ends", "_root", "_text")

    def __init__(self, root: str, names: Iterable[str]) -> None:
        text, ends = bytearray(), array("q")
        for name in names:
            text += os.fsencode(name)
            ends.append(len(text))
        self._root, self._text, self._ends = root, bytes(text), ends

    @property
    def root(self) -> str:
        """The folder that the names count from."""
        return self._root

    @property
    def packed(self) -> tuple[bytes, "array[int]"]:
        """The names one after another, as the system writes them, and where each ends: 8 bytes a number."""
        return self._text, self._ends

    @property
    def names(self) -> tuple[str, ...]:
        """The files, as names from the root on."""
        return tuple(self._every())

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> "Paths": ...
    def __getitem__(self, index: int | slice) -> "Path | Paths":
        if isinstance(index, slice):
            return self.take(range(len(self))[index])
        return Path(self._root, self._name(range(len(self))[index]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Paths) and (self._root, *self.packed) == (other._root, *other.packed)

    def __hash__(self) -> int:
        return hash((self._root, self._text, len(self)))

    def take(self, indices: Iterable[int]) -> "Paths":
        """The files at `indices`, in that order."""
        return Paths(self._root, (self._name(index) for index in indices))

    def texts(self) -> list[str]:
        """The whole path of each, as text."""
        return [os.path.join(self._root, name) for name in self._every()]

    def _name(self, index: int) -> str:
        return name_at(self._text, self._ends, index)

    def _every(self) -> Iterator[str]:
        return map(self._name, range(len(self)))


def name_at(text: bytes | memoryview, ends: Sequence[int], index: int) -> str:
    """The name at `index` of names that are packed as in `Paths.packed`."""
    return os.fsdecode(bytes(text[ends[index - 1] if index else 0 : ends[index]]))


def texts(paths: Sequence[Path]) -> list[str]:
    """The whole path of each, as text."""
    return paths.texts() if isinstance(paths, Paths) else [str(path) for path in paths]


def printable(path: str | os.PathLike[str]) -> str:
    """A path as it can be printed, on one line: bytes that are no UTF-8 and control characters as escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)

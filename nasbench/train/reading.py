"""What was met while a data set's images were found and read: what was left out, and what was not read as it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbench.train.paths import printable

EXAMPLES = 3
"""So many files of a kind are named."""
REASONS = 20
"""Of so many files that cannot be read, the reason is kept."""


@dataclass
class Kind:
    """Files that one thing is true of: how many, and the first of them."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Counts one more."""
        self.count += 1
        if len(self.first) < EXAMPLES:
            self.first.append(printable(path))

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "first": self.first}

    def __str__(self) -> str:
        return f"{', '.join(self.first)}{', ...' if self.count > len(self.first) else ''}"


@dataclass
class Reading:
    """What a process met in a data set. Each file counts once, however often it is read.

    Attributes:
        images: how many images each split has; of the test split, which a search does not read, how many files.
        layout: how the splits are made, in words; empty where that is the data set's own affair.
        left_out: what lies among the images and is none, by kind.
        read_as: images that were not taken as they are in the file, by what was done to them.
        unreadable: files that were left out because they cannot be read, with the reason.
        warnings: what makes the numbers of this data set weak.
    """

    images: dict[str, int] = field(default_factory=dict)
    layout: str = ""
    left_out: dict[str, Kind] = field(default_factory=dict)
    read_as: dict[str, Kind] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _known: set[int] = field(default_factory=set)
    _num_unreadable: int = 0

    def note(self, path: Path, kinds: Iterable[str]) -> None:
        """What was done to the image at `path`."""
        for kind in kinds:
            if self._is_new(kind, str(path)):
                self.read_as.setdefault(kind, Kind()).add(str(path))

    def leave_out(self, path: Path, reason: str) -> None:
        """A file that cannot be read."""
        if self._is_new("unreadable", str(path)):
            self._num_unreadable += 1
            if len(self.unreadable) < REASONS:
                self.unreadable[printable(path)] = reason

    def merge(self, record: Mapping[str, Any]) -> None:
        """Takes in what another process met in the same data set, as its `to_json` told."""
        for name, kinds in (("left_out", self.left_out), ("read_as", self.read_as)):
            for kind, told in record.get(name, {}).items():
                if told["count"] > kinds.get(kind, Kind()).count:
                    kinds[kind] = Kind(told["count"], list(told["first"]))
        told = record.get("unreadable", {"count": 0, "files": {}})
        if told["count"] > self._num_unreadable:
            self._num_unreadable, self.unreadable = told["count"], dict(told["files"])

    def to_json(self) -> dict[str, Any]:
        """For run.json; empty where nothing was read."""
        if not self.images:
            return {}
        return {
            "images": dict(self.images),
            **({"layout": self.layout} if self.layout else {}),
            "left_out": {name: kind.to_json() for name, kind in self.left_out.items()},
            "read_as": {name: kind.to_json() for name, kind in self.read_as.items()},
            "unreadable": {"count": self._num_unreadable, "files": dict(self.unreadable)},
            "warnings": list(self.warnings),
        }

    def lines(self) -> list[str]:
        """The same for people, a line each."""
        found = []
        if self.layout:
            sizes = [f"{count:,} {split}" for split, count in self.images.items()]
            found.append(f"{', '.join(sizes[:-1])} and {sizes[-1]} images: {self.layout}")
        found += [f"left out {name}: {kind.count:,} ({kind})" for name, kind in self.left_out.items()]
        found += [f"images {name}: {kind.count:,} ({kind})" for name, kind in self.read_as.items()]
        if self._num_unreadable:
            few = list(self.unreadable.items())[:EXAMPLES]
            told = "; ".join(f"{path}: {reason}" for path, reason in few) + (
                "; ..." if self._num_unreadable > len(few) else ""
            )
            found.append(f"left out files that cannot be read: {self._num_unreadable:,} ({told})")
        return [*found, *self.warnings]

    def _is_new(self, kind: str, path: str) -> bool:
        key = hash((kind, path))
        if key in self._known:
            return False
        self._known.add(key)
        return True

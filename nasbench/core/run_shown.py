"""What a run comes to beyond its series: tables and drawings, for trackers that can keep such things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Table:
    """Rows of JSON values, each as long as `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> "Table":
        """From any sequences. ValueError for a row of another length."""
        if wrong := [row for row in rows if len(row) != len(columns)]:
            raise ValueError(f"a row of {len(columns)} columns; got {wrong[0]!r}")
        return cls(tuple(columns), tuple(map(tuple, rows)))


@dataclass(frozen=True)
class RunShown:
    """Name -> table; name -> SVG of a drawing; key of a network -> SVG of its cells."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Shows(Protocol):
    """A tracker that keeps tables and drawings. It is handed them before `finish`, where the run has ended well."""

    @property
    def shows(self) -> bool:
        """Whether it wants them in this run; making them takes a while."""

    def show(self, shown: RunShown) -> None: ...

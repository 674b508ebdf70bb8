"""The series of a run as a CSV file: `series.csv` in the run directory, a line for each value.

Columns: `axis` (trial or epoch), `step` on it, `name`, `value`. One name is a curve:
`frame[frame.name == "best_so_far"].plot(x="step", y="value")`.
"""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from nasbench.core.protocols import RunInfo
from nasbench.core.registry import trackers as known
from nasbench.trackers.series_tracker import SeriesTracker

FILE = "series.csv"
COLUMNS = ("axis", "step", "name", "value")


@known.register("csv")
class CsvTracker(SeriesTracker):
    """Appends; a resumed run goes on with the file."""

    def open(self, run: RunInfo) -> bool:
        self._path = run.directory / FILE
        new = not self._path.exists()
        if new:
            self._append([COLUMNS])
        return new

    def write(self, axis: str, step: int, values: Mapping[str, float]) -> None:
        self._append((axis, step, name, value) for name, value in values.items())

    def _append(self, rows: Iterable[tuple[Any, ...]]) -> None:
        text = StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(text.getvalue())

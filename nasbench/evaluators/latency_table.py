"""A table of latencies of one's own: milliseconds by block, as ProxylessNAS and FBNet have them of a phone.

A CSV with the columns `operation`, `input`, `output` and `ms` (`evaluators/blocks` says how blocks are written). The
latency of a network is the sum over its blocks (Cai et al. 2019, arXiv:1812.00332, section 3.3; Wu et al. 2019,
arXiv:1812.03443, section 3.2). A block that the table has is taken whole; of others, the parts are looked up.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from math import isfinite
from pathlib import Path

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.identity import digest
from nasbench.core.spec import ModelSpec
from nasbench.core.writing import write_atomically
from nasbench.evaluators.blocks import Block, Shaped, blocks_of
from nasbench.evaluators.table_file import read_sheet

COLUMNS = ("operation", "input", "output", "ms")
SHOWN = 3
"""So many of the rows that are missing are named in an error."""


@dataclass(frozen=True)
class LatencyTable:
    """Milliseconds by block."""

    path: str
    rows: Mapping[Shaped, float]

    def __call__(self, spec: ModelSpec) -> float:
        """Milliseconds of the network: the sum of its blocks. TrialFailed for a block that the table lacks."""
        missing: list[Shaped] = []
        total = self._sum(blocks_of(spec), missing)
        if missing:
            different = list(dict.fromkeys(missing))
            named = "; ".join(map(str, different[:SHOWN])) + ("; ..." if len(different) > SHOWN else "")
            raise TrialFailed(
                f"the table {self.path} lacks {len(different)} of the network's blocks: {named}. nasbench profile "
                f"MODEL --latency-rows {self.path} adds the rows that a model needs, for you to fill in."
            )
        return total

    @property
    def digest(self) -> str:
        """Of its content, wherever it lies and in whatever order."""
        return digest({str(shaped): ms for shaped, ms in sorted(self.rows.items(), key=lambda row: str(row[0]))})

    def _sum(self, block: Block, missing: list[Shaped]) -> float:
        """Milliseconds. What does no work by itself, such as an activation, counts where it has a row."""
        if block.shaped in self.rows:
            return self.rows[block.shaped]
        if not block.parts:
            if block.working:
                missing.append(block.shaped)
            return 0.0
        lacks: list[Shaped] = []
        total = sum(self._sum(part, lacks) for part in block.parts)
        # where none of a block's parts is known, it is the block that is missing: the table may be of larger blocks
        unit = lacks and block.is_unit and not total
        missing += [block.shaped] if unit else lacks
        return total


def read_latency_table(path: Path) -> LatencyTable:
    """The table in a file. UsageError with the line for what is no row of one, and for a row without its latency."""
    rows = _read(path)
    found = {shaped: ms for shaped, (_, ms) in rows.items() if ms is not None}
    empty = [place for place, ms in rows.values() if ms is None]
    if empty:
        raise UsageError(f"{empty[0]} of the table {path} has no ms yet ({len(empty)} such rows in all). Fill them in.")
    return LatencyTable(str(path), found)


def add_rows(path: Path, spec: ModelSpec) -> tuple[int, int]:
    """Adds the rows that the network needs and the table lacks, without their ms, for somebody to fill in.

    Returns how many were added, and how many the network needs. The file is made where there is none.
    """
    known = {shaped: ms for shaped, (_, ms) in _read(path).items()} if path.exists() else {}
    needed = {unit.shaped: None for unit in blocks_of(spec).units()}
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for shaped, ms in {**needed, **known}.items():
        writer.writerow((shaped.operation, shaped.input, shaped.output, "" if ms is None else repr(ms)))
    write_atomically(path, text.getvalue())
    return len(needed.keys() - known.keys()), len(needed)


def _read(path: Path) -> dict[Shaped, tuple[str, float | None]]:
    """Row -> its place in the file, and its latency if it has one."""
    if not path.is_file():
        raise UsageError(
            f"no such table of latencies: {str(path)!r}. nasbench profile MODEL --latency-rows {path} begins one."
        )
    sheet = read_sheet(path, COLUMNS)
    missing = [name for name in COLUMNS if name not in sheet.columns]
    if missing:
        raise UsageError(
            f"the table {path} lacks the column {missing[0]!r}. A table of latencies has the columns "
            f"{', '.join(COLUMNS)}; it has {', '.join(sheet.columns)}."
        )
    places = [sheet.columns.index(name) for name in COLUMNS]
    rows: dict[Shaped, tuple[str, float | None]] = {}
    for row in sheet.rows:
        *names, text = (str(row.cells[place]).strip() for place in places)
        shaped, ms = Shaped(*names), _milliseconds(text, f"{row.place} of the table {path}")
        before, other = rows.get(shaped, (row.place, ms))
        if other != ms:
            raise UsageError(f"{row.place} of the table {path} has another ms for {shaped} than {before}. Keep one.")
        rows[shaped] = row.place, ms
    if not rows:
        raise UsageError(f"the table {path} has no rows")
    return rows


def _milliseconds(text: str, place: str) -> float | None:
    if text in ("", "None"):  # as CSV and Parquet have an empty cell
        return None
    try:
        ms = float(text)
    except ValueError:
        ms = -1.0
    if not (isfinite(ms) and ms >= 0):
        raise UsageError(f"{place}: ms is a number from 0 on; got {text!r}")
    return ms

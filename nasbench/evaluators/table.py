"""A table of known results as an evaluator: CSV, CSV.gz or Parquet, one row an architecture, a column a decision of the space.

A space with a notation of its own (`from_string`) may be written in one column, `arch_str`, instead.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError, unknown
from nasbench.core.protocols import Metrics, Report, SearchSpace
from nasbench.core.registry import evaluators
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.trial import Proposal

Genes = tuple[str, ...]


@evaluators.register("table")
@dataclass(frozen=True)
class TableEvaluator:
    """Looks architectures up. `score_column` is what a strategy sees, `cost_column` seconds; `report_columns` are only reported."""

    file: str
    space: SearchSpace
    score_column: str
    cost_column: str | None = None
    report_columns: tuple[str, ...] = ()

    def check(self) -> None:
        """Reads the table. UsageError where it cannot be read, lacks a column, has a text for a number, or an architecture twice."""
        assert self._rows

    def task(self) -> Task:
        return Task()

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:  # noqa: ARG002 - the protocol's
        architecture = proposal.architecture
        for spelling in (architecture, self.space.canonical(architecture)):
            row = self._rows.get(tuple(str(spelling.genes[decision.name]) for decision in self.space.choices))
            if row is not None:
                return row
        raise UsageError(f"the table {self.file} has no row for the architecture {dict(architecture.genes)}. Add its row.")

    @cached_property
    def _rows(self) -> Mapping[Genes, Mapping[str, float]]:
        decisions = [decision.name for decision in self.space.choices]
        results = [self.score_column, *([self.cost_column] if self.cost_column else []), *self.report_columns]
        rows: dict[Genes, Mapping[str, float]] = {}
        lines: dict[Genes, int] = {}
        for line, record in enumerate(_records(Path(self.file)), start=2):
            notation = "arch_str" in record and hasattr(self.space, "from_string")
            for column in [*(["arch_str"] if notation else decisions), *results]:
                if column not in record:
                    raise unknown(f"column in the table {self.file}", column, record, "Name the score with --score-column.")
            if notation:
                architecture = self.space.from_string(record["arch_str"])  # type: ignore[attr-defined]
                genes = tuple(str(architecture.genes[name]) for name in decisions)
            else:
                genes = tuple(str(record[name]) for name in decisions)
            if genes in lines:
                raise UsageError(f"the table {self.file} has one architecture twice, in lines {lines[genes]} and {line}. Delete one.")
            lines[genes] = line
            rows[genes] = {column: _number(record[column], column, line, self.file) for column in results}
        if not rows:
            raise UsageError(f"the table {self.file} has no rows. Write a row an architecture.")
        return rows


def _number(text: Any, column: str, line: int, file: str) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = float("nan")
    if not isfinite(value):
        raise UsageError(f"column {column!r}, line {line} of the table {file} is not a number: {text!r}. Correct it or take out the row.")
    return value


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    if not path.is_file():
        raise UsageError(f"no table at {path}. Give an existing .csv, .csv.gz or .parquet file: --evaluator table:FILE.")
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as parquet

            yield from parquet.read_table(path).to_pylist()
            return
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else open(path, newline="") as file:
            yield from csv.DictReader(file)
    except ImportError as error:
        raise UsageError(f"reading {path} needs pyarrow: pip install pyarrow, or save the table as CSV.") from error
    except (OSError, UnicodeDecodeError, EOFError, csv.Error, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"cannot read the table {path}: {error}. It must be CSV, CSV.gz or Parquet.") from error

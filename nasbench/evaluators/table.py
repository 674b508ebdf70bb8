"""A table of known results as an evaluator: CSV, CSV.gz or Parquet, one row an architecture, a column a decision of the
space.

A space with a notation of its own (`from_string`) may be written in one column, `arch_str`, instead. Tables that come
with the package have names (`SHIPPED`).
"""

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from math import ceil, isfinite, prod
from pathlib import Path
from typing import Any

from nasbench.core.arch import Architecture, Choice, Decision, Gene, Range
from nasbench.core.errors import UsageError, unknown
from nasbench.core.identity import file_digest
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report, SearchSpace
from nasbench.core.registry import evaluators
from nasbench.core.spec import Task

Genes = tuple[Gene, ...]
SUFFIXES = (".csv", ".gz", ".parquet")


@dataclass(frozen=True)
class Shipped:
    """A table in the package: where it lies, and the columns that published studies use."""

    package: str
    file: str
    score_column: str
    cost_column: str
    report_columns: tuple[str, ...]


SHIPPED = {
    "nasbench201-cifar10": Shipped(  # Dong and Yang 2020: search on 12 epochs, report 200
        package="search_spaces.nasbench201",
        file="nasbench201_cifar10.csv.gz",
        score_column="val_accuracy_12",
        cost_column="train_seconds_12",
        report_columns=("val_accuracy_200", "test_accuracy_200"),
    ),
}


def shipped(file: str) -> Shipped | None:
    """The shipped table of that name, or of that file name where no such file lies here; None for a file of one's
    own.
    """
    if file in SHIPPED:
        return SHIPPED[file]
    return None if Path(file).exists() else next((table for table in SHIPPED.values() if table.file == file), None)


@evaluators.register("table")
@dataclass(frozen=True)
class TableEvaluator:
    """Looks architectures up in `file` (or a shipped table's name).

    `score_column` is what a strategy sees, `cost_column` the seconds of a look-up on a simulated clock, of which there
    are `time_budget`; `report_columns` are only reported.
    """

    file: str
    space: SearchSpace
    score_column: str
    cost_column: str | None = None
    report_columns: tuple[str, ...] = ()
    time_budget: float | None = None

    def check(self) -> None:
        """Reads the table. UsageError where it cannot be read, lacks a column, has a text for a number, or an
        architecture twice; and where no look-up fits into the time budget.
        """
        assert self._rows
        if self.time_budget is not None:
            self.most_queries(self.time_budget)

    def task(self) -> Task:
        return Task()

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - the protocol's
        assert job.architecture is not None, job
        return self.row(job.architecture)

    def metrics(self) -> Sequence[str]:
        return self._results

    def identity(self) -> Mapping[str, Any]:
        """The content of the table."""
        with _file_of(self.file) as path:
            return {"table": file_digest(path)}

    def row(self, architecture: Architecture) -> Metrics:
        """The results of an architecture, or else of another spelling of the same network. UsageError where the table
        has neither.
        """
        row = self._rows.get(self._genes(architecture))
        if row is None:
            row = self._by_network.get(self.space.canonical(architecture).key)
        if row is None:
            raise UsageError(
                f"the table {self.file} has no row for the architecture {dict(architecture.genes)}. Add its row: a "
                f"search may ask for any of the space's architectures, and the table has {len(self._rows)}."
            )
        return row

    @property
    def complete(self) -> bool:
        """True where every architecture of the space has its row."""
        sizes = [len(decision.options) if isinstance(decision, Choice) else 0 for decision in self.space.choices]
        return len(self._rows) == prod(sizes)

    def rows(self) -> Sequence[Metrics]:
        """The results of every row."""
        return list(self._rows.values())

    def values(self, column: str) -> list[float]:
        """A result column, in the order of the rows."""
        return [row[column] for row in self._rows.values()]

    def most_queries(self, seconds: float) -> int:
        """The most look-ups that take no longer. UsageError without a cost column, and where there is room for none."""
        if self.cost_column is None:
            raise UsageError("--time-budget counts the seconds of a column of the table: name it with --cost-column")
        lowest = min(self.values(self.cost_column))
        if lowest <= 0:
            raise UsageError(
                f"--time-budget needs costs above 0; the lowest in the column {self.cost_column!r} is {lowest:g}"
            )
        if seconds < lowest:
            raise UsageError(
                f"the table's cheapest query takes {lowest:g} s: a time budget of {seconds:g} s has room for none. "
                "Give more."
            )
        return ceil(seconds / lowest)

    def _genes(self, architecture: Architecture) -> Genes:
        return tuple(architecture.genes[decision.name] for decision in self.space.choices)

    @property
    def _results(self) -> list[str]:
        """The result columns that are read."""
        return list(dict.fromkeys(filter(None, [self.score_column, self.cost_column, *self.report_columns])))

    @cached_property
    def _by_network(self) -> Mapping[str, Mapping[str, float]]:
        """Key of the canonical form -> the first row of that network."""
        names = [decision.name for decision in self.space.choices]
        rows: dict[str, Mapping[str, float]] = {}
        for genes, row in self._rows.items():
            architecture = Architecture(self.space.name, tuple(zip(names, genes, strict=True)))
            rows.setdefault(self.space.canonical(architecture).key, row)
        return rows

    @cached_property
    def _rows(self) -> Mapping[Genes, Mapping[str, float]]:
        decisions = {decision.name: _reader(decision) for decision in self.space.choices}
        results = self._results
        rows: dict[Genes, Mapping[str, float]] = {}
        lines: dict[Genes, int] = {}
        for line, record in enumerate(_records(self.file), start=2):
            notation = (
                "arch_str" in record and hasattr(self.space, "from_string") and not decisions.keys() <= record.keys()
            )
            for column in [*(["arch_str"] if notation else decisions), *results]:
                if column not in record:
                    raise unknown(f"column in the table {self.file}", column, record, _column_hint(column in decisions))
            where = f"line {line} of the table {self.file}"
            if notation:
                genes = self._genes(self._read_notation(str(record["arch_str"]), where))
            else:
                genes = tuple(read(record[name], where) for name, read in decisions.items())
            if genes in lines:
                raise UsageError(
                    f"the table {self.file} has one architecture twice, in lines {lines[genes]} and {line}. Delete one."
                )
            lines[genes] = line
            rows[genes] = {column: _number(record[column], column, where) for column in results}
        if not rows:
            raise UsageError(f"the table {self.file} has no rows. Write a row an architecture.")
        return rows

    def _read_notation(self, text: str, where: str) -> Architecture:
        try:
            architecture: Architecture = self.space.from_string(text)  # type: ignore[attr-defined]
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
        return architecture


def _reader(decision: Decision) -> Callable[[Any, str], Gene]:
    """Cell of a decision's column, where it stands -> the option it names, also as 3.0 for 3. UsageError with the
    nearest for none.
    """
    options = {str(option): option for option in decision.options} if isinstance(decision, Choice) else {}

    def read(cell: Any, where: str) -> Gene:
        option = options.get(str(cell))
        if option is not None:
            return option
        value = _float(cell)
        if isinstance(decision, Range):
            if decision.low <= value <= decision.high:
                return value
            raise UsageError(
                f"decision {decision.name!r}, {where} must lie in [{decision.low}, {decision.high}]; got {cell!r}"
            )
        for option in decision.options:
            if not isinstance(option, str) and option == value:
                return option
        raise unknown(
            f"option of decision {decision.name!r}, {where},", str(cell), options, "Correct it or take out the row."
        )

    return read


def _column_hint(is_decision: bool) -> str:
    if is_decision:
        return "A table has a column for each decision of the space."
    return "Name the columns with --score-column, --cost-column and --report-columns."


def _number(text: Any, column: str, where: str) -> float:
    value = _float(text)
    if not isfinite(value):
        raise UsageError(f"column {column!r}, {where} is not a number: {text!r}. Correct it or take out the row.")
    return value


def _float(text: Any) -> float:
    """The number, or NaN for what is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")


def _records(file: str) -> Iterator[Mapping[str, Any]]:
    with _file_of(file) as path:
        yield from _read(path)


@contextmanager
def _file_of(file: str) -> Iterator[Path]:
    """Where the table lies: a shipped one's place in the package, or the file. UsageError where there is none."""
    table = shipped(file)
    if table is not None:
        with as_file(files(table.package).joinpath(table.file)) as path:
            yield path
        return
    path = Path(file)
    if not path.is_file():
        if path.suffix not in SUFFIXES and len(path.parts) == 1:
            raise unknown("table", file, SHIPPED, "Your own: --evaluator table:FILE, a .csv, .csv.gz or .parquet file.")
        raise UsageError(
            f"no table at {path}. Give an existing .csv, .csv.gz or .parquet file: --evaluator table:FILE."
        )
    yield path


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
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

"""A table of known results as an evaluator: CSV, CSV.gz or Parquet, one row an architecture, a column a decision of the
space.

A space with a notation of its own (`from_string`) may be written in one column, `arch_str`, instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isnan, prod
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture, Choice, Gene, check
from nasbench.core.blame import in_one_line
from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError, unknown
from nasbench.core.identity import file_digest
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report, SearchSpace
from nasbench.core.registry import evaluators
from nasbench.core.shown import sentence
from nasbench.core.spec import Task
from nasbench.evaluators.known_tables import card_of, file_of_table, shipped
from nasbench.evaluators.table_cells import Column, as_options, empty, read_numbers, read_option
from nasbench.evaluators.table_file import Sheet, read_sheet

if TYPE_CHECKING:
    from nasbench.evaluators.surrogate import Surrogate

Genes = tuple[Gene, ...]
NOTATION = "arch_str"
"""The column of the space's own notation."""
SCORE = "val_accuracy"
"""The score column unless another is named."""
COUNTS = ("params", "macs")
"""Columns that are read where they are there: what a network counts."""
PREDICTED = "predicted"
"""The metric that says that a surrogate answered, where it is 1."""
VERSION = 1
"""Of the surrogate's answers: part of a run's identity."""
TOLD = 5
"""The most faults of a table that one message tells."""


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
    objectives: tuple[str, ...] = ()
    """Those of the columns that --objectives names."""
    reward: tuple[str, ...] = ()
    """Those that --reward reads."""
    candidates: str = "space"
    """surrogate: what has no row is answered by a regression on the rows."""

    def check(self) -> None:
        """Reads the table. UsageError where it cannot be read, lacks a column, has a text for a number, or an
        architecture twice; and where no look-up fits into the time budget.
        """
        assert self._rows
        if not self.has_rows_alone:
            assert self._surrogate
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
        with file_of_table(self.file) as path:
            found = {"table": file_digest(path)}
        return {**found, "surrogate": VERSION} if self.candidates == "surrogate" else found

    def told(self) -> str:
        """What the table is, in a sentence: its rows, of which space and data, and its score."""
        rows = quantity(len(self._rows), "row")
        share = "all architectures" if self.complete else "architectures"
        data = card_of(self.file).data
        of = f"{rows}, {share} of space {self.space.name}" + (f", trained on {data}" if data else "")
        more = "" if self.has_rows_alone else f"; {self._surrogate.told(self.score_column)}"
        return f"the table {self.file} has {of}; the score is {self.score_column}{more}"

    def row(self, architecture: Architecture) -> Metrics:
        """The results of an architecture, or else of another spelling of the same network, or else what the surrogate
        predicts, with `predicted` 1. UsageError where there is none of them.
        """
        row = self._rows.get(self._genes(architecture))
        if row is None:
            row = self._by_network.get(self.space.canonical(architecture).key)
        if row is None and not self.has_rows_alone:
            return self._predicted(architecture)
        if row is None:
            raise UsageError(
                f"the table {self.file} has no row for the architecture {dict(architecture.genes)}: it has "
                f"{len(self._rows)} of the space's architectures. Add its row and start anew, or search over the "
                "table's own rows with --candidates table, or with a surrogate's answers: --candidates surrogate."
            )
        return row

    def holds(self, architecture: Architecture) -> bool:
        """True where `row` has an answer."""
        if self._genes(architecture) in self._rows:
            return True
        return self.space.canonical(architecture).key in self._by_network

    def architectures(self) -> list[Architecture]:
        """What it has rows for, in their order."""
        names = [decision.name for decision in self.space.choices]
        return [Architecture(self.space.name, tuple(zip(names, genes, strict=True))) for genes in self._rows]

    @property
    def complete(self) -> bool:
        """True where every architecture of the space has its row."""
        sizes = [len(decision.options) if isinstance(decision, Choice) else 0 for decision in self.space.choices]
        return len(self._rows) == prod(sizes)

    @property
    def has_rows_alone(self) -> bool:
        """False where a surrogate may answer: then the rows do not say what a random architecture scores."""
        return self.candidates != "surrogate" or self.complete

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
        genes = architecture.genes
        return tuple(genes[decision.name] for decision in self.space.choices)

    @property
    def _results(self) -> list[str]:
        """The result columns that are asked for."""
        more = (*self.report_columns, *self.reward)
        return list(dict.fromkeys(filter(None, [self.score_column, self.cost_column, *more])))

    def _predicted(self, architecture: Architecture) -> Metrics:
        """What the surrogate says; a cost lies between those of the rows."""
        found = dict(self._surrogate(self.space.canonical(architecture)))
        if self.cost_column is not None:
            costs = self.values(self.cost_column)
            found[self.cost_column] = min(max(found[self.cost_column], min(costs)), max(costs))
        return {**found, PREDICTED: 1}

    @cached_property
    def _surrogate(self) -> "Surrogate":
        from nasbench.evaluators.surrogate import Surrogate

        rows = [self.space.canonical(each) for each in self.architectures()]
        return Surrogate(self.space.choices, rows, {name: self.values(name) for name in self._results})

    @cached_property
    def _by_network(self) -> Mapping[str, Mapping[str, float]]:
        """Key of the canonical form -> the first row of that network."""
        rows: dict[str, Mapping[str, float]] = {}
        for architecture, row in zip(self.architectures(), self._rows.values(), strict=True):
            rows.setdefault(self.space.canonical(architecture).key, row)
        return rows

    @cached_property
    def _rows(self) -> Mapping[Genes, Mapping[str, float]]:
        decisions = [decision.name for decision in self.space.choices]
        with file_of_table(self.file) as path:
            sheet = read_sheet(path, {*decisions, *self._results, NOTATION})
        notation = NOTATION in sheet.columns and not set(decisions) <= set(sheet.columns)
        notation = notation and hasattr(self.space, "from_string")
        for column in [*([NOTATION] if notation else decisions), *self._results]:
            self._check_column(column, sheet, decisions)
        if not sheet.rows:
            raise UsageError(f"the table {self.file} has no rows. Write a row an architecture.")
        own = () if shipped(self.file) else COUNTS  # a shipped one has the columns of its study, unless asked for more
        more = [name for name in own if name in sheet.columns and name not in (*self._results, *decisions)]
        numbers = self._numbers(sheet, [] if notation else decisions, [*self._results, *more])
        faults: list[str] = []
        genes = self._notations(sheet, faults) if notation else self._genes_by_column(sheet, numbers, faults)
        results: dict[str, Sequence[float]] = {name: numbers[name] for name in self._results}
        for name, values in results.items():
            faults += self._broken(name, values, sheet)
        self._refuse(faults)
        self._refuse_repeated(genes, sheet)
        results |= {name: numbers[name] for name in more if not any(map(isnan, numbers[name]))}
        for name in {*COUNTS} & {*results}:
            if all(map(float.is_integer, results[name])):
                results[name] = list(map(int, results[name]))
        rows = zip(*results.values(), strict=True)
        return {point: dict(zip(results, row, strict=True)) for point, row in zip(genes, rows, strict=True)}

    def _check_column(self, column: str, sheet: Sheet, decisions: Sequence[str]) -> None:
        """UsageError for a column that is missing, or there twice."""
        if sheet.columns.count(column) > 1:
            raise UsageError(f"the table {self.file} has the column {column!r} twice. Rename or delete one.")
        if column in sheet.columns:
            return
        kind = f"column in the table {self.file}"
        if column in decisions or column == NOTATION:
            missing = [name for name in decisions if name not in sheet.columns]
            hint = "A table has a column for each decision of the space."
            if hasattr(self.space, "from_string"):
                hint = f"A table has a column for each decision of the space, or {NOTATION!r} in the space's notation."
            raise unknown(kind, column, sheet.columns, f"{hint} Missing: {', '.join(missing)}." if missing else hint)
        results = [name for name in sheet.columns if name and name not in (*decisions, NOTATION)]
        if column == self.score_column == SCORE and column not in self.objectives:
            raise UsageError(
                f"the table {self.file} has no column {SCORE!r}, which is the score unless another is named with "
                f"--score-column. It has {', '.join(results) or 'no other column'}."
            )
        flag = "--reward-options" if column in self.reward else "--report-columns"
        flag = "--objectives" if column in self.objectives else flag
        if column == self.score_column and column not in self.objectives:
            flag = "--score-column"
        elif column == self.cost_column:
            flag = "--cost-column"
        raise unknown(kind, column, results, f"Name a column that is there with {flag}.")

    def _numbers(self, sheet: Sheet, decisions: Sequence[str], results: Sequence[str]) -> dict[str, list[float]]:
        """The cells of each column as numbers; NaN for those that are none."""
        places, choices = [row.place for row in sheet.rows], {each.name: each for each in self.space.choices}
        columns = []
        for name in (*decisions, *results):
            cells = _cells(sheet, name)
            read = as_options(choices[name], cells) if name in decisions else cells
            columns.append(Column(f"column {name!r}", places, read))
        found = read_numbers(columns, sheet.separator, self.file)
        return dict(zip((*decisions, *results), found, strict=True))

    def _genes_by_column(self, sheet: Sheet, numbers: Mapping[str, Sequence[float]], faults: list[str]) -> list[Genes]:
        columns: list[list[Gene]] = []
        for decision in self.space.choices:
            cells = [str(cell) for cell in _cells(sheet, decision.name)]
            known: dict[str, Gene] = {}
            wrong: dict[str, str] = {}
            for cell, value in dict(zip(cells, numbers[decision.name], strict=True)).items():
                try:
                    known[cell] = read_option(decision, cell, value)
                except UsageError as error:
                    known[cell], wrong[cell] = "", str(error)
            columns.append([known[cell] for cell in cells])
            faults += [
                f"decision {decision.name!r}, {row.place} of the table {self.file}: {wrong[cell]}"
                for row, cell in zip(sheet.rows, cells, strict=True)
                if cell in wrong
            ]
        return list(zip(*columns, strict=True))

    def _notations(self, sheet: Sheet, faults: list[str]) -> list[Genes]:
        """What the space's own notation says, which may raise anything."""
        found: list[Genes] = []
        for row, cell in zip(sheet.rows, _cells(sheet, NOTATION), strict=True):
            try:
                architecture: Architecture = self.space.from_string(str(cell))  # type: ignore[attr-defined]
                check(architecture, self.space.choices)
                found.append(self._genes(architecture))
            except Exception as error:
                why = str(error) if isinstance(error, UsageError) else in_one_line(error)
                faults.append(f"{row.place} of the table {self.file}: {NOTATION} {str(cell)[:200]!r}: {why}")
                found.append(())
        return found

    def _broken(self, name: str, values: Sequence[float], sheet: Sheet) -> Iterator[str]:
        """What is wrong with the numbers of a column."""
        if not any(map(isnan, values)) and not (name == self.cost_column and min(values) < 0):
            return
        for row, cell, value in zip(sheet.rows, _cells(sheet, name), values, strict=True):
            where = f"column {name!r}, {row.place} of the table {self.file}"
            if empty(cell):
                yield f"{where} is empty"
            elif isnan(value):
                yield f"{where} is not a number: {cell!r}"
            elif name == self.cost_column and value < 0:
                yield f"{where}: a cost is never below 0; got {cell!r}"

    def _refuse(self, faults: Sequence[str]) -> None:
        """UsageError that tells the first of the faults, where there are any."""
        if not faults:
            return
        more = [f"and {len(faults) - TOLD} more"] if len(faults) > TOLD else []
        text = "\n  ".join([*(fault.replace("\n", " ") for fault in faults[:TOLD]), *more])
        ends = "Correct it or take out the row." if len(faults) == 1 else "Correct them or take out the rows."
        raise UsageError(f"{sentence(text)}\n{ends}" if len(faults) > 1 else f"{sentence(text)} {ends}")

    def _refuse_repeated(self, genes: Sequence[Genes], sheet: Sheet) -> None:
        """UsageError that tells all rows of one architecture, for each that has several."""
        if len(set(genes)) == len(genes):
            return
        places: dict[Genes, list[str]] = {}
        for point, row in zip(genes, sheet.rows, strict=True):
            places.setdefault(point, []).append(row.place)
        kind = sheet.rows[0].place.partition(" ")[0]
        groups = [[place.partition(" ")[2] for place in found] for found in places.values() if len(found) > 1]
        told = "; ".join(f"{kind}s {', '.join(group[:-1])} and {group[-1]}" for group in groups[: 4 * TOLD])
        more = f"; and {len(groups) - 4 * TOLD} more" if len(groups) > 4 * TOLD else ""
        if len(groups) == 1:
            raise UsageError(f"the table {self.file} has one architecture twice, in {told}. Keep one row of it.")
        raise UsageError(
            f"the table {self.file} has {len(groups)} architectures twice or more: {told}{more}. Keep one row of each."
        )


def _cells(sheet: Sheet, column: str) -> list[Any]:
    index = sheet.columns.index(column)
    return [row.cells[index] for row in sheet.rows]

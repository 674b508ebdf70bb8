"""The file of a table as spreadsheets, benchmarks and scripts save it: CSV, CSV.gz or Parquet to rows of cells.

A CSV may be UTF-8 (with or without a byte order mark) or UTF-16, separated by commas, semicolons, tabs or bars, with
any line ends. Spaces around cells, empty lines and a header that is repeated mean nothing. What cannot be read with
certainty is refused with its line.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.plain_file import check_plain
from nasbench.core.shown import sentence

SUFFIXES = (".csv", ".gz", ".parquet")
SEPARATORS = ",;\t|"
MARKS = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order mark -> encoding."""


@dataclass(frozen=True)
class Row:
    """The cells of one row, in the order of the columns. `place` is 'line 3' of a CSV, 'row 2' of a Parquet file."""

    place: str
    cells: Sequence[Any]


@dataclass(frozen=True)
class Sheet:
    """A table as it was read. `separator` is that of a CSV, empty for a Parquet file."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    separator: str = ""


def read_sheet(path: Path, wanted: Collection[str]) -> Sheet:
    """The table in a file. `wanted` are names of columns by which the separator is recognised.

    UsageError where the file is no such table: the message says why, and in which line.
    """
    check_plain(path)
    try:
        return _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, wanted)
    except ImportError as error:
        raise UsageError(f"reading {path} needs pyarrow: pip install pyarrow, or save the table as CSV.") from error
    except UsageError:
        raise
    except (OSError, EOFError, zlib.error, csv.Error, ValueError) as error:
        raise _unreadable(path, str(error)) from error


def _read_parquet(path: Path) -> Sheet:
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)
    columns = tuple(name.strip() for name in table.column_names)
    cells = zip(*(table.column(index).to_pylist() for index in range(len(columns))), strict=True)
    return Sheet(columns, tuple(Row(f"row {number}", row) for number, row in enumerate(cells, start=1)))


def _read_csv(path: Path, wanted: Collection[str]) -> Sheet:
    return _parsed(_decoded(path), path, frozenset(wanted))


@lru_cache(maxsize=1)
def _parsed(text: str, path: Path, wanted: frozenset[str]) -> Sheet:
    """A process parses the same text once, however many runs look into it."""
    first, _, rest = text.partition("\n")
    told, given = first.strip(), ""
    skipped = 0
    if told.startswith("sep=") and len(told) == 5:  # a line that Excel reads and writes
        given, text, skipped = told[-1], rest, 1
    separator = given or max(SEPARATORS, key=lambda each: _recognised(text, each, wanted))
    records = _records(path, text, separator, skipped)
    _, columns = next(records, (0, []))
    if not columns:
        raise UsageError(f"the table {path} is empty. Its first line names the columns, each other line is a row.")
    rows = []
    for line, cells in records:
        if cells == columns:
            continue
        if any(cells[len(columns) :]):
            raise UsageError(
                f"line {line} of the table {path} has {len(cells)} cells, and its header {len(columns)}. Put a cell "
                f"that holds the separator {separator!r} (a decimal comma, say) in quotation marks."
            )
        rows.append(Row(f"line {line}", [*cells, *[""] * (len(columns) - len(cells))]))
    return Sheet(tuple(columns), tuple(rows), separator)


def _recognised(text: str, separator: str, wanted: Collection[str]) -> tuple[int, int]:
    """How many of the wanted columns, and how many columns in all, the header has with this separator."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    header = next((cells for cells in map(_stripped, reader) if any(cells)), [])
    return len(set(wanted) & set(header)), len(header)


def _records(path: Path, text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """(line in which it begins, its cells) of each record that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    begins, records = 1 + skipped, []
    for record in reader:
        records.append((begins, _stripped(record)))
        begins = reader.line_num + 1 + skipped
    if records and begins - records[-1][0] > 1 and text.count('"') % 2:
        raise UsageError(f"a quotation mark in line {records[-1][0]} of the table {path} is not closed. Close it.")
    return ((line, cells) for line, cells in records if any(cells))


def _stripped(record: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in record]


def _decoded(path: Path) -> str:
    """The text of a CSV. UsageError with the line where its encoding is none that is known here."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        raise _unreadable(path, "it is a workbook of a spreadsheet. Save it as CSV")
    encoding = next((encoding for mark, encoding in MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:2]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unreadable(
            path,
            f"line {line} is not {encoding.upper().removesuffix('-SIG')} (byte 0x{data[error.start]:02x}). "
            "Save it in UTF-8",
        ) from error
    if "\0" in text:
        raise _unreadable(path, f"line {text[: text.index(chr(0))].count(chr(10)) + 1} holds a byte that is no text")
    return text


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(f"cannot read the table {path}: {sentence(why)} It must be CSV, CSV.gz or Parquet.")

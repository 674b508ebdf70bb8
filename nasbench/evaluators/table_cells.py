"""Cells of a table to numbers and options, whatever mark of decimals and thousands a spreadsheet wrote.

`0,5`, `1.234,5`, `1,234.5`, `1 234` and `1'234` are numbers. Whether `1,234` is 1.234 or 1234 is decided by the other
cells of its column, then by those of the table, then by the separator (a spreadsheet that writes decimal commas
separates cells by semicolons). Where nothing decides, it is refused.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from nasbench.core.arch import Choice, Decision, Gene, Range
from nasbench.core.errors import UsageError, unknown

SPACES = re.compile("(?<=[0-9])[ \u00a0\u202f'\u2019](?=[0-9]{3}(?![0-9]))")
"""Between groups of three digits."""
EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""A number with decimals, or a whole one with a mark of thousands."""
GROUPS = {mark: re.compile(rf"[+-]?[0-9]{{1,3}}(\{mark}[0-9]{{3}})+") for mark in ".,"}
"""Whole digits with marks of thousands."""


@dataclass(frozen=True)
class Column:
    """The cells of a column, each with its place, and what the table says of it: 'column 'seconds''."""

    what: str
    places: Sequence[str]
    cells: Sequence[Any]


def read_numbers(columns: Sequence[Column], separator: str, file: str) -> list[list[float]]:
    """The numbers of each column; NaN for a cell that is none. UsageError where a mark may mean two things."""
    marks = [_marks(column) for column in columns]
    in_table = {mark for found in marks for mark in found}
    if not in_table and separator == ";":
        in_table = {","} if any(_doubtful(column.cells, ",") is not None for column in columns) else set()
    read = []
    for column, found in zip(columns, marks, strict=True):
        if len(found) == 2:
            raise UsageError(
                f"{column.what} of the table {file} has decimal points and decimal commas ({found['.']}, "
                f"{found[',']}). Write all in one way."
            )
        mark = next(iter(found), None) or _from_the_table(column, in_table, file)
        read.append(_numbers(column.cells, mark))
    return read


def read_option(decision: Decision, cell: Any, value: float) -> Gene:
    """The option of a decision that a cell names; `value` is the cell as a number. UsageError with the nearest for
    none.
    """
    if isinstance(decision, Range):
        if decision.low <= value <= decision.high:
            return value
        raise UsageError(f"it must lie in [{decision.low}, {decision.high}]; got {cell!r}")
    options = {str(option): option for option in decision.options}
    if str(cell) in options:
        return options[str(cell)]
    for option in decision.options:
        if not isinstance(option, str) and option == value:
            return option
        if isinstance(option, bool) and str(option).upper() == str(cell).upper():
            return option  # as spreadsheets write it
    raise unknown("option", "" if cell is None else str(cell), options)


def as_options(decision: Decision, cells: Iterable[Any]) -> list[Any]:
    """The cells that are read as numbers: not those that name an option by a text, or one that may mean two numbers."""
    options = decision.options if isinstance(decision, Choice) else ()
    names = {str(each) for each in options if isinstance(each, str) or EITHER.fullmatch(str(each))}
    return [None if str(cell) in names else cell for cell in cells]


def empty(cell: Any) -> bool:
    return cell is None or cell == ""


def _from_the_table(column: Column, in_table: set[str], file: str) -> str:
    """The decimal mark of a column whose own cells do not say. UsageError where it matters and nothing says it."""
    if len(in_table) == 1:
        return next(iter(in_table))
    for mark in ",." if in_table else ",":
        doubtful = _doubtful(column.cells, mark)
        if doubtful is not None:
            text = str(column.cells[doubtful])
            raise UsageError(
                f"{column.what}, {column.places[doubtful]} of the table {file}: {text!r} may be "
                f"{text.replace(',', '.')} or {text.replace(',', '').replace('.', '')}. "
                "Write it with a decimal point, or without a mark of thousands."
            )
    return "."


def _marks(column: Column) -> dict[str, str]:
    """Decimal mark -> the first cell, with its place, that can have no other."""
    found: dict[str, str] = {}
    commas = any(isinstance(cell, str) and ("," in cell or cell.count(".") > 1) for cell in column.cells)
    for place, cell in zip(column.places, column.cells, strict=True):
        if isinstance(cell, str) and ("," in cell or "." in cell):
            mark = _mark(cell)
            if mark is not None:
                found.setdefault(mark, f"{cell!r} in {place}")
            if len(found) == 1 + commas:
                break
    return found


def _mark(text: str) -> str | None:
    """The decimal mark of a number, where it can be no other."""
    text = SPACES.sub("", text)
    last = max(text.rfind(","), text.rfind("."))
    mark = text[last]
    other = "." if mark == "," else ","
    if text.count(mark) > 1:
        return other if GROUPS[mark].fullmatch(text) else None
    if other in text:
        return mark
    return None if EITHER.fullmatch(text) else mark


def _doubtful(cells: Sequence[Any], mark: str) -> int | None:
    """The first cell that may be a whole number or one with decimals."""
    for index, cell in enumerate(cells):
        if isinstance(cell, str) and mark in cell and EITHER.fullmatch(cell):
            return index
    return None


def _numbers(cells: Sequence[Any], mark: str) -> list[float]:
    """`_number` of each, at once where all are plain numbers, or none is anything."""
    if not any(cell is not None for cell in cells):
        return [nan] * len(cells)
    if mark == "." and bool not in set(map(type, cells)):
        with suppress(TypeError, ValueError):
            values = list(map(float, cells))
            if all(map(isfinite, values)):
                return values
    return [_number(cell, mark) for cell in cells]


def _number(cell: Any, mark: str) -> float:
    """The number, or NaN for what is none or not finite."""
    try:
        value = nan if isinstance(cell, bool) else float(cell)
        if mark == "." or isinstance(cell, float | int) or (mark not in cell and "." not in cell):
            return value if isfinite(value) else nan
    except (TypeError, ValueError):
        if not isinstance(cell, str):
            return nan
    thousands = "." if mark == "," else ","
    whole, *decimals = SPACES.sub("", cell).split(mark)
    if thousands in whole and not GROUPS[thousands].fullmatch(whole):
        return nan
    try:
        value = float(".".join([whole.replace(thousands, ""), *decimals]))
    except ValueError:
        return nan
    return value if isfinite(value) else nan

"""Tables as spreadsheets, benchmarks and scripts save them: read as the plain one, or refused with the reason and the
place.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.errors import UsageError
from nasbench.core.spec import Size, Task
from nasbench.evaluators.table import TableEvaluator


class ToySpace:
    """Three decisions: letters, whole numbers and shares."""

    name = "toy"
    default_size = Size()
    choices: tuple[Decision, ...] = (
        Choice("a", ("x", "y")),
        Choice("b", (1, 2, 8)),
        Choice("c", (0.5, 1.0)),
    )

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> None:
        raise AssertionError("a table builds nothing")


class Spelled(ToySpace):
    """The same with a notation, which breaks on some texts."""

    def from_string(self, text: str) -> Architecture:
        a, b, c = text.split("/")
        return Architecture.of("toy", {"a": a, "b": int(b), "c": float(c)})


PLAIN = "a,b,c,acc,seconds\nx,1,0.5,50.25,1200\ny,2,1.0,60.5,1300.5\n"
ROWS = {("x", 1, 0.5): {"acc": 50.25, "seconds": 1200.0}, ("y", 2, 1.0): {"acc": 60.5, "seconds": 1300.5}}
GERMAN = "a;b;c;acc;seconds\r\nx;1;0,5;50,25;1.200\r\ny;2;1,0;60,5;1.300,5\r\n"

READ: dict[str, bytes] = {
    "plain": PLAIN.encode(),
    "with a byte order mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16 with the high byte first": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "carriage returns alone": PLAIN.replace("\n", "\r").encode(),
    "no last line end": PLAIN.rstrip().encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "bars": PLAIN.replace(",", "|").encode(),
    "decimal commas": GERMAN.encode(),
    "decimal commas, quoted between commas": (
        b'a,b,c,acc,seconds\nx,1,"0,5","50,25",1200\ny,2,"1,0","60,5","1300,5"\n'
    ),
    "a line that names the separator": b"sep=;\r\n" + GERMAN.encode(),
    "marks of thousands": b'a,b,c,acc,seconds\nx,1,0.5,50.25,"1,200"\ny,2,1.0,60.5,"1,300.5"\n',
    "spaces for thousands": "a;b;c;acc;seconds\nx;1;0,5;50,25;1\u202f200\ny;2;1;60,5;1 300,5\n".encode(),
    "apostrophes for thousands": PLAIN.replace("1200", "1'200").encode(),
    "spaces around cells": PLAIN.replace(",", " , ").encode(),
    "quoted cells": ('"' + PLAIN.strip().replace(",", '","').replace("\n", '"\n"') + '"\n').encode(),
    "empty lines": ("\n" + PLAIN.replace("\n", "\n\n") + ",,,,\n\n").encode(),
    "the header twice": (PLAIN + PLAIN.partition("\n")[0] + "\n").encode(),
    "a column of notes between": PLAIN.replace("acc,", "note,acc,")
    .replace("50", '"so, so",50')
    .replace("60", ",60")
    .encode(),
    "decimals of whole options": PLAIN.replace("x,1,", "x,1.0,").encode(),
}


@pytest.mark.parametrize("name", READ)
def test_it_is_read_as_the_plain_table(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(READ[name])
    table = TableEvaluator(str(path), ToySpace(), "acc", "seconds")
    found = {tuple(each.genes.values()): table.row(each) for each in table.architectures()}
    assert found == ROWS


def test_three_decimals_are_decided_by_what_else_stands_there(tmp_path: Path) -> None:
    def values(text: str) -> list[float]:
        (tmp_path / "t.csv").write_text(text)
        return TableEvaluator(str(tmp_path / "t.csv"), ToySpace(), "acc").values("acc")

    assert values("a;b;c;acc\nx;1;0,5;93,451\ny;1;0,5;94,002\n") == [93.451, 94.002]
    assert values("a;b;c;acc\nx;1;1;93,451\ny;1;1;94,002\n") == [93.451, 94.002], "semicolons: commas are decimal"
    assert values('a,b,c,acc\nx,1,0.5,"93,451"\n') == [93451.0], "points are decimal there"
    assert values("a;b;c;acc\nx;1;0,5;93.451\n") == [93451.0], "commas are decimal there"
    assert values("a;b;c;acc\nx;1;1;93.451\n") == [93.451]
    assert values("a\tb\tc\tacc\nx\t1\t1\t0,451\n") == [0.451], "no mark of thousands follows a nought"
    with pytest.raises(UsageError, match=r"'acc', line 2 .*'93,451' may be 93.451 or 93451.*decimal point"):
        values('a,b,c,acc\nx,1,1,"93,451"\n')


REFUSED: dict[str, tuple[bytes, list[str]]] = {
    "nothing at all": (b"", ["is empty", "names the columns"]),
    "another encoding": (PLAIN.replace("x", "\u00e4").encode("cp1252"), ["cannot read", "line 2", "UTF-8", "0xe4"]),
    "a workbook": (b"PK\x03\x04....", ["cannot read", "workbook", "CSV"]),
    "bytes that are no text": (PLAIN.encode() + b"\0", ["line 4", "no text"]),
    "unquoted decimal commas": (b"a,b,c,acc,seconds\nx,1,0,5,50,1200\n", ["line 2", "6 cells", "5", "decimal comma"]),
    "points and commas": (
        b"a;b;c;acc;seconds\nx;1;0,5;50,25;1\ny;1;0,5;50.25;1\n",
        ["'acc'", "'50,25' in line 2", "'50.25' in line 3"],
    ),
    "an open quotation mark": (PLAIN.replace("y,2", '"y,2').encode() + b"\n", ["quotation mark", "line 3"]),
    "an empty cell": (PLAIN.replace("60.5", "").encode(), ["'acc', line 3", "is empty"]),
    "spaces alone": (PLAIN.replace("60.5", "  ").encode(), ["'acc', line 3", "is empty"]),
    "NaN": (PLAIN.replace("60.5", "NaN").encode(), ["'acc', line 3", "'NaN'"]),
    "a percentage": (PLAIN.replace("60.5", "60.5 %").encode(), ["'acc', line 3", "'60.5 %'"]),
    "a cost below zero": (PLAIN.replace("1200", "-3").encode(), ["'seconds', line 2", "below 0", "-3"]),
    "an option that is none": (PLAIN.replace("x,1", "x,3").encode(), ["'b', line 2", "'3'", "1, 2, 8"]),
    "an option left empty": (PLAIN.replace("x,1", "x,").encode(), ["'b', line 2", "''"]),
    "a column twice": (PLAIN.replace("seconds", "acc").encode(), ["'acc' twice"]),
    "a line of faults each": (
        b"a,b,c,acc,seconds\n" + b"".join(b"x,%d,0.5,high,1\n" % number for number in range(10, 20)),
        ["'b', line 2", "'b', line 6", "and 15 more", "Correct them"],
    ),
    "two architectures twice": (
        (PLAIN + PLAIN.partition("\n")[2]).encode(),
        ["2 architectures twice or more", "lines 2 and 4; lines 3 and 5"],
    ),
    "one three times": (
        PLAIN.replace("y,2,1.0", "x,1,0.50").encode() + b"x,1,0.5,1,1\n",
        ["one architecture", "lines 2, 3 and 4"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_the_place(name: str, tmp_path: Path) -> None:
    data, fragments = REFUSED[name]
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(UsageError) as caught:
        TableEvaluator(str(tmp_path / "t.csv"), ToySpace(), "acc", "seconds").check()
    for fragment in fragments:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "fragments", "absent"),
    [
        ("acc", ["'acc'", "Known: seconds", "--score-column"], ["--cost-column", "'b'"]),
        ("seconds", ["'seconds'", "Known: acc", "--cost-column"], ["--score-column"]),
        ("b", ["'b'", "each decision", "Missing: b"], ["--score-column"]),
    ],
)
def test_a_hint_names_what_can_mend_it(missing: str, fragments: list[str], absent: list[str], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(_without(missing))
    with pytest.raises(UsageError) as caught:
        TableEvaluator(str(tmp_path / "t.csv"), ToySpace(), "acc", "seconds").check()
    assert all(fragment in str(caught.value) for fragment in fragments), caught.value
    assert not any(fragment in str(caught.value) for fragment in absent), caught.value


def _without(column: str) -> str:
    lines = [line.split(",") for line in PLAIN.splitlines()]
    index = lines[0].index(column)
    return "\n".join(",".join(line[:index] + line[index + 1 :]) for line in lines) + "\n"


def test_a_notation_that_breaks_is_told_with_its_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arch_str,acc\nx/1/0.5,1\nx/one/0.5,1\nx/1,1\nz/1/0.5,1\n")
    with pytest.raises(UsageError) as caught:
        TableEvaluator(str(tmp_path / "t.csv"), Spelled(), "acc").check()
    for fragment in ("line 3", "'x/one/0.5'", "ValueError", "line 4", "line 5", "'a' has no option 'z'"):
        assert fragment in str(caught.value)


def test_a_parquet_file_has_rows(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    def refused(change: Callable[[dict[str, list[object]]], None]) -> str:
        columns: dict[str, list[object]] = {"a": ["x", "y"], "b": [1, 2], "c": [0.5, 1.0], "acc": [1.0, 2.0]}
        change(columns)
        parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
        with pytest.raises(UsageError) as caught:
            TableEvaluator(str(tmp_path / "t.parquet"), ToySpace(), "acc").check()
        return str(caught.value)

    assert "rows 1 and 2" in refused(lambda columns: columns.update(a=["x", "x"], b=[1, 1], c=[0.5, 0.5]))
    assert "'acc', row 2" in refused(lambda columns: columns.update(acc=[1.0, None]))
    assert "'acc', row 1" in refused(lambda columns: columns.update(acc=[float("nan"), 1.0]))
    assert "'b', row 2" in refused(lambda columns: columns.update(b=[1, 3]))


def test_counts_come_from_the_columns_that_have_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c,acc,params,macs\nx,1,0.5,1,100,2.5\ny,1,0.5,1,200,\n")
    table = TableEvaluator(str(tmp_path / "t.csv"), ToySpace(), "acc")
    assert table.row(table.architectures()[1]) == {"acc": 1.0, "params": 200}, "macs are not there for all"

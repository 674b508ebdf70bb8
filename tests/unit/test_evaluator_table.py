"""Tables of known results: what they take, and one clear error for what they do not."""

import gzip
import pickle
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from random import Random

import pytest

from nasbench.core.arch import Architecture, Choice, Decision, Range, sample
from nasbench.core.errors import UsageError
from nasbench.core.spec import Size, Task
from nasbench.evaluators.table import TableEvaluator
from nasbench.testing import check_evaluator
from search_spaces.nasbench201.space import NasBench201Space


class ToySpace:
    """Seven decisions, numbers and names."""

    name = "toy"
    default_size = Size()
    choices: Sequence[Decision] = (
        *(Choice(f"kernel_{stage}", (1, 3, 5)) for stage in range(3)),
        *(Choice(f"width_{stage}", (8, 16)) for stage in range(3)),
        Choice("activation", ("relu", "silu")),
    )

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> None:
        raise AssertionError("a table builds nothing")


TOY = ToySpace()
NAMES = [choice.name for choice in TOY.choices]
HEADER = ",".join([*NAMES, "accuracy", "seconds"])
ROW = "1,3,5,8,16,8,relu,0.5,12"
CELL = NasBench201Space().from_string("|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_1x1~2|")


def write(path: Path, *lines: str) -> str:
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return str(path)


def toy(text: str = ROW) -> Architecture:
    return Architecture.of(
        "toy", dict(zip(NAMES, [int(g) if g.isdigit() else g for g in text.split(",")[:7]], strict=True))
    )


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_row_is_found_and_gives_the_columns_asked_for(tmp_path: Path, name: str) -> None:
    table = TableEvaluator(write(tmp_path / name, HEADER, ROW), TOY, "accuracy", "seconds")
    assert table.row(toy()) == {"accuracy": 0.5, "seconds": 12.0}
    assert not table.complete
    assert pickle.loads(pickle.dumps(table)).row(toy()) == table.row(toy())


def test_parquet_with_numbers_of_another_type(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    cells = [[gene] for gene in (1.0, 3.0, 5.0, 8.0, 16.0, 8.0)]
    columns = dict(zip([*NAMES, "accuracy"], [*cells, ["relu"], [0.25]], strict=True))
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    assert TableEvaluator(str(tmp_path / "t.parquet"), TOY, "accuracy").row(toy()) == {"accuracy": 0.25}


def test_the_spaces_own_notation(tmp_path: Path) -> None:
    space = NasBench201Space()
    file = write(tmp_path / "t.csv", "arch_str,accuracy", f"{space.to_string(CELL)},91.5")
    table = TableEvaluator(file, space, "accuracy")
    assert table.row(CELL) == {"accuracy": 91.5}
    other = space.from_string("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|none~2|")
    assert table.row(other) == {"accuracy": 91.5}, "another spelling of the same network"


def test_a_continuous_decision_is_a_number(tmp_path: Path) -> None:
    class Mixed(ToySpace):
        name = "mixed"
        choices = (Choice("kernel", (1, 3)), Range("rate", 0.0, 1.0))

    table = TableEvaluator(write(tmp_path / "t.csv", "kernel,rate,accuracy", "3,0.50,1"), Mixed(), "accuracy")
    assert table.row(Architecture.of("mixed", {"kernel": 3, "rate": 0.5})) == {"accuracy": 1.0}
    with pytest.raises(UsageError, match=r"'rate', line 2 .*\[0.0, 1.0\].*'1.5'"):
        TableEvaluator(write(tmp_path / "u.csv", "kernel,rate,accuracy", "3,1.5,1"), Mixed(), "accuracy").check()


def test_the_shipped_table_by_name_and_by_file_name() -> None:
    space = NasBench201Space()
    for name in ("nasbench201-cifar10", "nasbench201_cifar10.csv.gz"):
        table = TableEvaluator(name, space, "val_accuracy_12", "train_seconds_12", ("test_accuracy_200",))
        assert table.complete
        assert max(table.values("test_accuracy_200")) == pytest.approx(94.37, abs=0.01)
    check_evaluator(table, space)


def test_a_whole_table_is_complete(tmp_path: Path) -> None:
    genes = product(*(choice.options for choice in TOY.choices))  # type: ignore[union-attr]
    table = TableEvaluator(
        write(tmp_path / "t.csv", HEADER, *(",".join(map(str, row)) + ",0.5,1" for row in genes)), TOY, "accuracy"
    )
    assert table.complete
    assert table.row(sample("toy", TOY.choices, Random(0))) == {"accuracy": 0.5}


BAD: dict[str, tuple[Callable[[Path], str], list[str]]] = {
    "no file": (lambda tmp: str(tmp / "none.csv"), ["no table at", "none.csv", "table:FILE"]),
    "no such name": (
        lambda tmp: "nasbench201-cifar100",
        ["'nasbench201-cifar100'", "Did you mean 'nasbench201-cifar10'", "table:FILE"],
    ),
    "a directory": (str, ["no table at"]),
    "not gzipped": (lambda tmp: _raw(tmp / "t.csv.gz", b"plain"), ["cannot read", "t.csv.gz"]),
    "not UTF-8": (lambda tmp: _raw(tmp / "t.csv", b"\xff\xfe\x00"), ["cannot read", "t.csv"]),
    "empty": (lambda tmp: write(tmp / "t.csv", HEADER), ["no rows"]),
    "no score": (
        lambda tmp: write(tmp / "t.csv", HEADER.replace("accuracy", "acuracy"), ROW),
        ["'accuracy'", "'acuracy'", "--score-column"],
    ),
    "no cost": (
        lambda tmp: write(tmp / "t.csv", HEADER.replace("seconds", "time"), ROW),
        ["'seconds'", "--cost-column"],
    ),
    "no decision": (
        lambda tmp: write(tmp / "t.csv", HEADER.replace("kernel_1", "kernel"), ROW),
        ["'kernel_1'", "for each decision"],
    ),
    "a text for a number": (
        lambda tmp: write(tmp / "t.csv", HEADER, ROW.replace("0.5", "high")),
        ["'accuracy'", "line 2", "'high'"],
    ),
    "not finite": (
        lambda tmp: write(tmp / "t.csv", HEADER, ROW.replace("0.5", "inf")),
        ["'accuracy'", "line 2", "'inf'"],
    ),
    "a short row": (
        lambda tmp: write(tmp / "t.csv", HEADER, ROW.rpartition(",")[0]),
        ["'seconds'", "line 2", "is empty"],
    ),
    "one twice": (lambda tmp: write(tmp / "t.csv", HEADER, ROW, ROW), ["twice", "lines 2 and 3"]),
    "no such option": (
        lambda tmp: write(tmp / "t.csv", HEADER, ROW.replace("relu", "rellu")),
        ["'activation'", "line 2", "'relu'"],
    ),
    "no such number": (
        lambda tmp: write(tmp / "t.csv", HEADER, ROW.replace("1,3,5", "1,4,5")),
        ["'kernel_1'", "line 2", "'4'"],
    ),
}


def _raw(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("case", BAD)
def test_bad_tables(case: str, tmp_path: Path) -> None:
    make, fragments = BAD[case]
    with pytest.raises(UsageError) as caught:
        TableEvaluator(make(tmp_path), TOY, "accuracy", "seconds").check()
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_a_missing_row_is_an_error_that_says_which(tmp_path: Path) -> None:
    table = TableEvaluator(write(tmp_path / "t.csv", HEADER, ROW), TOY, "accuracy")
    with pytest.raises(UsageError, match=r"no row for the architecture .*'silu'.*Add its row.*--candidates table"):
        table.row(toy(ROW.replace("relu", "silu")))


def test_a_bad_notation_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 2 of the table .*op~0"):
        TableEvaluator(
            write(tmp_path / "t.csv", "arch_str,accuracy", "|conv~0|,1"), NasBench201Space(), "accuracy"
        ).check()


def test_a_table_without_decisions_is_told_of_the_notation(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"or 'arch_str' in the space's notation. Missing: op_0_1"):
        TableEvaluator(write(tmp_path / "t.csv", "cell,accuracy", "|conv~0|,1"), NasBench201Space(), "accuracy").check()

"""benchmarks/proof/own_table.py: its commands are read, and trainings under later seeds join a table written before."""

import gzip
import json
import sys
from argparse import Namespace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli.parse import parse_run
from nasbench.engine.config import CompareConfig, SearchConfig
from unit.toys import trial

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "proof"
SHIPPED = Path(str(files("search_spaces.nasnet_small").joinpath("nasnet_small_cifar10.csv.gz")))


@pytest.fixture
def own_table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in ("own_table", "trained_cells"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import own_table

    return own_table


@pytest.fixture
def cells(own_table: Any) -> Any:
    import trained_cells

    return trained_cells


def test_a_table_of_our_own_is_made_by_commands_that_are_read(own_table: Any) -> None:
    options = {"space": "nasnet", "dataset": "digits", "image_size": 0, "recipe": "quick", "data_dir": None}
    options |= {"workers": "0", "kept": Path("kept"), "first_seed": 3}
    sizes = {"cells": 10, "epochs": 2, "seeds": 2, "normal_cells": "1", "filters": "8", "runs": Path("runs/own")}
    given = Namespace(**options, **sizes)
    searched = parse_run(SearchConfig, "search", own_table.search_command(given)[1:])
    assert (searched.trials, searched.training.cells, searched.training.filters) == (15, 1, 8)
    command, *arguments = own_table.training_command(["a#1", "a#2"], given)
    trained = parse_run(CompareConfig, command, arguments, positional="models")
    assert (trained.models, trained.training.epochs) == (("a#1", "a#2"), 2)
    assert (trained.repeats.seeds, trained.repeats.seed) == (2, 3)
    given.image_size = 16
    assert parse_run(SearchConfig, "search", own_table.search_command(given)[1:]).data.image_size == 16
    drawn = [trial(1, genes="aaa"), trial(2, genes="aaa"), trial(3, genes="abc", score=None), trial(4, genes="ccc")]
    assert [each.number for each in own_table.drawn(drawn, 5)] == [1, 4]


def trained(cells: Any, gene: str, seconds: float, **tested: float) -> Any:
    """A cell of one decision; `tested` are seed -> test accuracy, as s0=0.5."""
    by_seed = {int(seed[1:]): value for seed, value in tested.items()}
    counts = {"params": 10, "macs": 20}
    return cells.Trained({"op": gene}, counts, {"val_accuracy_1": by_seed, "test_accuracy": by_seed}, seconds)


def test_a_row_has_means_and_what_the_score_does_not_know(cells: Any) -> None:
    row = trained(cells, "a", 2.0, s0=0.2, s1=0.4, s2=0.6).row()
    assert row["test_accuracy"] == 0.4
    assert row["test_accuracy_retrained"] == 0.5
    assert [row[f"val_accuracy_1_seed_{seed}"] for seed in range(3)] == [0.2, 0.4, 0.6]
    assert "test_accuracy_retrained" not in trained(cells, "a", 2.0, s0=0.2).row()
    assert "test_accuracy_retrained" not in trained(cells, "a", 2.0, s1=0.2, s2=0.3).row()


def test_trainings_under_other_seeds_join(cells: Any) -> None:
    earlier = [trained(cells, "b", 3.0, s0=0.1), trained(cells, "a", 2.0, s0=0.2), trained(cells, "c", 1.0, s0=0.3)]
    first, second, third = cells.joined(earlier, [trained(cells, "a", 1.0, s1=0.4)], [trained(cells, "b", 5.0, s1=0.3)])
    assert (first.genes["op"], first.measured["test_accuracy"], first.train_seconds) == ("b", {0: 0.1, 1: 0.3}, 3.0)
    assert (second.genes["op"], second.measured["val_accuracy_1"], second.train_seconds) == ("a", {0: 0.2, 1: 0.4}, 1.0)
    assert third == earlier[2]


def test_what_a_joined_table_has_is_not_trained_again(cells: Any) -> None:
    drawn = [trial(1, genes="aaa"), trial(2, genes="abc"), trial(3, genes="ccc")]
    counts, tested = {"params": 10, "macs": 20}, {"test_accuracy": {0: 0.5, 1: 0.5}}
    known = [cells.Trained(drawn[1].genes, counts, tested, 1.0)]
    assert cells.lacking(drawn, known, [1]) == [drawn[0], drawn[2]]
    assert cells.lacking(drawn, known, [1, 2]) == drawn
    assert cells.lacking(drawn, [], [0]) == drawn


def test_two_trainings_under_one_seed_do_not_join(cells: Any) -> None:
    with pytest.raises(SystemExit, match="two tables have seed 1"):
        cells.joined([trained(cells, "a", 1.0, s1=0.4)], [trained(cells, "a", 1.0, s0=0.1, s1=0.4)])


def test_a_table_that_is_read_and_written_again_is_the_same(own_table: Any, cells: Any, tmp_path: Path) -> None:
    rows = [each.row() for each in cells.trained_of_table(SHIPPED)]
    own_table.write(rows, tmp_path / "cells.csv.gz", {"rows": len(rows)})
    assert gzip.decompress((tmp_path / "cells.csv.gz").read_bytes()) == gzip.decompress(SHIPPED.read_bytes())
    assert json.loads((tmp_path / "cells.card.json").read_text()) == {"rows": len(rows)}


def test_a_joined_table_says_which_machine_trained_which_seed(own_table: Any, tmp_path: Path) -> None:
    first, second = ({"seeds": [seed], "hardware": {"cpu": cpu}} for seed, cpu in ((0, "one"), (1, "other")))
    tables = []
    for name, trained_on in (("a", [first]), ("b", [second]), ("c", [second])):
        (tmp_path / f"{name}.card.json").write_text(json.dumps({"recipe": "quick", "trained_on": trained_on}))
        tables.append(tmp_path / f"{name}.csv.gz")
    found = own_table.conditions(Namespace(join=tables, runs=tmp_path / "none"))
    assert found == {"recipe": "quick", "trained_on": [first, second]}


def test_the_pages_tell_what_the_cells_that_were_trained_twice_say(
    cells: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delitem(sys.modules, "retrained", raising=False)
    import retrained

    retrained.main()
    found = capsys.readouterr().out
    docs = FOLDER.parents[1] / "docs"
    for page, told in (("proof.md", "87 38.53 38.11"), ("nasnet_small.md", "0.87 2.42 0.82 0.39 0.92 0.78")):
        text = (docs / page).read_text()
        assert all(number in text and number in found for number in told.split()), page

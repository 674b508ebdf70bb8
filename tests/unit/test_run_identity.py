"""A resumed run must find what it began with: the table, the recipe, the images."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.registry import recipes
from nasbench.core.store import RunStore
from nasbench.testing import TOY_SPACE

MINE = "mine_for_test_run_identity"


def table(path: Path, score: float) -> str:
    rows = product(*(choice.options for choice in TOY_SPACE.choices))  # type: ignore[union-attr]
    header = ",".join([*(choice.name for choice in TOY_SPACE.choices), "val_accuracy"])
    path.write_text("\n".join([header, *(",".join(map(str, (*row, score))) for row in rows)]) + "\n")
    return f"table:{path}"


def search(run: Path, **options: Any) -> None:
    common = {"space": "nasbench.testing:ToySpace", "strategy": "random", "trials": 3}
    nasbench.search(**{**common, **options}, run=str(run), trackers=())


def test_a_table_that_was_edited_is_refused_and_put_back_it_goes_on(tmp_path: Path) -> None:
    run, evaluator = tmp_path / "run", table(tmp_path / "t.csv", 0.5)
    search(run, evaluator=evaluator)
    log, record = (run / "trials.jsonl").read_bytes(), (run / "run.json").read_bytes()
    (run / "trials.jsonl").write_bytes(log[: log.index(b"\n") + 1])
    table(tmp_path / "t.csv", 0.6)
    with pytest.raises(UsageError, match=r"began with something else: table: its content has changed\. Put it back"):
        nasbench.search(run=str(run), resume=True, trackers=())
    assert (run / "trials.jsonl").read_bytes() == log[: log.index(b"\n") + 1]
    assert (run / "run.json").read_bytes() == record
    table(tmp_path / "t.csv", 0.5)
    nasbench.search(run=str(run), resume=True, trackers=())
    assert [trial.number for trial in RunStore.read(run).trials] == [1, 2, 3]


def test_a_recipe_that_was_edited_is_refused_with_the_number_that_changed(tmp_path: Path) -> None:
    run, recipe = tmp_path / "run", replace(recipes.get("quick"), name=MINE, epochs=1, train_images=64)
    try:
        recipes.register(MINE)(recipe)
        search(run, dataset="digits", recipe=MINE, trials=1)
        recipes.register(MINE)(replace(recipe, lr_peak=0.3))
        with pytest.raises(UsageError, match=r"something else: recipe: lr_peak was 0\.1 and is 0\.3\. Put it back"):
            nasbench.search(run=str(run), resume=True, trackers=())
        recipes.register(MINE)(recipe)
        nasbench.search(run=str(run), resume=True, trackers=())
    finally:
        recipes._parts.pop(MINE)
    identity = json.loads((run / "run.json").read_text())["identity"]
    assert set(identity) == {"recipe", "data"}
    assert set(identity["data"]) == {"name", "train", "val"}


def test_a_run_that_holds_no_identity_goes_on(tmp_path: Path) -> None:
    run, evaluator = tmp_path / "run", table(tmp_path / "t.csv", 0.5)
    search(run, evaluator=evaluator)
    record = json.loads((run / "run.json").read_text())
    del record["identity"]
    (run / "run.json").write_text(json.dumps(record))
    table(tmp_path / "t.csv", 0.6)
    nasbench.search(run=str(run), resume=True, trackers=())

"""The table of the small NASNet-like space that ships: rows are networks of the space, the card says what they are."""

import csv
import gzip
import json
from importlib.resources import files
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from nasbench.cli import main
from nasbench.core.arch import Architecture
from nasbench.core.spec import Size, Task
from nasbench.evaluators.known_tables import SHIPPED, card_of
from search_spaces.nasnet_small.space import NasnetSmallSpace

NAME = "nasnet-small-cifar10"
SPACE = NasnetSmallSpace()
FOLDER = files("search_spaces.nasnet_small")
CARD = json.loads(FOLDER.joinpath("nasnet_small_cifar10.card.json").read_text("utf-8"))
with gzip.open(str(FOLDER.joinpath(SHIPPED[NAME].file)), "rt") as file:
    ROWS = list(csv.DictReader(file))


def architecture(row: dict[str, str]) -> Architecture:
    return Architecture.of(SPACE.name, {choice.name: row[choice.name] for choice in SPACE.choices})


def test_each_row_is_another_network_of_the_space() -> None:
    assert len({SPACE.canonical(architecture(row)) for row in ROWS}) == len(ROWS) == CARD["rows"]


def test_counts_are_those_of_the_networks() -> None:
    size = Size(int(CARD["size"]["cells"]), int(CARD["size"]["filters"]), skeleton="cifar")
    task = Task(10, CARD["size"]["image_size"], 3)
    for row in Random(0).sample(ROWS, 20):
        assert (int(row["params"]), int(row["macs"])) == SPACE.counts(architecture(row), size, task)


def test_means_are_those_of_the_seeds_and_networks_learn() -> None:
    epochs = [f"val_accuracy_{epoch}" for epoch in range(1, CARD["recipe"]["epochs"] + 1)]
    for row in ROWS:
        for column in (*epochs, "test_accuracy"):
            seeds = [float(row[f"{column}_seed_{seed}"]) for seed in range(CARD["seeds"])]
            assert float(row[column]) == pytest.approx(fmean(seeds), abs=1e-5)
        assert row["test_accuracy_retrained"] == row["test_accuracy_seed_1"], "the score is of seed 0"
    means = [fmean(float(row[column]) for row in ROWS) for column in epochs]
    assert means == sorted(means)
    assert means[0] > 0.15, "guessing has 0.1"


def test_its_card_names_columns_that_it_has() -> None:
    card = card_of(NAME)
    assert card.space == SPACE.name
    assert {card.score_column, card.cost_column, *card.report_columns} <= set(ROWS[0])
    assert card.judged_by == "test_accuracy_retrained"


def test_strategies_race_on_it_by_name(tmp_path: Path) -> None:
    run = ["race", "--evaluator", f"table:{NAME}", "--candidates", "table", "--trials", "12", "--seeds", "2"]
    assert main([*run, "--strategies", "random,evolution", "--run", str(tmp_path / "race")]) == 0
    assert "test_accuracy" in (tmp_path / "race" / "report.html").read_text()

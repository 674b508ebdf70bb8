"""Cells and their trainings under one seed or several, from the logs of comparisons or from a table written before."""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from nasbench.core.reported import each_epoch_once
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial

COUNTS = ("params", "macs")
SCORED = 0
"""The seed whose validation is the score."""
DIGITS = 5
"""Of an accuracy in a table; means are those of the rounded ones, so that a table that is read has the same."""
RETRAINED = "test_accuracy_retrained"


@dataclass(frozen=True)
class Trained:
    """A cell, and what each of its trainings came to: column -> seed -> value."""

    genes: Mapping[str, Any]
    counts: Mapping[str, int]
    measured: Mapping[str, Mapping[int, float]]
    train_seconds: float

    @property
    def seeds(self) -> list[int]:
        return sorted(self.measured["test_accuracy"])

    def row(self) -> dict[str, Any]:
        row = {**self.genes, **self.counts}
        row |= {name: round(fmean(of_seeds.values()), DIGITS) for name, of_seeds in self.measured.items()}
        again = [value for seed, value in self.measured["test_accuracy"].items() if seed != SCORED]
        if again and SCORED in self.seeds:
            row[RETRAINED] = round(fmean(again), DIGITS)
        for name, of_seeds in self.measured.items():
            row |= {f"{name}_seed_{seed}": of_seeds[seed] for seed in self.seeds}
        return {**row, "train_seconds": round(self.train_seconds, 2)}


def trained_of(directory: Path, seeds: Sequence[int]) -> Iterator[Trained]:
    """Each cell of a comparison whose trainings all succeeded, and all of whose epochs are in the log.

    A comparison under other seeds, of an earlier table, is refused.
    """
    store = RunStore.read(directory)
    curves: dict[int, dict[int, float]] = {}
    for line in each_epoch_once(directory):
        curves.setdefault(line["number"], {})[line["epoch"]] = float(line["val_accuracy"])
    ordered = sorted(store.trials, key=lambda trial: trial.number)  # not as they ended
    for name in dict.fromkeys(trial.name for trial in ordered):
        trained = sorted((each for each in ordered if each.name == name), key=lambda each: each.seed)
        if [trial.seed for trial in trained] != list(seeds):
            raise SystemExit(f"{directory} has other seeds than {list(seeds)}: give another --runs")
        if not all(trial.scored for trial in trained):
            print(f"{name} is left out: {next(each.error for each in trained if not each.scored)}")
            continue
        if any(len(curves.get(trial.number, {})) < trial.epochs for trial in trained):
            print(f"{name} is left out: its curve lacks epochs")
            continue
        yield _trained(trained, curves)


def _trained(trials: Sequence[Trial], curves: Mapping[int, Mapping[int, float]]) -> Trained:
    first = trials[0]
    assert first.model is not None, first
    measured = {
        f"val_accuracy_{epoch}": {trial.seed: round(curves[trial.number][epoch], DIGITS) for trial in trials}
        for epoch in range(1, first.epochs + 1)
    }
    measured["test_accuracy"] = {trial.seed: round(float(trial.metrics["test_accuracy"]), DIGITS) for trial in trials}
    counts = {name: int(first.metrics[name]) for name in COUNTS}
    seconds = min(float(trial.metrics["train_seconds"]) for trial in trials)
    return Trained(first.model["architecture"]["genes"], counts, measured, seconds)


def trained_of_table(file: Path) -> list[Trained]:
    """The cells of a table that this script wrote."""
    with gzip.open(file, "rt") as opened:
        rows = list(csv.DictReader(opened))
    decisions = list(rows[0])[: list(rows[0]).index(COUNTS[0])] if rows else []
    found = []
    for row in rows:
        measured: dict[str, dict[int, float]] = {}
        for name, value in row.items():
            if of_seed := re.fullmatch(r"(.+)_seed_(\d+)", name):
                measured.setdefault(of_seed[1], {})[int(of_seed[2])] = float(value)
        genes, counts = {name: row[name] for name in decisions}, {name: int(row[name]) for name in COUNTS}
        found.append(Trained(genes, counts, measured, float(row["train_seconds"])))
    return found


def joined(*tables: Sequence[Trained]) -> list[Trained]:
    """Each cell once, with the trainings that any table has of it, in the order in which cells are met.

    SystemExit where two have a training of one cell under one seed.
    """
    found: dict[tuple[str, ...], Trained] = {}
    for cell in (each for table in tables for each in table):
        name = _named(cell.genes)
        known = found.setdefault(name, cell)
        if known is cell:
            continue
        if both := {*known.seeds} & {*cell.seeds}:
            raise SystemExit(f"two tables have seed {min(both)} of one cell: train others, with --first-seed")
        measured = {column: {**of_seeds, **cell.measured[column]} for column, of_seeds in known.measured.items()}
        seconds = min(known.train_seconds, cell.train_seconds)
        found[name] = replace(known, measured=measured, train_seconds=seconds)
    return list(found.values())


def lacking(cells: Iterable[Trial], known: Sequence[Trained], seeds: Sequence[int]) -> list[Trial]:
    """The drawn cells that `known` has not trained under all of these seeds."""
    have = {_named(each.genes) for each in known if {*seeds} <= {*each.seeds}}
    return [cell for cell in cells if _named(cell.genes) not in have]


def _named(genes: Mapping[str, Any]) -> tuple[str, ...]:
    """The same for genes that were drawn and for genes that were read from a file."""
    return tuple(str(genes[decision]) for decision in sorted(genes))

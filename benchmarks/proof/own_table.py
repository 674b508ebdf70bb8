"""A table of real trainings of random cells: curves by epoch, several seeds, times; in the format of the other tables.

    python benchmarks/proof/own_table.py --cells 1000 --seeds 1 --data-dir DIR --workers 2      # nasnet-small-cifar10
    python benchmarks/proof/own_table.py --cells 10 --dataset digits --image-size 0 --runs DIR --out DIR/cells.csv.gz

Runs the commands that a user would type, and prints each: a search that draws the cells and trains none of them, then
comparisons of BATCH cells each, which train every cell under every seed. Stopped at any moment, it goes on where it
was. At the end it writes the table from the logs, and its card beside it (`cells.card.json`), so that

    nasbench race --evaluator table:cells.csv.gz --candidates table --trials 50

runs on it. More seeds later train only what is missing: in another `--runs`, with the same `--kept`.

A row a cell: its decisions; `params`, `macs`; `val_accuracy_E`, after E epochs, and `test_accuracy`, with the weights
of the epoch that validates best, means over the seeds; the same of each seed S, `..._seed_S`; `train_seconds` of the
training that was disturbed least.
"""

import argparse
import csv
import gzip
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from nasbench.core.reported import each_epoch_once
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.core.writing import write_atomically

BATCH = 100
"""Cells of one comparison."""
RUN = "run.json"


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--space", default="nasnet-small")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--image-size", type=int, default=16, help="0: the data set's own")
    parser.add_argument("--recipe", default="nasnet_small")
    parser.add_argument("--normal-cells", default="1", help="N, normal cells a stack")
    parser.add_argument("--filters", default="8", help="F, filters of the first stack")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-dir")
    parser.add_argument("--workers", default="0")
    parser.add_argument("--runs", type=Path, default=Path("runs/own_table"))
    parser.add_argument("--kept", type=Path, help="finished trainings (else in --runs)")
    parser.add_argument("--out", type=Path, default=Path("runs/own_table/cells.csv.gz"))
    given = parser.parse_args(argv)
    ran = [search_command(given)]
    call(ran[0], given.runs / "cells")
    cells = drawn(RunStore.read(given.runs / "cells").trials, given.cells)
    trained: list[Path] = []
    for first in range(0, len(cells), BATCH):
        directory = given.runs / f"trained-{first // BATCH + 1}"
        batch = [f"{given.runs / 'cells'}#{cell.number}" for cell in cells[first : first + BATCH]]
        ran.append(training_command(batch, given))
        call(ran[-1], directory)
        trained.append(directory)
    rows = [row for directory in trained for row in rows_of(directory, given.seeds)]
    if len(rows) != len(cells) or len(rows) < given.cells:
        print(f"asked for {given.cells} cells, drawn {len(cells)}, trained under all seeds {len(rows)}")
    write(rows, given.out, card(given, rows, ran[0]))
    print(f"{len(rows)} rows: {given.out}")


def search_command(given: argparse.Namespace) -> list[str]:
    """Draws cells; their score is a count, so that none is trained. One and a half as many, as some are equal."""
    draws = str(given.cells + given.cells // 2)
    chosen = ["--strategy", "random", "--evaluator", "proxy:params", "--control", "0", "--trials", draws]
    sized = ["--cells", given.normal_cells, "--filters", given.filters, "--dataset", given.dataset, *_where(given)]
    return ["search", "--space", given.space, *chosen, *sized, "--wandb", "off"]


def training_command(models: Sequence[str], given: argparse.Namespace) -> list[str]:
    """Trains each cell under each seed, from nothing."""
    how = ["--dataset", given.dataset, "--recipe", given.recipe, "--epochs", str(given.epochs)]
    often = ["--seeds", str(given.seeds), "--workers", given.workers]
    return [
        "compare",
        *models,
        *how,
        *often,
        *_where(given),
        "--trained-dir",
        str(given.kept or given.runs / "kept"),
        "--wandb",
        "off",
    ]


def _where(given: argparse.Namespace) -> list[str]:
    size = ["--image-size", str(given.image_size)] if given.image_size else []
    return [*size, "--data-dir", given.data_dir] if given.data_dir else size


def call(command: Sequence[str], directory: Path) -> None:
    """Runs a command, or goes on with it; nothing where its run has ended."""
    if (directory / RUN).exists():
        if RunStore.read(directory).run.get("ended"):
            return
        command = [command[0], "--run", str(directory), "--resume"]
    else:
        command = [*command, "--run", str(directory)]
    print("nasbench", shlex.join(command), flush=True)
    subprocess.run([sys.executable, "-m", "nasbench", *command], check=True)


def drawn(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The first `count` different networks."""
    first: dict[str, Trial] = {}
    for trial in sorted(trials, key=lambda each: each.number):
        if trial.scored:
            first.setdefault(trial.key, trial)
    return list(first.values())[:count]


def rows_of(directory: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """A row for each cell of a comparison whose trainings all succeeded, and all of whose epochs are in the log.

    A comparison under other seeds, of an earlier table, is refused.
    """
    store = RunStore.read(directory)
    curves: dict[int, dict[int, float]] = {}
    for line in each_epoch_once(directory):
        curves.setdefault(line["number"], {})[line["epoch"]] = float(line["val_accuracy"])
    ordered = sorted(store.trials, key=lambda trial: trial.number)  # not as they ended
    for name in dict.fromkeys(trial.name for trial in ordered):
        trained = sorted((each for each in ordered if each.name == name), key=lambda each: each.seed)
        if [trial.seed for trial in trained] != list(range(seeds)):
            raise SystemExit(f"{directory} has other seeds than {seeds}: give another --runs, with the same --kept")
        if not all(trial.scored for trial in trained):
            print(f"{name} is left out: {next(each.error for each in trained if not each.scored)}")
            continue
        if any(len(curves.get(trial.number, {})) < trial.epochs for trial in trained):
            print(f"{name} is left out: its curve lacks epochs")
            continue
        yield _row(trained, curves)


def _row(trained: Sequence[Trial], curves: Mapping[int, Mapping[int, float]]) -> dict[str, Any]:
    first = trained[0]
    assert first.model is not None, first
    row: dict[str, Any] = dict(first.model["architecture"]["genes"])
    row |= {name: int(first.metrics[name]) for name in ("params", "macs")}
    measured = {
        f"val_accuracy_{epoch}": {trial.seed: curves[trial.number][epoch] for trial in trained}
        for epoch in range(1, first.epochs + 1)
    }
    measured["test_accuracy"] = {trial.seed: float(trial.metrics["test_accuracy"]) for trial in trained}
    row |= {name: round(fmean(of_seeds.values()), 5) for name, of_seeds in measured.items()}
    for name, of_seeds in measured.items():
        row |= {f"{name}_seed_{seed}": round(value, 5) for seed, value in of_seeds.items()}
    row["train_seconds"] = round(min(float(trial.metrics["train_seconds"]) for trial in trained), 2)
    return row


def card(given: argparse.Namespace, rows: Sequence[Mapping[str, Any]], draws: Sequence[str]) -> dict[str, Any]:
    """What the table says of itself: the fields that nasbench reads, then those for readers."""
    seen = f"{given.dataset} at {given.image_size} pixels" if given.image_size else given.dataset
    read = {
        "space": given.space,
        "data": f"{seen}, recipe {given.recipe}, {given.epochs} epochs",
        "score_column": f"val_accuracy_{given.epochs}_seed_0",
        "cost_column": "train_seconds",
        "report_columns": [f"val_accuracy_{given.epochs}", "test_accuracy"],
    }
    run = RunStore.read(given.runs / "trained-1").run
    made = {
        "rows": len(rows),
        "seeds": given.seeds,
        "size": {"cells": given.normal_cells, "filters": given.filters, "image_size": given.image_size},
        "recipe": run["plan"].get("recipe"),
        "drawn_by": shlex.join(["nasbench", *("DIR" if part == given.data_dir else part for part in draws)]),
        "hardware": run.get("hardware"),
        "versions": run.get("versions"),
        "selection": "the cells are uniform draws of the space's decisions, each network once; none was left out for "
        "its result, only where a training failed",
        "use": "the score is one training, judged by few images; the reported columns are means over the seeds, "
        "val_accuracy after the last epoch and test_accuracy with the weights of the best one; differences below the "
        "deviation between seeds say nothing",
    }
    return {**read, **made}


def write(rows: Sequence[Mapping[str, Any]], out: Path, of: Mapping[str, Any]) -> None:
    """The table, the same bytes for the same rows, and its card."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    name = out.name.removesuffix(".gz").removesuffix(".csv")
    write_atomically(out.with_name(f"{name}.card.json"), json.dumps(of, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""A table of real trainings of random cells: curves by epoch, several seeds, times; in the format of the other tables.

    python benchmarks/proof/own_table.py --cells 1000 --seeds 2 --data-dir DIR --workers 2      # nasnet-small-cifar10
    python benchmarks/proof/own_table.py --cells 10 --dataset digits --image-size 0 --runs DIR --out DIR/cells.csv.gz

Runs the commands that a user would type, and prints each: a search that draws the cells and trains none of them, then
comparisons of BATCH cells each, which train every cell under every seed. Stopped at any moment, it goes on where it
was. At the end it writes the table from the logs, and its card beside it (`cells.card.json`), so that

    nasbench race --evaluator table:cells.csv.gz --candidates table --trials 50

runs on it. More seeds later, on another machine too: `--first-seed 1 --seeds 1 --join cells.csv.gz` trains seed 1 of
the same draws, and writes the table of both; what a joined table has is not trained again.

A row a cell: its decisions; `params`, `macs`; `val_accuracy_E`, after E epochs, and `test_accuracy`, with the weights
of the epoch that validates best, means over the seeds; the same of each seed S, `..._seed_S`; of several seeds also
`test_accuracy_retrained`, the mean over all but seed 0, whose validation is the score: what a cell that was chosen by
that score has when it is trained anew. `train_seconds` is of the training that was disturbed least.
"""

import argparse
import csv
import gzip
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trained_cells import RETRAINED, SCORED, Trained, joined, lacking, trained_of, trained_of_table

from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.core.writing import write_atomically

BATCH = 100
"""Cells of one comparison."""
RUN = "run.json"


def parser() -> argparse.ArgumentParser:
    """What it may be asked."""
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--cells", type=int, default=1000)
    found.add_argument("--space", default="nasnet-small")
    found.add_argument("--dataset", default="cifar10")
    found.add_argument("--image-size", type=int, default=16, help="0: the data set's own")
    found.add_argument("--recipe", default="nasnet_small")
    found.add_argument("--normal-cells", default="1", help="N, normal cells a stack")
    found.add_argument("--filters", default="8", help="F, filters of the first stack")
    found.add_argument("--epochs", type=int, default=3)
    found.add_argument("--seeds", type=int, default=3)
    found.add_argument("--first-seed", type=int, default=0)
    found.add_argument("--join", type=Path, nargs="+", default=[], help="tables written before")
    found.add_argument("--data-dir")
    found.add_argument("--workers", default="0")
    found.add_argument("--runs", type=Path, default=Path("runs/own_table"))
    found.add_argument("--kept", type=Path, help="finished trainings (else in --runs)")
    found.add_argument("--out", type=Path, default=Path("runs/own_table/cells.csv.gz"))
    return found


def main(argv: Sequence[str]) -> None:
    given = parser().parse_args(argv)
    cells = draw(given)
    known = joined(*map(trained_of_table, given.join))
    found = joined(known, train(lacking(cells, known, seeds_of(given)), given))
    if not found:
        raise SystemExit("no cell has a finished training: there is no table to write")
    most = max(len(each.seeds) for each in found)
    found = [each for each in found if len(each.seeds) == most]
    if len(found) != len(cells) or len(found) < given.cells:
        print(f"asked for {given.cells} cells, drawn {len(cells)}, trained under all seeds {len(found)}")
    write([each.row() for each in found], given.out, card(given, found))
    print(f"{len(found)} rows: {given.out}")


def draw(given: argparse.Namespace) -> list[Trial]:
    """The cells of the table, each network once."""
    call(search_command(given), given.runs / "cells")
    return drawn(RunStore.read(given.runs / "cells").trials, given.cells)


def train(cells: Sequence[Trial], given: argparse.Namespace) -> list[Trained]:
    """Those of the drawn cells whose trainings under all the seeds that are asked for succeeded."""
    found: list[Trained] = []
    for first in range(0, len(cells), BATCH):
        directory = given.runs / f"trained-{first // BATCH + 1}"
        batch = [f"{given.runs / 'cells'}#{cell.number}" for cell in cells[first : first + BATCH]]
        call(training_command(batch, given), directory)
        found += trained_of(directory, seeds_of(given))
    return found


def seeds_of(given: argparse.Namespace) -> list[int]:
    """The seeds that are asked for."""
    return list(range(given.first_seed, given.first_seed + given.seeds))


def search_command(given: argparse.Namespace) -> list[str]:
    """Draws cells; their score is a count, so that none is trained. One and a half as many, as some are equal."""
    draws = str(given.cells + given.cells // 2)
    chosen = ["--strategy", "random", "--evaluator", "proxy:params", "--control", "0", "--trials", draws]
    sized = ["--cells", given.normal_cells, "--filters", given.filters, "--dataset", given.dataset, *_where(given)]
    return ["search", "--space", given.space, *chosen, *sized, "--wandb", "off"]


def training_command(models: Sequence[str], given: argparse.Namespace) -> list[str]:
    """Trains each cell under each seed, from nothing."""
    how = ["--dataset", given.dataset, "--recipe", given.recipe, "--epochs", str(given.epochs)]
    often = ["--seeds", str(given.seeds), "--seed", str(given.first_seed), "--workers", given.workers]
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


def card(given: argparse.Namespace, cells: Sequence[Trained]) -> dict[str, Any]:
    """What the table says of itself: the fields that nasbench reads, then those for readers."""
    draws = search_command(given)
    seeds = cells[0].seeds
    retrained = [RETRAINED] if SCORED in seeds and len(seeds) > 1 else []
    seen = f"{given.dataset} at {given.image_size} pixels" if given.image_size else given.dataset
    read = {
        "space": given.space,
        "data": f"{seen}, recipe {given.recipe}, {given.epochs} epochs",
        "score_column": f"val_accuracy_{given.epochs}_seed_{seeds[0]}",
        "cost_column": "train_seconds",
        "report_columns": [f"val_accuracy_{given.epochs}", "test_accuracy", *retrained],
    }
    made = {
        "rows": len(cells),
        "seeds": len(seeds),
        "size": {"cells": given.normal_cells, "filters": given.filters, "image_size": given.image_size},
        "drawn_by": shlex.join(["nasbench", *("DIR" if part == given.data_dir else part for part in draws)]),
        **conditions(given),
        "selection": "the cells are uniform draws of the space's decisions, each network once; none was left out for "
        "its result, only where a training failed",
        "use": "the score is one training, judged by few images; the reported columns are means over the seeds, "
        "val_accuracy after the last epoch and test_accuracy with the weights of the best one, "
        "test_accuracy_retrained over the seeds that the score does not know; differences below the deviation between "
        "seeds say nothing",
    }
    return {**read, **made}


def conditions(given: argparse.Namespace) -> dict[str, Any]:
    """The recipe, and under which seeds which machine trained: those of the joined tables, then this run's."""
    cards = [json.loads(card_file(table).read_text()) for table in given.join]
    recipe = cards[0]["recipe"] if cards else None
    trained_on = [each for known in cards for each in known["trained_on"]]
    own = given.runs / "trained-1"
    if own.exists():
        run = RunStore.read(own).run
        recipe = recipe or run["plan"].get("recipe")
        trained_on.append({"seeds": seeds_of(given), "hardware": run.get("hardware"), "versions": run.get("versions")})
    return {
        "recipe": recipe,
        "trained_on": [each for place, each in enumerate(trained_on) if each not in trained_on[:place]],
    }


def card_file(table: Path) -> Path:
    return table.with_name(table.name.removesuffix(".gz").removesuffix(".csv") + ".card.json")


def write(rows: Sequence[Mapping[str, Any]], out: Path, of: Mapping[str, Any]) -> None:
    """The table, the same bytes for the same rows, and its card."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    write_atomically(card_file(out), json.dumps(of, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The same question on the table of this project's own cells: all routes, hundreds of times, on real trainings.

    python benchmarks/proof/on_table.py score --data-dir DIR [--runs DIR]
    python benchmarks/proof/on_table.py beside --data-dir DIR [--runs DIR]
    python benchmarks/proof/on_table.py race [--runs DIR] [--seeds 200]
    python benchmarks/proof/on_table.py again --data-dir DIR [--runs DIR] [--seeds 200]
    python benchmarks/proof/on_table.py show

`score` trains shared weights under several seeds and scores every cell of the table by them and by proxies; it writes
results/nasnet_small_scores.csv.gz. `beside` trains published cells and hand-designed networks. `race` runs the routes
on the table and on these scores, and trains nothing. `again` trains the cells that they return under three more seeds,
and writes results/nasnet_small_again.csv.gz, by which `race` judges. All are told in results/proof_on_table.json, which
`show` prints and draws. Each prints the command lines that it runs, and goes on where it was stopped.
"""

import argparse
import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from on_table_again import again
from on_table_judge import Groups, Judge, by_values, judge_of, told
from on_table_routes import (
    GRID,
    PIXELS,
    PROXIES,
    SCREENS,
    SHARING,
    STRATEGIES,
    SUPERNETS,
    TABLE,
    Spent,
    beside_command,
    race_command,
    routes_of,
    scores_command,
    sharing,
    supernet_command,
)
from on_table_shown import draw, lines
from own_table import call
from ranks import ranks_of
from retrained import SHIPPED
from routes import DESIGNED, PUBLISHED, scale_command
from trained_cells import joined, trained_of_table

from nasbench.core.store import RunStore
from nasbench.evaluators.table import TableEvaluator
from nasbench.report.race.results import Race, Repetition
from search_spaces.nasnet_small.space import NasnetSmallSpace

ROOT = Path(__file__).resolve().parents[2]
SCORES = ROOT / "benchmarks" / "results" / "nasnet_small_scores.csv.gz"
AGAIN = ROOT / "benchmarks" / "results" / "nasnet_small_again.csv.gz"
RESULT = ROOT / "benchmarks" / "results" / "proof_on_table.json"
PICTURE = ROOT / "docs" / "img" / "proof_on_table.svg"
SCORE = "val_accuracy_3_seed_0"
BEST = 10
"""Cells of the best scores of the table."""
DIGITS = 8
"""Significant digits of a score in the file: float32 has seven."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("score", "beside", "race", "again", "show"))
    parser.add_argument("--data-dir")
    parser.add_argument("--runs", type=Path, default=Path("runs/proof_on_table"))
    parser.add_argument("--workers", default="2")
    parser.add_argument("--seeds", type=int, default=200)
    given = parser.parse_args()
    record: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    more = ["--data-dir", given.data_dir] if given.data_dir else []
    if given.command == "score":
        record["scores"] = score(given.runs, more, given.workers)
    if given.command == "beside":
        record["beside"] = beside(given.runs, [*more, "--workers", given.workers])
    if given.command in ("race", "again"):
        ranks, trainings = record["scores"]["ranks"], record["scores"]["supernet_seconds"]
        spent = Spent(trainings, {name: each["seconds"] for name, each in ranks.items()})
        routes = races(given.runs, given.seeds, given.workers, spent)
        if given.command == "again":
            cells = by_values(trained_of_table(SHIPPED), SCORE)
            again(routes, cells, given.runs, given.data_dir, given.workers, AGAIN)
        record |= judged(routes, given.seeds)
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    if "routes" in record:
        print("\n".join(lines(record)))
        draw(record, PICTURE)


def score(runs: Path, more: Sequence[str], workers: str) -> dict[str, Any]:
    """Trains the shared weights, scores the cells, writes SCORES. Returns what that took, and how the scores rank."""
    supernets = [runs / f"supernet-{seed}" for seed in range(SUPERNETS)]
    for seed, directory in enumerate(supernets):
        call([*supernet_command(seed), *more], directory)
    call([*scores_command(list(map(str, supernets))), *more, "--workers", workers], runs / "scores")
    columns = {f"proxy:{name}": name for name in PROXIES}
    columns |= {f"supernet:{directory}": f"{SHARING}_{seed}" for seed, directory in enumerate(supernets)}
    store = RunStore.read(runs / "scores")
    write(store, columns)
    ranks = {columns[name]: found for name, found in ranks_of(store).items()}
    trainings = [RunStore.read(directory).trials[0].metrics["train_seconds"] for directory in supernets]
    machine = {"processor": store.run["hardware"]["cpu"], "torch": store.run["versions"]["torch"]}
    return {"supernet_seconds": trainings, "ranks": ranks, "machine": machine}


def write(store: RunStore, columns: Mapping[str, str]) -> None:
    """A row a cell, in the order of the table; a column a score, with nothing where it is not defined."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for trial in sorted(store.trials, key=lambda trial: trial.number):  # not as they ended
        row = rows.setdefault(tuple(trial.genes.items()), dict(trial.genes))
        row[columns[trial.note["score"]]] = "" if trial.score is None else f"{trial.score:.{DIGITS}g}"
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(next(iter(rows.values()))), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    SCORES.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def beside(runs: Path, more: Sequence[str]) -> list[dict[str, Any]]:
    """Published cells, and hand-designed networks of no more multiply-adds than the largest cell of the table."""
    known = TableEvaluator(TABLE, NasnetSmallSpace(), "test_accuracy", report_columns=("macs",))
    files = [runs / "designed" / f"{base}.json" for base in DESIGNED]
    for base, file in zip(DESIGNED, files, strict=True):
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            written = scale_command(base, int(max(known.values("macs"))), PIXELS, str(file))
            subprocess.run([sys.executable, "-m", "nasbench", *written], check=True)
    found = []
    for kind, models in (("published", PUBLISHED), ("designed", [str(file) for file in files])):
        call([*beside_command(models, kind == "published"), *more], runs / kind)
        trials = RunStore.read(runs / kind).trials
        for name in dict.fromkeys(trial.name for trial in trials):
            own = [trial.metrics for trial in trials if trial.name == name and trial.scored]
            short = name.rpartition(":")[2].rpartition("/")[2].removesuffix(".json")
            tested = [100 * metrics["test_accuracy"] for metrics in own]
            found.append({"kind": kind, "name": short, "macs": int(own[0]["macs"]), "test_accuracy": tested})
    return found


def races(runs: Path, seeds: int, workers: str, spent: Spent) -> dict[str, list[list[Repetition]]]:
    """Name of a route -> its searches. With each supernet a part of the seeds is raced."""
    commands = {"race": race_command(SCORES, seeds, SCREENS)}
    part = seeds // SUPERNETS
    for number in range(SUPERNETS):
        own = race_command(SCORES, part, [f"{SHARING}_{number}"], first=number * part)
        commands[f"race-{SHARING}-{number}"] = own
    found = []
    for name, command in commands.items():
        call([*command, "--workers", workers], runs / name)
        store = RunStore.read(runs / name)
        found.append(Race.of(store.run, store.trials))
    race, *by_shared = found
    return {**routes_of(race, by_shared, spent), SHARING: sharing(race, SCORES, spent, seeds)}


def judged(routes: Mapping[str, Groups], seeds: int) -> dict[str, Any]:
    """What every route returns along its seconds, by the trainings that no search saw."""
    cells = by_values(trained_of_table(SHIPPED), SCORE)
    trained = joined(list(cells.values()), trained_of_table(AGAIN))  # in the same order
    judge = judge_of(dict(zip(cells, trained, strict=True)))
    found = {"seeds": seeds, "noise": judge.noise, **known(judge)}
    return {**found, "grid": GRID, "routes": told(routes, judge, STRATEGIES[0])}


def known(judge: Judge) -> dict[str, float]:
    """Trained anew, in percent: the cells whose scores are the best of the table, and the mean of all."""
    worths = [judge.anew[cell][0] for cell in sorted(judge.anew, reverse=True)]  # by score, the best first
    return {"best": fmean(worths[:BEST]), "random_cell": fmean(worths)}


if __name__ == "__main__":
    main()

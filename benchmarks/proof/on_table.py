"""The same question on the table of this project's own cells: all routes, hundreds of times, on real trainings.

    python benchmarks/proof/on_table.py score --data-dir DIR [--runs DIR]
    python benchmarks/proof/on_table.py race [--runs DIR] [--seeds 200]
    python benchmarks/proof/on_table.py show

`score` trains shared weights under several seeds and scores every cell of the table by them and by proxies; it writes
results/nasnet_small_scores.csv.gz. `race` runs the routes on the table and on these
scores, and trains nothing; it writes results/proof_on_table.json. `show` prints that and draws the picture. Each prints
the command lines that it runs, and goes on where it was stopped.
"""

import argparse
import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from on_table_routes import (
    BEHIND_SHARED,
    GRID,
    PROXIES,
    SCREENS,
    SHARING,
    STRATEGIES,
    SUPERNETS,
    Spent,
    race_command,
    routes_of,
    scores_command,
    sharing,
    supernet_command,
)
from on_table_shown import draw, lines
from own_table import call

from nasbench.core.store import RunStore
from nasbench.report.fidelity.results import Fidelity
from nasbench.report.race.results import Race

ROOT = Path(__file__).resolve().parents[2]
SCORES = ROOT / "benchmarks" / "results" / "nasnet_small_scores.csv.gz"
RESULT = ROOT / "benchmarks" / "results" / "proof_on_table.json"
PICTURE = ROOT / "docs" / "img" / "proof_on_table.svg"
DIGITS = 8
"""Significant digits of a score in the file: float32 has seven."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("score", "race", "show"))
    parser.add_argument("--data-dir")
    parser.add_argument("--runs", type=Path, default=Path("runs/proof_on_table"))
    parser.add_argument("--workers", default="2")
    parser.add_argument("--seeds", type=int, default=200)
    given = parser.parse_args()
    record: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    if given.command == "score":
        record["scores"] = score(given.runs, ["--data-dir", given.data_dir] if given.data_dir else [], given.workers)
    if given.command == "race":
        record |= raced(given.runs, given.seeds, given.workers, record["scores"])
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    if given.command != "score":
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
    ranks = {}
    for each in Fidelity.of(store.run, store.trials).standings:
        measures = {name: [found.value, found.low, found.high] for name, found in each.measures.items()}
        ranks[columns[each.name]] = {"seconds": each.seconds, **measures}
    trainings = [RunStore.read(directory).trials[0].metrics["train_seconds"] for directory in supernets]
    machine = {"processor": store.run["hardware"]["cpu"], "torch": store.run["versions"]["torch"]}
    return {"supernet_seconds": trainings, "ranks": ranks, "machine": machine}


def write(store: RunStore, columns: Mapping[str, str]) -> None:
    """A row a cell, a column a score; nothing where a score is not defined."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for trial in store.trials:
        row = rows.setdefault(tuple(trial.genes.items()), dict(trial.genes))
        row[columns[trial.note["score"]]] = "" if trial.score is None else f"{trial.score:.{DIGITS}g}"
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(next(iter(rows.values()))), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    SCORES.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def raced(runs: Path, seeds: int, workers: str, scores: Mapping[str, Any]) -> dict[str, Any]:
    """What every route returns along its seconds. With each supernet some of the seeds are raced."""
    spent = Spent(scores["supernet_seconds"], {name: each["seconds"] for name, each in scores["ranks"].items()})
    inherited = [f"{SHARING}_{number}" for number in range(SUPERNETS)]
    call([*race_command(SCORES, seeds, STRATEGIES, SCREENS), "--workers", workers], runs / "race")
    by_shared = race_command(SCORES, seeds // SUPERNETS, BEHIND_SHARED, inherited)
    call([*by_shared, "--workers", workers], runs / "race-shared")
    race, behind = (
        Race.of(store.run, store.trials) for store in map(RunStore.read, (runs / "race", runs / "race-shared"))
    )
    routes = {**routes_of(behind, spent), **routes_of(race, spent), SHARING: sharing(race, SCORES, spent, seeds)}
    return {"seeds": seeds, "best": 100 * race.optimum[race.rank_by], "grid": GRID, "routes": routes}


if __name__ == "__main__":
    main()

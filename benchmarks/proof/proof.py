"""Does a search on real images beat chance, and by how much? Searches, trains what was returned, shows the verdict.

    python benchmarks/proof/proof.py run [--routes random,ppo] [--data-dir DIR] [--runs DIR] [--workers 2]
    python benchmarks/proof/proof.py show

`run` prints each command line before it runs it; stopped at any moment, it goes on where it was. `show` reads
`benchmarks/results/proof.json`, which `run` leaves: every child and every final training, so that nothing is trained.
A child takes 19 s of one core of a laptop: 240 of them an hour and a quarter, half of that with two workers.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from picture import draw
from routes import BUDGETS, COMMON, FINAL, LABELS, ROUTES, Child, returned, unselected
from verdicts import differences, of_routes

from nasbench.core.store import RunStore

RESULT = Path(__file__).resolve().parents[1] / "results" / "proof.json"
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "img" / "proof.svg"
HOLDS = "run.json"


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="searches and trains what is missing, then shows")
    run.add_argument("--routes", default=",".join(ROUTES))
    run.add_argument("--runs", type=Path, default=Path("runs/proof"))
    run.add_argument("--data-dir")
    run.add_argument("--workers", default="2")
    commands.add_parser("show", help="the table and the picture from benchmarks/results/proof.json")
    given = parser.parse_args(argv)
    if given.command == "run":
        more = [*(["--data-dir", given.data_dir] if given.data_dir else []), "--workers", given.workers]
        for name in given.routes.split(","):
            search(name, given.runs / name, more)
        train(given.runs, more)
        RESULT.write_text(json.dumps(gathered(given.runs), indent=1) + "\n")
    show(json.loads(RESULT.read_text()))


def search(name: str, directory: Path, more: Sequence[str]) -> None:
    """One route, to the largest budget."""
    if (directory / HOLDS).exists():
        nasbench("search", "--run", str(directory), "--resume")
    else:
        nasbench("search", *COMMON, *ROUTES[name], "--trials", str(max(BUDGETS)), *more, "--run", str(directory))


def train(runs: Path, more: Sequence[str]) -> None:
    """What the routes return, each network once."""
    wanted: dict[str, str] = {}
    for name in ROUTES:
        found = children(runs / name)
        cells = unselected(found) if name == "random" else []
        cells += [cell for budget in BUDGETS if len(found) >= budget for cell in returned(found, budget)]
        for cell in cells:
            wanted.setdefault(cell.key, f"{runs / name}#{cell.number}")
    number = sum(1 for _ in runs.glob("finals-*")) + 1
    nasbench(
        "compare",
        *wanted.values(),
        *FINAL,
        *more,
        "--trained-dir",
        str(runs / "trained"),
        "--run",
        str(runs / f"finals-{number}"),
    )


def gathered(runs: Path) -> dict[str, Any]:
    """What the logs say: children by route, final trainings by key and seed, machine and versions."""
    finals: dict[str, dict[str, float]] = {}
    for directory in sorted(runs.glob("finals-*")):
        for trial in RunStore.read(directory).trials:
            if trial.scored:
                finals.setdefault(trial.key, {})[str(trial.seed)] = trial.metrics["test_accuracy"]
    found = {name: [vars(child) for child in children(runs / name)] for name in ROUTES}
    machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
    return {"machine": machine, "searches": {name: rows for name, rows in found.items() if rows}, "finals": finals}


def children(directory: Path) -> list[Child]:
    """The children of a search, none where it was not run."""
    if not (directory / HOLDS).exists():
        return []
    return [
        Child(
            trial.number, trial.key, trial.score, int(trial.metrics.get("params", 0)), int(trial.metrics.get("macs", 0))
        )
        for trial in RunStore.read(directory).trials
    ]


def show(known: dict[str, Any]) -> None:
    """Prints the table and draws the picture."""
    searches = {name: [Child(**row) for row in rows] for name, rows in known["searches"].items()}
    rows = of_routes(searches, known["finals"])
    print("| route | children | test accuracy of the five | of the first | multiply-adds |\n|---|---|---|---|---|")
    for row in rows:
        interval = f"{row.mean:.2f} [{row.low:.2f}, {row.high:.2f}]"
        print(f"| {LABELS[row.route]} | {row.budget} | {interval} | {row.best:.2f} | {row.macs / 1e6:.1f}M |")
    for each in differences(rows):
        against = f"{LABELS[each.route]} minus {LABELS[each.other]}, {each.budget} children"
        print(f"{against}: {each.points:+.2f} points, 95 % interval {each.low:+.2f} to {each.high:+.2f}")
    draw(rows, PICTURE)


def nasbench(*arguments: str) -> None:
    print("nasbench", " ".join(arguments), flush=True)
    subprocess.run([sys.executable, "-m", "nasbench", *arguments], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])

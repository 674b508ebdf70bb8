"""Does a search on real images beat chance, and by how much? Searches, trains what was returned, shows the verdict.

    python benchmarks/proof/proof.py run [--routes random,ppo] [--data-dir DIR] [--runs DIR] [--workers 2]
    python benchmarks/proof/proof.py show
    python benchmarks/proof/proof.py run --scale gpu --workers 8 --gpus-per-worker 0.125
    python benchmarks/proof/proof.py run --scale tiny --runs DIR        all routes on digits, in minutes: no result

`run` prints each command line before it runs it; stopped at any moment, it goes on where it was. What it adds to
`benchmarks/results/proof.json` is every child and every final training, beside those of other routes that the file has
already, so that routes can be run in several places. `show` reads the file, and nothing is trained.
A child takes 19 to 50 s of one core, as the processor is: 240 of them one to three hours, half with two workers.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from picture import draw
from routes import (
    DESIGNED,
    LABELS,
    PUBLISHED,
    ROUTES,
    SCALES,
    SHARING,
    Child,
    Scale,
    final_command,
    returned,
    scale_command,
    search_command,
    unselected,
)
from searches import of_both, of_checks, told
from verdicts import differences, each_network, of_networks, of_routes

from nasbench.core.curves import is_retraining
from nasbench.core.store import RunStore

RESULT = Path(__file__).resolve().parents[1] / "results" / "proof.json"
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "img" / "proof.svg"
HOLDS = "run.json"
NETWORKS = ("published", "designed")
"""Routes without a search."""


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="searches and trains what is missing, then shows")
    run.add_argument("--routes", default=",".join((*ROUTES, SHARING, *NETWORKS)))
    run.add_argument("--runs", type=Path, help="where runs lie (else runs/proof, with another scale runs/proof-SCALE)")
    run.add_argument("--scale", choices=tuple(SCALES), default="full")
    run.add_argument("--data-dir")
    run.add_argument("--workers", default="2")
    run.add_argument("--gpus-per-worker")
    commands.add_parser("show", help="the table and the picture from benchmarks/results/proof.json")
    given = parser.parse_args(argv)
    if given.command == "show":
        show(json.loads(RESULT.read_text()), PICTURE)
        return
    scale = SCALES[given.scale]
    runs: Path = given.runs or Path("runs/proof" if given.scale == "full" else f"runs/proof-{given.scale}")
    result, picture = (RESULT, PICTURE) if given.scale == "full" else (runs / "proof.json", runs / "proof.svg")
    try:
        of_scale(given.scale, result)
    except ValueError as error:
        parser.error(str(error))
    more = [*(["--data-dir", given.data_dir] if given.data_dir else []), "--workers", given.workers]
    more += ["--gpus-per-worker", given.gpus_per_worker] if given.gpus_per_worker else []
    asked = given.routes.split(",")
    for name in (name for name in asked if name not in NETWORKS):
        search(name, scale, runs / name, more)
    before = of_scale(given.scale, result)
    train(runs, asked, scale, more, recorded(before))
    result.write_text(json.dumps({"scale": given.scale, **merged(before, gathered(runs))}, indent=1) + "\n")
    show(json.loads(result.read_text()), picture)


def search(name: str, scale: Scale, directory: Path, more: Sequence[str]) -> None:
    """One route, to the largest budget."""
    if (directory / HOLDS).exists():
        call("search", "--run", str(directory), "--resume")
    else:
        call(*search_command(name, scale), *more, "--run", str(directory))


def train(
    runs: Path, asked: Sequence[str], scale: Scale, more: Sequence[str], before: Mapping[str, Sequence[Child]]
) -> None:
    """What the routes return, each network once; then the networks of the routes without a search. `before` are the
    children of searches that were run elsewhere: they say how large a hand-designed network may be.
    """
    wanted: dict[str, str] = {}
    macs = [cell.macs for name, found in before.items() for cell in cells_of(name, found, scale)]
    for name in (*ROUTES, SHARING):
        for cell in cells_of(name, children(runs / name), scale):
            macs.append(cell.macs)
            wanted.setdefault(cell.key, f"{runs / name}#{cell.number}")
    if "published" in asked:
        compare(runs, "published", final_command(PUBLISHED, scale, of_cells=True), more)
    if "designed" in asked and macs:
        compare(runs, "designed", final_command(designed(runs, max(macs), scale), scale), more)
    if len(wanted) > 1:
        compare(runs, "finals", final_command(tuple(wanted.values()), scale), more)


def cells_of(name: str, found: Sequence[Child], scale: Scale) -> Iterator[Child]:
    """All cells of a route that are trained anew."""
    if name == "random":
        yield from unselected(found, scale.returned)
    for budget in scale.budgets if name != SHARING else (scale.scored,):
        if len(found) >= budget:
            yield from returned(found, budget, scale.returned)


def compare(runs: Path, name: str, command: Sequence[str], more: Sequence[str]) -> None:
    """A final training, in a run of its own: what is trained already is not trained again."""
    number = sum(1 for _ in runs.glob(f"{name}-*")) + 1
    call(*command, *more, "--trained-dir", str(runs / "trained"), "--run", str(runs / f"{name}-{number}"))


def designed(runs: Path, macs: int, scale: Scale) -> list[str]:
    """Files of hand-designed networks of no more multiply-adds; each is written once."""
    files = []
    for base in DESIGNED:
        file = runs / "designed" / f"{base}.json"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            call(*scale_command(base, macs, scale.pixels, str(file)))
        files.append(str(file))
    return files


def of_scale(scale: str, result: Path) -> dict[str, Any]:
    """What the file has, which may be nothing. ValueError where it is of another scale."""
    record: dict[str, Any] = json.loads(result.read_text()) if result.exists() else {}
    if (other := record.get("scale", scale)) != scale:
        raise ValueError(f"{result} is of --scale {other}: two scales are not put together. Give another --runs.")
    return record


def recorded(record: Mapping[str, Any]) -> dict[str, list[Child]]:
    """The children of the searches that a record holds."""
    return {name: [Child(**row) for row in rows] for name, rows in record.get("searches", {}).items()}


def merged(before: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """What the file had, with what was found: whole searches, and networks of the same name, take the place of earlier
    ones, finals are added. The machines are all on which something was run.
    """
    machines = before.get("machines", [before["machine"]] if "machine" in before else [])
    machines = [*machines, *(each for each in found["machines"] if each not in machines)]
    finals = {key: dict(seeds) for key, seeds in before.get("finals", {}).items()}
    for key, seeds in found["finals"].items():
        finals.setdefault(key, {}).update(seeds)
    networks = {}
    for group, rows in found["networks"].items():
        new = {row["name"] for row in rows.values()}
        kept = {key: row for key, row in before.get("networks", {}).get(group, {}).items() if row["name"] not in new}
        networks[group] = kept | rows
    searches = {**before.get("searches", {}), **found["searches"]}
    checked = found["checks"] or before.get("checks", [])
    return {"machines": machines, "searches": searches, "checks": checked, "networks": networks, "finals": finals}


def gathered(runs: Path) -> dict[str, Any]:
    """What the logs say: children by route, final trainings by key and seed, machine and versions."""
    found = {name: children(runs / name) for name in (*ROUTES, SHARING)}
    known = {f"{runs / name}#{child.number}": child.key for name, rows in found.items() for child in rows}
    finals: dict[str, dict[str, float]] = {}
    networks: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in NETWORKS}
    for directory in sorted(path for name in ("finals", *NETWORKS) for path in runs.glob(f"{name}-*")):
        for trial in RunStore.read(directory).trials:
            if trial.scored:
                key = known.get(trial.name, trial.key)  # a comparison's keys are of models, a search's of networks
                finals.setdefault(key, {})[str(trial.seed)] = trial.metrics["test_accuracy"]
                named = networks.get(directory.name.rpartition("-")[0], {})
                named[key] = {
                    "name": trial.name.rpartition("/")[2].removesuffix(".json"),
                    "macs": int(trial.metrics.get("macs", 0)),
                }
    searches = {name: [vars(child) for child in rows] for name, rows in found.items() if rows}
    return {
        "machines": machines_of(runs),
        "searches": searches,
        "checks": checks(runs / SHARING),
        "networks": networks,
        "finals": finals,
    }


def machines_of(runs: Path) -> list[dict[str, Any]]:
    """On what the runs were made, as each of them noted it."""
    found = []
    for directory in sorted(path.parent for path in runs.glob(f"*/{HOLDS}")):
        run = RunStore.read(directory).run
        hardware = run["hardware"]
        machine = {"processor": hardware["cpu"], "gpus": hardware["gpus"], "torch": run["versions"]["torch"]}
        found += [machine] if machine not in found else []
    return found


def children(directory: Path) -> list[Child]:
    """The children of a search, none where it was not run; trainings after the search are not among them. What a
    supernet's training took of all its processes is the first one's.
    """
    if not (directory / HOLDS).exists():
        return []
    before = directory.with_name(f"{directory.name}-supernet")
    shared = 0.0
    if (before / HOLDS).exists():
        training = RunStore.read(before).trials[0]
        shared = training.seconds * training.metrics.get("replicas", 1)
    found = []
    for trial in RunStore.read(directory).trials:
        if is_retraining(trial):
            continue
        counts = [int(trial.metrics.get(name, 0)) for name in ("params", "macs")]
        seconds = trial.seconds + (0.0 if found else shared)
        found.append(Child(trial.number, trial.key, trial.score, *counts, round(seconds, 2)))
    return found


def checks(directory: Path) -> list[list[float]]:
    """Scores by shared weights, each with that of a training by itself: of networks over the whole range of scores."""
    if not (directory / HOLDS).exists():
        return []
    trials = RunStore.read(directory).trials
    scores = {trial.number: trial.score for trial in trials}
    pairs = [(scores[trial.note["check_of"]], trial.score) for trial in trials if "check_of" in trial.note]
    return [[one, other] for one, other in pairs if one is not None and other is not None]


def show(known: dict[str, Any], picture: Path) -> None:
    """Prints the table and draws the picture."""
    scale = SCALES[known.get("scale", "full")]
    searches = recorded(known)
    cells = {name: rows for name, rows in known.get("networks", {}).items() if name == "published"}
    rows = [*of_routes(searches, known["finals"], scale), *of_networks(cells, known["finals"])]
    print("| route | children | device-hours | as measured | test accuracy, % | of the first | multiply-adds |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        interval = f"{row.mean:.2f} [{row.low:.2f}, {row.high:.2f}]"
        hours = [f"{seconds / 3600:.2f}" if row.budget else "" for seconds in (row.seconds, row.measured)]
        cells = (LABELS[row.route], row.budget or "", *hours, interval)
        print(f"| {' | '.join(map(str, cells))} | {row.best:.2f} | {row.macs / 1e6:.1f}M |")
    for each in differences(rows, scale):
        against = f"{LABELS[each.route]} minus {LABELS[each.other]}, {each.budget or 'no'} children"
        print(f"{against}: {each.points:+.2f} points, 95 % interval {each.low:+.2f} to {each.high:+.2f}")
    for line in (*told(searches, rows, known["finals"]), *of_checks(known.get("checks", [])), *of_both(searches)):
        print(line)
    networks = each_network(known.get("networks", {}), known["finals"])
    for one in networks:
        accuracy = f"{one.mean:.2f} [{one.low:.2f}, {one.high:.2f}] over its seeds"
        print(f"{LABELS[one.group]}: {one.name} {accuracy}, {one.macs / 1e6:.1f}M multiply-adds")
    draw(rows, networks, picture)


def call(*arguments: str) -> None:
    print("nasbench", " ".join(arguments), flush=True)
    subprocess.run([sys.executable, "-m", "nasbench", *arguments], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])

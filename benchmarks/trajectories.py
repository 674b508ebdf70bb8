"""Golden trajectories: what every strategy and command proposes and scores, before and after a change.

    python benchmarks/trajectories.py --write FILE      # before
    python benchmarks/trajectories.py --check FILE      # after: prints what differs, and exits with 1 if anything does

Every number is exact: seeds are fixed and one thread computes. A recording holds for one machine and one version of
torch, since another processor may round differently; the searches on a table hold everywhere.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where examples/ lies

STRATEGIES = ("random", "reinforce", "ppo", "evolution", "local_search", "tpe", "nsga2", "asha", "predictor")
OPTIONS = {
    "reinforce": ["--controller", "table"],
    "ppo": ["--controller", "table"],
    "evolution": ["--strategy-options", "population=6", "sample=3"],
    "asha": ["--strategy-options", "sampler=tpe"],
}
OBJECTIVES = {"nsga2": ["--objectives", "val_accuracy,macs"]}
TABLE_OBJECTIVES = {"nsga2": ["--objectives", "val_accuracy_12,-train_seconds_12"]}
DIGITS = ["--dataset", "digits", "--recipe", "quick"]
SMALL = [*DIGITS, "--image-size", "16", "--epochs", "1", "--wandb", "off"]
TIMES = ("seconds", "images_per_second", "train_seconds")
"""Measured, so never the same twice."""
NOTES = ("retrain_of", "control", "blind", "log_prob")
PATH = {"steps": "steps", "evaluations_by_budget": "evaluations", "found": "found"}
"""A repetition's path: its name among the metrics -> its name in the notes of version 0.1.0."""


def commands() -> dict[str, list[str]]:
    """Name of a run -> its command line, without --run."""
    found: dict[str, list[str]] = {}
    for name in STRATEGIES:
        more = OPTIONS.get(name, [])
        table = [
            "--space",
            "nasbench201",
            "--evaluator",
            "table:nasbench201-cifar10",
            "--trials",
            "40",
            *TABLE_OBJECTIVES.get(name, []),
        ]
        toy = ["--space", "examples.toy_space:ToySpace", *DIGITS, "--trials", "6", *OBJECTIVES.get(name, [])]
        epochs = "3" if name == "asha" else "1"
        if name != "asha":  # a table has no stages
            found[f"table-{name}"] = ["search", "--strategy", name, *table, *more, "--wandb", "off"]
        found[f"toy-{name}"] = ["search", "--strategy", name, *toy, "--epochs", epochs, *more, "--wandb", "off"]
    for name in ("reinforce", "ppo"):
        found[f"table-{name}-lstm"] = [*found[f"table-{name}"][:-4], "--wandb", "off"]
    phases = ["--control", "2", "--retrain-top", "2", "--retrain-epochs", "2"]
    found["digits-ppo"] = [
        "search",
        *OPTIONS["ppo"],
        *DIGITS,
        "--epochs",
        "1",
        "--filters",
        "4",
        "--trials",
        "4",
        *phases,
        "--wandb",
        "off",
    ]
    found["digits-limited"] = [
        *found["digits-ppo"][:-10],
        "--trials",
        "3",
        "--max-params",
        "30K",
        "--target-macs",
        "400K",
        "--wandb",
        "off",
    ]
    found["train"] = ["train", "zoo:lenet5", *SMALL, "--seeds", "2"]
    found["compare"] = ["compare", "digits-ppo", "zoo:lenet5", "--controls", "1", "--ensemble", *SMALL, "--seeds", "2"]
    scale = ["scale", "--search", "--base", "mobilenet_v1", *DIGITS, "--image-size", "32", "--wandb", "off"]
    found["scale-tpe"] = [*scale, "--epochs", "1", "--trials", "4", "--seeds", "2", "--front-runners", "1"]
    found["scale-asha"] = [
        *scale,
        "--epochs",
        "3",
        "--trials",
        "4",
        "--seeds",
        "1",
        "--front-runners",
        "1",
        "--strategy",
        "random",
    ]
    found["scale-grid"] = [*scale, "--epochs", "1", "--trials", "3", "--front-runners", "0", "--strategy", "grid"]
    found["scale-train"] = ["scale", "--base", "mobilenet_v1", "--phi", "1", "--dropout", "0", "--train", *SMALL]
    found["transfer"] = ["transfer", "digits-ppo", *SMALL, "--skeleton", "cifar", "--cells", "1", "--filters", "4"]
    budget = [
        "--time-budget",
        "6000",
        "--seeds",
        "3",
        "--strategies",
        "random,reinforce:controller=table,evolution:population=10:sample=3,local_search",
    ]
    found["race"] = ["race", *budget]
    found["race-trials"] = ["race", "--trials", "20", "--seeds", "2", "--strategies", "random,ppo:controller=table"]
    return found


def record() -> dict[str, list[dict[str, Any]]]:
    """Runs every command in a directory of its own: name -> what its log says, a line a trial."""
    from nasbench.cli import main

    found = {}
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        for name, command in commands().items():
            with open("said.txt", "w") as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                status = main([*command, "--run", name])
            if status != 0:
                raise SystemExit(f"{name} ended with {status}: {Path('said.txt').read_text()[-2000:]}")
            lines = Path(name, "trials.jsonl").read_text().splitlines()
            found[name] = [told(json.loads(line)) for line in lines]
            print(f"{name}: {len(lines)} trials", file=sys.stderr)
    return found


def told(line: Mapping[str, Any]) -> dict[str, Any]:
    """What must not change of a line of the log: what was proposed, under which seed and epochs,
    and what came of it.
    """
    architecture = line.get("architecture") or {}
    genes, note = dict(architecture.get("genes", {})), line["note"]
    seed = genes.pop(
        "seed", line["seed"]
    )  # version 0.1.0 wrote a training's seed and model as genes of a made-up space
    listed = line.get("name") or genes.get("model") or genes.get("strategy") or note.get("compared_as")
    metrics = {name: value for name, value in line["metrics"].items() if name not in TIMES}
    path = {PATH[name]: metrics.pop(name) for name in PATH if name in metrics}
    kept = {name: note[name] for name in NOTES if name in note}
    kept |= {name: note[name] for name in PATH.values() if name in note}  # version 0.1.0
    kept |= path
    return {
        "number": line["number"],
        "what": listed or {"genes": genes, "key": line["key"]},
        "status": line["status"],
        "score": line["score"],
        "epochs": line["epochs"],
        "seed": seed,
        "metrics": metrics,
        "note": kept,
    }


def main() -> int:
    """Writes a recording, or compares with one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--write", type=Path)
    way.add_argument("--check", type=Path)
    given = parser.parse_args()
    found = record()
    if given.write:
        given.write.write_text(
            "\n".join(["{", ",\n".join(f"{json.dumps(n)}: {json.dumps(v)}" for n, v in found.items()), "}"]) + "\n"
        )
        return 0
    expected = json.loads(given.check.read_text())
    differences = 0
    for name, lines in expected.items():
        for before, after in zip(lines, found.get(name, []), strict=False):
            if before != json.loads(json.dumps(after)):
                differences += 1
                print(f"{name} trial {before['number']}:\n  before {before}\n  after  {after}")
        if len(lines) != len(found.get(name, [])):
            differences += 1
            print(f"{name}: {len(lines)} trials before, {len(found.get(name, []))} after")
    print(f"{sum(map(len, expected.values()))} trials of {len(expected)} runs compared: {differences} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Which settings make a strategy find good architectures in few trials? Chosen here, on what is not the benchmark they
are judged by.

Five landscapes:
  - `cells`: made-up rewards over 15,625 cells (made_up_rewards.py), twelve instances of six kinds in turn, 100 trials;
  - `rugged`, `ways`: the same with strong interactions, or decided by the ways through a cell; an instance a run, 100
  trials;
  - `digits`: the table of real short trainings (digits_table.py), 4,096 spellings, 100 trials;
  - `nasnet`: made-up smooth rewards over NASNet's fifty decisions, four instances in turn, 2,000 trials.
A run is told the seen score. What is reported is the final score of the architecture with the best seen one, as its
distance from the
best final score there is (cells: points of accuracy; digits: the same) or outright (nasnet: deviations of random
architectures); and
`missed`, how far the best seen score stays behind the best there is: what a strategy can do something about, noise or
not.

    python benchmarks/controller_settings.py [--landscapes cells,rugged,ways,digits] [--runs 100] [--only reinforce]

writes results/controller_settings.json, setting by setting; what is there with as many runs is not measured again.
"""

import argparse
import csv
import gzip
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from digits_table import digits_space
from made_up_rewards import CellRewards, SmoothRewards, cell_rewards, rugged_rewards, way_rewards

from nasbench.core.arch import Architecture
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import spaces, strategies
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Trial

RESULTS = Path(__file__).parent / "results"
NUM_TRIALS = {"cells": 100, "rugged": 100, "ways": 100, "digits": 100, "nasnet": 2000}
CHECKPOINTS = {**dict.fromkeys(("cells", "rugged", "ways", "digits"), (25, 50, 100)), "nasnet": (100, 300, 1000, 2000)}
TABLE = {"hidden_units": 0, "batch_size": 1, "baseline_decay": 0.9}
LSTM = {"hidden_units": 100, "adam": 1}
LOGITS = {"controller": "table"}
"""The controller that the names `ppo` and `reinforce` without more mean in these results."""

SETTINGS: tuple[tuple[str, str, Mapping[str, float | str]], ...] = (
    ("random", "random", {}),
    ("evolution, population 30, sample 10", "evolution", {"population": 30, "sample": 10}),
    ("evolution", "evolution", {}),
    ("local search", "local_search", {}),
    ("predictor", "predictor", {}),
    ("predictor, ranks alone", "predictor", {"ranks": 1.0}),
    ("predictor, scores alone", "predictor", {"ranks": 0.0}),
    ("predictor, nothing random after the first 8", "predictor", {"explore": 0}),
    ("predictor, every second one random up to 48", "predictor", {"explore": 48}),
    ("predictor, no matter how long it is stuck", "predictor", {"patience": 1000}),
    ("predictor, one member", "predictor", {"members": 1}),
    ("reinforce, published", "reinforce", {"preset": 1}),
    ("reinforce, published at rate 0.006", "reinforce", {"preset": 1, "lr": 0.006}),
    ("reinforce, that of NAS-Bench-201", "reinforce", {"preset": 1, **TABLE, "lr": 0.5}),
    ("a table of logits, Adam at 0.1", "reinforce", {"preset": 1, **TABLE, "lr": 0.1}),
    ("... and ranks", "reinforce", {"preset": 1, **TABLE, "lr": 0.1, "ranked": 1}),
    ("... and plain steps of 0.3", "reinforce", {"preset": 1, **TABLE, "lr": 0.3, "ranked": 1, "adam": 0}),
    ("... and nothing twice", "reinforce", {"preset": 1, **TABLE, "lr": 0.3, "ranked": 1, "adam": 0, "unique": 1}),
    ("... and imitation", "reinforce", {**LOGITS, "entropy_weight": 0.0}),
    ("... and entropy: reinforce", "reinforce", {**LOGITS}),
    ("reinforce without ranks", "reinforce", {**LOGITS, "ranked": 0}),
    ("reinforce with Adam at 0.1", "reinforce", {**LOGITS, "adam": 1, "lr": 0.1}),
    ("reinforce that may repeat itself", "reinforce", {**LOGITS, "unique": 0}),
    ("reinforce without imitation", "reinforce", {**LOGITS, "imitation": 0.0}),
    ("reinforce in batches of 8", "reinforce", {**LOGITS, "batch_size": 8}),
    ("reinforce with an LSTM", "reinforce", {**LSTM, "lr": 0.003}),
    ("reinforce at rate 0.1", "reinforce", {**LOGITS, "lr": 0.1}),
    ("reinforce at rate 1", "reinforce", {**LOGITS, "lr": 1.0}),
    ("ppo, published", "ppo", {"preset": 1}),
    ("ppo, published at rate 0.0035", "ppo", {"preset": 1, "lr": 0.0035}),
    ("ppo", "ppo", {**LOGITS}),
    ("ppo, 1 epoch", "ppo", {**LOGITS, "epochs": 1}),
    ("ppo, 4 epochs", "ppo", {**LOGITS, "epochs": 4}),
    ("ppo, clip 0.2", "ppo", {**LOGITS, "clip": 0.2}),
    ("ppo in batches of 8, 8 epochs", "ppo", {**LOGITS, "batch_size": 8, "epochs": 8}),
    ("ppo that may repeat itself", "ppo", {**LOGITS, "unique": 0}),
    ("ppo without imitation", "ppo", {**LOGITS, "imitation": 0.0}),
    ("ppo with an LSTM", "ppo", {**LSTM, "lr": 0.003, "epochs": 2}),
    ("reinforce, LSTM of 35 units, plain steps", "reinforce", {"controller": "lstm"}),
    ("ppo, LSTM of 35 units, plain steps", "ppo", {"controller": "lstm"}),
    ("ppo, LSTM of 35 units, plain steps, 2 epochs", "ppo", {"controller": "lstm", "epochs": 2}),
    ("ppo, LSTM of 100 units, plain steps", "ppo", {"controller": "lstm", "hidden_units": 100}),
    ("ppo, the best of 8 draws", "ppo", {**LOGITS, "draws": 8}),
    ("ppo, the best of 32 draws", "ppo", {**LOGITS, "draws": 32}),
    ("ppo, LSTM, the best of 32 draws", "ppo", {"controller": "lstm", "draws": 32}),
)
"""Name, strategy, options; `preset` stands for the published settings, which the others change."""

SLOW_IN_NASNET = {"predictor": 4, "lstm": 4, "": 12}
"""Runs over the NASNet space, where a trial of these takes long."""


@dataclass(frozen=True)
class Landscape:
    """A space, what is told of an architecture, and what counts: a number of which less is better (a distance) or more
    (a score).

    `best_seen` is the best that can be told; NaN where nobody knows.
    """

    space: SearchSpace
    seen: Callable[[Architecture], float]
    counts: Callable[[Architecture], float]
    best_seen: float = float("nan")


@cache
def landscape(name: str, instance: int) -> Landscape:
    if name == "nasnet":
        space: SearchSpace = spaces.get("nasnet")()
        smooth = SmoothRewards(space.choices, instance % 4)
        return Landscape(space, smooth.seen, smooth.final)
    if name == "digits":
        return _digits()
    instances = {
        "cells": lambda: cell_rewards(instance % 12),
        "rugged": lambda: rugged_rewards(instance),
        "ways": lambda: way_rewards(instance),
    }
    rewards: CellRewards = instances[name]()
    best = rewards.final.max()
    return Landscape(
        rewards.space,
        lambda a: float(rewards.seen[rewards.row(a)]),
        lambda a: 100 * float(best - rewards.final[rewards.row(a)]),
        float(rewards.seen.max()),
    )


@cache
def _digits() -> Landscape:
    space = digits_space()
    names = [choice.name for choice in space.choices]
    with gzip.open(RESULTS / "digits_table.csv.gz", "rt", newline="") as file:
        rows = {
            tuple(row[name] for name in names): (float(row["score"]), float(row["report"]))
            for row in csv.DictReader(file)
        }
    best = max(report for _, report in rows.values())

    def scores(architecture: Architecture) -> tuple[float, float]:
        return rows[tuple(str(architecture.genes[name]) for name in names)]

    return Landscape(
        space, lambda a: scores(a)[0], lambda a: 100 * (best - scores(a)[1]), max(score for score, _ in rows.values())
    )


def run(name: str, strategy_name: str, options: Mapping[str, float | str], seed: int) -> list[float]:
    """One search: what the best so far counts, at each of the landscape's checkpoints; and in the end by how much the
    best was missed.
    """
    land, part = landscape(name, seed), strategies.get(strategy_name)
    given = {
        **(part.paper if "preset" in options else {}),
        **{key: value for key, value in options.items() if key != "preset"},
    }
    strategy = part(land.space, seed=seed, **given)
    best, found, curve = -float("inf"), None, []
    for number in range(1, NUM_TRIALS[name] + 1):
        proposal = strategy.ask(number, trial_rng(seed, number), ())
        architecture = proposal.architecture
        score = land.seen(architecture)
        key = land.space.canonical(architecture).key
        strategy.tell(Trial(number, architecture, key, "ok", score, {}, 1, 0.0, seed, "", "", proposal.note))
        if score > best:
            best, found = score, architecture
        if number in CHECKPOINTS[name]:
            assert found is not None
            curve.append(land.counts(found))
    return [*curve, 100 * (land.best_seen - best)]


def measure(name: str, strategy_name: str, options: Mapping[str, float | str], runs: int) -> dict[str, Any]:
    """Means and deviations over runs at each checkpoint, and the time of an ask and a tell."""
    start = time.process_time()
    curves = [run(name, strategy_name, options, seed) for seed in range(runs)]
    seconds = time.process_time() - start
    *columns, missed = zip(*curves, strict=True)
    known = (
        {"missed": round(mean(missed), 4), "missed_std": round(stdev(missed), 4)}
        if runs > 1 and isfinite(missed[0])
        else {}
    )
    return {
        "runs": runs,
        **known,
        "mean": [round(mean(column), 4) for column in columns],
        "std": [round(stdev(column), 4) if runs > 1 else 0.0 for column in columns],
        "milliseconds_a_trial": round(1000 * seconds / runs / NUM_TRIALS[name], 2),
    }


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--landscapes", default="cells,rugged,ways,digits,nasnet")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--only", default="", help="settings whose name contains this")
    arguments = parser.parse_args(argv)
    path = RESULTS / "controller_settings.json"
    record: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for name in arguments.landscapes.split(","):
        known = record.setdefault(
            name, {"trials": NUM_TRIALS[name], "checkpoints": list(CHECKPOINTS[name]), "settings": {}}
        )["settings"]
        for label, strategy_name, options in SETTINGS:
            lstm = strategy_name in ("ppo", "reinforce") and (
                ("preset" in options and "hidden_units" not in options) or "LSTM" in label
            )
            most = SLOW_IN_NASNET["lstm" if lstm else strategy_name if strategy_name == "predictor" else ""]
            runs = min(arguments.runs, most) if name == "nasnet" else arguments.runs
            if arguments.only not in label or known.get(label, {}).get("runs", 0) >= runs:
                continue
            known[label] = {
                "strategy": strategy_name,
                "options": dict(options),
                **measure(name, strategy_name, options, runs),
            }
            row = known[label]
            missed = f", missed {row['missed']}" if "missed" in row else ""
            print(
                f"{name}: {label}: {row['mean']} ± {row['std']}{missed}, {row['milliseconds_a_trial']} ms", flush=True
            )
            path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

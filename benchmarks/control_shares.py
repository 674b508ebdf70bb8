"""What does a search's control cost, and how often does it tell that the search beat chance?

Searches of 100 trials on the table of NAS-Bench-201, many seeds; of each, the last m trials are given up for m random
children. Reported for each m: the share of searches whose verdict is yes, half the interval of the difference, and the
test accuracy of the network that the remaining trials found (validation accuracy after 12 epochs is the score).

    python benchmarks/control_shares.py [--seeds 100] [--strategies ppo,reinforce,local_search]

writes results/control_shares.json.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from nasbench.core.loop import JobLoop
from nasbench.core.registry import spaces, strategies
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import Size, Task
from nasbench.core.trial import Trial
from nasbench.evaluators.table import TableEvaluator
from nasbench.report.run.chance import verdict
from nasbench.strategies.around.control import Control

RESULTS = Path(__file__).parent / "results" / "control_shares.json"
TRIALS = 100
SCORE, TEST = "val_accuracy_12", "test_accuracy_200"
CONTROLS = (4, 6, 8, 10, 12, 15, 24)


def searched(strategy: Any, table: TableEvaluator, seed: int, trials: int) -> list[Trial]:
    """The log of a search in memory."""
    plan = Plan(range(1, trials + 1), seed, 1, "space:nasbench201", Size(), Task())
    log: list[Trial] = []
    loop = JobLoop(SpaceSource(table.space, strategy, plan), log.append, lambda metrics: float(metrics[SCORE]))
    while (job := loop.next()) is not None:
        loop.finish(job, table(job, lambda _epochs, _metrics: None), 0.0, "here")
    return log


def measured(name: str, table: TableEvaluator, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each number of random children."""
    runs = []
    for seed in seeds:
        options = {"controller": "table"} if name in ("ppo", "reinforce") else {}
        made = strategies.make(name, table.space, options=options, seed=seed)
        chance = searched(Control(table.space, seed), table, Random(seed).randrange(10**6), max(CONTROLS))
        runs.append((searched(made, table, seed, TRIALS), chance))
    rows = []
    for control in CONTROLS:
        yes, halves, tests = 0, [], []
        for own, chance in runs:
            kept = own[: TRIALS - control]
            told = verdict([*kept, *chance[:control]])
            yes += told.answer == "yes"
            halves += [] if told.low is None or told.high is None else [(told.high - told.low) / 2]
            tests.append(max(kept, key=lambda trial: trial.score or 0.0).metrics[TEST])
        rows.append(
            {
                "strategy": name,
                "control": control,
                "yes": yes / len(runs),
                "half_interval": round(fmean(halves), 2),
                "test_accuracy": round(fmean(tests), 3),
                "seeds": len(runs),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--strategies", default="ppo,reinforce,local_search")
    asked = parser.parse_args()
    table = TableEvaluator("nasbench201-cifar10", spaces.make("nasbench201"), SCORE, report_columns=(TEST,))
    found = [row for name in asked.strategies.split(",") for row in measured(name, table, range(asked.seeds))]
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    for row in found:
        print(row)


if __name__ == "__main__":
    main()

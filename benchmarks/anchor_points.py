"""Does the controller with anchor points learn? Made-up rewards over the filters and the skips of the layer-wise space,
where the answer is known.

The reward is the mean of two shares: of the layers with 48 filters, and of the skips that are as wanted. For `dense`
every layer is to read all earlier ones, for `chain` the one before it alone: 1 at best, and 3/8 for a random network of
`dense`. A controller has learned when the mean reward of its last 100 proposals reaches 0.95, and with `dense` it must
within 3,000 proposals, at the published rates: REINFORCE at Zoph and Le's (0.0006, batches of 8), PPO at NASNet's
(0.00035, batches of 20), both with two LSTM layers of 35 units. Random search must not move. `chain` differs from layer
to layer: it shows what is not learned in that time.

    python benchmarks/anchor_points.py            writes results/anchor_points.json
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from until_learned import GOAL, NUM_SAMPLES, WINDOW, rewards_of, running_mean, samples_to_goal

from nasbench.core.arch import Architecture
from nasbench.core.registry import strategies
from search_spaces.nas_rl.space import NasRlSpace

RESULTS = Path(__file__).resolve().parent / "results/anchor_points.json"
LAYERS, FILTERS = 6, 48
CURVE_EVERY = 100
SPACE = NasRlSpace(LAYERS)
SKIPS = {
    choice.name: place for choice, place in zip(SPACE.choices, SPACE.places(), strict=True) if place.reads is not None
}
JOBS = (("reinforce", "dense", 10), ("ppo", "dense", 10), ("random", "dense", 3), ("reinforce", "chain", 3))
"""(strategy, reward, seeds)"""


def reward(architecture: Architecture, wanted: str) -> float:
    """In [0, 1]; `wanted` is dense or chain."""
    genes = architecture.genes
    filters = [gene == FILTERS for name, gene in genes.items() if name.endswith("filters")]
    skips = [
        (genes[name] == "yes") == (wanted == "dense" or place.reads == place.layer - 1) for name, place in SKIPS.items()
    ]
    return (sum(filters) / len(filters) + sum(skips) / len(skips)) / 2


def rewards(name: str, seed: int, wanted: str = "dense", stop: bool = False) -> list[float]:
    """The rewards of a strategy's proposals, one after another; with `stop` only until it has learned."""
    options = {} if name == "random" else {"preset": "paper", "hidden_units": 35}
    strategy = strategies.make(name, SPACE, options=options, seed=seed)
    return rewards_of(strategy, lambda architecture: reward(architecture, wanted), seed, NUM_SAMPLES, stop)


def _run(job: tuple[str, int, str, bool]) -> list[float]:
    name, seed, wanted, stop = job
    return rewards(name, seed, wanted, stop)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    processes = parser.parse_args().processes
    record: dict[str, Any] = {"samples": NUM_SAMPLES, "window": WINDOW, "goal": GOAL, "curve_every": CURVE_EVERY}
    with ProcessPoolExecutor(processes) as pool:
        for name, wanted, seeds in JOBS:
            learns = wanted == "dense" and name != "random"
            histories = list(pool.map(_run, [(name, seed, wanted, learns) for seed in range(seeds)]))
            reached = [samples_to_goal(history) for history in histories]
            record[f"{name}, {wanted}"] = {
                "seeds": seeds,
                "reached": sum(samples is not None for samples in reached),
                "samples_to_goal": reached,
                "highest_running_mean": [round(max(running_mean(history)), 4) for history in histories],
                "curves": [[round(v, 3) for v in running_mean(history)[::CURVE_EVERY]] for history in histories],
            }
            print(f"{name}, {wanted}", {**record[f"{name}, {wanted}"], "curves": "..."}, flush=True)
    RESULTS.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()

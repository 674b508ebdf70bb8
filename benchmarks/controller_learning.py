"""Do the controllers learn at their published settings? A made-up reward over the NASNet space, where the answer is
known.

The reward is the share of separable convolutions among the 20 operations that an architecture chooses: 3/13 for a
random one, 1 at best. A controller has learned when the mean reward of its last 100 proposals reaches 0.95, and it must
within 3,000 proposals. REINFORCE runs at Zoph and Le's rate (0.0006, batches of 8), PPO at NASNet's (0.00035, batches
of 20); random search must not move. `--variants` also tries choices that the papers leave open. (What the controllers
have by default, for searches of hundreds of trials, is another matter: controller_settings.py.)

    python benchmarks/controller_learning.py            writes results/controller_learning.json and
    docs/img/controller_learning.svg
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from until_learned import GOAL, NUM_SAMPLES, WINDOW, rewards_of, running_mean, samples_to_goal

from nasbench.core.arch import Architecture
from nasbench.core.registry import spaces, strategies

ROOT = Path(__file__).resolve().parents[1]
CURVE_EVERY = 50
STRATEGIES = ("ppo", "reinforce", "random")
VARIANTS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("ppo", {"epochs": 1}),
    ("ppo", {"epochs": 2}),
    ("ppo", {"epochs": 4}),
    ("ppo", {"epochs": 10}),
    ("ppo", {"clip": 0.1}),
    ("ppo", {"clip": 0.3}),
    ("ppo", {"baseline_decay": 0.0}),
    ("reinforce", {"baseline_decay": 0.0}),
    ("reinforce", {"entropy_weight": 0.001}),
)


def separable_share(architecture: Architecture) -> float:
    """The share of separable convolutions among the operations of an architecture of the NASNet space."""
    operations = [str(option) for decision, option in architecture.items if "_op_" in decision]
    return sum(operation.startswith("sep_") for operation in operations) / len(operations)


def rewards(
    strategy_name: str, seed: int, num_samples: int = NUM_SAMPLES, stop: bool = False, **options: float
) -> list[float]:
    """The rewards of a strategy's proposals, one after another; with `stop` only until it has learned."""
    part = strategies.get(strategy_name)
    strategy = part(spaces.get("nasnet")(), seed=seed, **{**getattr(part, "paper", {}), **options})
    return rewards_of(strategy, separable_share, seed, num_samples, stop)


def _run(job: tuple[str, int, bool, Mapping[str, float]]) -> list[float]:
    name, seed, stop, options = job
    return rewards(name, seed, stop=stop, **options)


def _summary(histories: Sequence[Sequence[float]]) -> dict[str, Any]:
    reached = [samples_to_goal(history) for history in histories]
    return {
        "seeds": len(histories),
        "reached": sum(samples is not None for samples in reached),
        "samples_to_goal": reached,
        "highest_running_mean": [round(max(running_mean(history)), 4) for history in histories],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--variants", action="store_true", help="also what the papers leave open, three seeds each")
    parser.add_argument("--redraw", action="store_true", help="only the picture, from the results there are")
    arguments = parser.parse_args()
    results = ROOT / "benchmarks/results/controller_learning.json"
    if not arguments.redraw:
        results.write_text(json.dumps(_measure(arguments.seeds, arguments.processes, arguments.variants)) + "\n")
    _plot(json.loads(results.read_text()), ROOT / "docs/img/controller_learning.svg")


def _measure(num_seeds: int, processes: int, with_variants: bool) -> dict[str, Any]:
    jobs = [(name, seed, False, {}) for name in STRATEGIES for seed in range(num_seeds)]
    variants = [(name, seed, True, options) for name, options in VARIANTS if with_variants for seed in range(3)]
    with ProcessPoolExecutor(processes) as pool:
        done = list(pool.map(_run, [*jobs, *variants]))

    record: dict[str, Any] = {"samples": NUM_SAMPLES, "window": WINDOW, "goal": GOAL, "curve_every": CURVE_EVERY}
    for index, name in enumerate(STRATEGIES):
        histories = done[index * num_seeds : (index + 1) * num_seeds]
        curves = [[round(value, 4) for value in running_mean(history)[::CURVE_EVERY]] for history in histories]
        record[name] = {**_summary(histories), "curves": curves}
        print(name, _summary(histories))
    if with_variants:
        record["variants"] = []
        for index, (name, options) in enumerate(VARIANTS):
            summary = _summary(done[len(jobs) + 3 * index :][:3])
            record["variants"].append({"strategy": name, "options": options, **summary})
            print(name, options, summary)
    return record


def _plot(record: Mapping[str, Any], path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "nasbench", "font.size": 11})
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    titles = {
        "ppo": "PPO (0.00035, batches of 20)",
        "reinforce": "REINFORCE (0.0006, batches of 8)",
        "random": "random",
    }
    for name, colour in zip(STRATEGIES, ("#0072b2", "#d55e00", "#666666"), strict=True):
        runs = record[name]["curves"]
        centre = [mean(values) for values in zip(*runs, strict=True)]
        spread = [stdev(values) if len(runs) > 1 else 0.0 for values in zip(*runs, strict=True)]
        x = [WINDOW + CURVE_EVERY * i for i in range(len(centre))]
        low, high = ([c + sign * s for c, s in zip(centre, spread, strict=True)] for sign in (-1, 1))
        axes.plot(x, centre, color=colour, label=titles[name])
        axes.fill_between(x, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.axhline(GOAL, color="black", linewidth=0.8, linestyle="--")
    axes.text(NUM_SAMPLES, GOAL - 0.012, f"goal: {GOAL}", ha="right", va="top", fontsize=10)
    axes.set(
        xlim=(0, NUM_SAMPLES),
        ylim=(0, 1.02),
        xlabel="architectures proposed",
        ylabel=f"mean reward of the last {WINDOW}",
    )
    axes.set_title(
        f"Made-up reward on the NASNet space: mean and deviation over {record['ppo']['seeds']} seeds", fontsize=11
    )
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.26), frameon=False)
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()

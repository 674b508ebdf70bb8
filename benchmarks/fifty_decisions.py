"""Do the strategies search where a table ends? Two made-up rewards over the NASNet space, 50 decisions and 5.2e36
spellings.

  - `additive` (`nasbench.testing.additive_score`): each decision gives what its option is worth, whatever the others
  are;
  - `smooth`: what an option is worth is part shared by all decisions that have it (a good operation is good in most
  places) and part the
    decision's own; decisions of a block depend on each other in pairs, and so do the operations of blocks that follow
    one another;
    the sum saturates as accuracies do. The tables are drawn from the seed, so that each repetition has a reward of its
    own.

Every strategy gets the same numbers of evaluations, one at a time, and no network met again is free. Written down: the
best found (mean and deviation over seeds) along the way, how many different networks it took, and what a step costs.

    python benchmarks/fifty_decisions.py                     writes results/fifty_decisions.json and prints a table
    python benchmarks/fifty_decisions.py --strategies evolution:population=50:sample=10,random --evaluations 200
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import combinations, pairwise
from math import exp, sqrt
from pathlib import Path
from random import Random
from statistics import mean, stdev
from time import perf_counter
from typing import Any

from nasbench.core.arch import Architecture, Choice
from nasbench.core.options import parse_options
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import spaces, strategies
from nasbench.core.seeds import derive, trial_rng
from nasbench.core.trial import Trial
from nasbench.testing import additive_score

RESULTS = Path(__file__).parent / "results" / "fifty_decisions.json"
STRATEGIES = ("random", "evolution", "evolution:population=100:sample=25", "local_search", "tpe", "nsga2")
MARKS = (50, 100, 200, 500, 1000, 2000)
Score = Callable[[Architecture], float]


def additive(space: SearchSpace, seed: int) -> Score:  # noqa: ARG001 - one reward for all seeds
    """Each decision gives what its option is worth."""
    return additive_score


def smooth(space: SearchSpace, seed: int, interactions: float = 0.7) -> Score:
    """Worths, pairwise interactions of that deviation, saturation. A random architecture is at 0.6 or so, the best
    above 0.9.
    """
    draw = Random(derive(seed, "smooth reward"))
    names = [decision.name for decision in space.choices]
    options = {decision.name: decision.options for decision in space.choices if isinstance(decision, Choice)}
    shared = {
        option: draw.gauss(0, 1) for option in sorted({str(option) for known in options.values() for option in known})
    }
    worth = {}
    for name in names:
        own = {option: shared[str(option)] + draw.gauss(0, 0.6) for option in options[name]}
        worth |= {(name, option): value - mean(own.values()) for option, value in own.items()}
    blocks: dict[str, list[str]] = {}
    for name in names:  # normal_3_op_1: block normal_3
        blocks.setdefault("_".join(name.split("_")[:2]), []).append(name)
    pairs = [pair for block in blocks.values() for pair in combinations(block, 2)]
    pairs += [
        (a, b)
        for first, second in pairwise(blocks.values())
        for a in first
        for b in second
        if "_op_" in a and "_op_" in b
    ]
    tables = {pair: {(a, b): draw.gauss(0, 1) for a in options[pair[0]] for b in options[pair[1]]} for pair in pairs}
    scales = 1.17 * sqrt(len(names)), sqrt(len(pairs)) / interactions  # 1.17: deviation of a worth

    def score(architecture: Architecture) -> float:
        genes = architecture.genes
        alone = sum(worth[item] for item in architecture.items) / scales[0]
        together = sum(table[genes[a], genes[b]] for (a, b), table in tables.items()) / scales[1]
        return 0.10 + 0.86 / (1.0 + exp(-0.4 - 0.3 * (alone + together)))

    return score


REWARDS: Mapping[str, Callable[[SearchSpace, int], Score]] = {"additive": additive, "smooth": smooth}


@cache
def _space() -> SearchSpace:
    space: SearchSpace = spaces.get("nasnet")()
    return space


def repetition(job: tuple[str, str, int, int]) -> dict[str, Any]:
    """One strategy on one reward under one seed: the best so far at the marks, milliseconds a step, different
    networks.
    """
    reward, text, seed, evaluations = job
    name, *options = text.split(":")
    space, score = _space(), REWARDS[reward](_space(), seed)
    strategy = strategies.get(name)(space, seed=seed, **parse_options(options, "--strategies"))
    best, curve, keys, steps = 0.0, {}, set(), []
    for number in range(1, evaluations + 1):
        start = perf_counter()
        proposal = strategy.ask(number, trial_rng(seed, number), ())
        seconds = perf_counter() - start
        key = space.canonical(proposal.architecture).key
        value = score(proposal.architecture)
        trial = Trial(
            number,
            proposal.architecture,
            key,
            "ok",
            value,
            {"val_accuracy": value},
            1,
            0.0,
            seed,
            "",
            "",
            proposal.note,
        )
        start = perf_counter()
        strategy.tell(trial)
        steps.append(seconds + perf_counter() - start)
        keys.add(key)
        best = max(best, value)
        if number in MARKS or number == evaluations:
            curve[number] = round(best, 5)
    last = steps[-min(100, len(steps)) :]
    return {"curve": curve, "networks": len(keys), "step_ms": 1e3 * mean(steps), "last_step_ms": 1e3 * mean(last)}


def measure(
    texts: Sequence[str], rewards: Sequence[str], seeds: int, evaluations: int, processes: int
) -> dict[str, Any]:
    """All repetitions, summed up by reward and strategy."""
    jobs = [(reward, text, seed, evaluations) for reward in rewards for text in texts for seed in range(seeds)]
    with ProcessPoolExecutor(processes) as pool:
        done = dict(zip(jobs, pool.map(repetition, jobs), strict=True))
    record: dict[str, Any] = {"space": "nasnet", "evaluations": evaluations, "rewards": {}}
    for reward in rewards:
        rows = record["rewards"][reward] = {}
        for text in texts:
            runs = [done[reward, text, seed, evaluations] for seed in range(seeds)]
            curve = {mark: [run["curve"][mark] for run in runs] for mark in runs[0]["curve"]}
            rows[text] = {
                "seeds": seeds,
                "best": {
                    mark: {"mean": round(mean(found), 4), "std": round(_deviation(found), 4)}
                    for mark, found in curve.items()
                },
                "found": curve[evaluations],
                "networks": round(mean(run["networks"] for run in runs), 1),
                "step_ms": round(mean(run["step_ms"] for run in runs), 2),
                "last_step_ms": round(mean(run["last_step_ms"] for run in runs), 2),
            }
    return record


def table(record: Mapping[str, Any]) -> str:
    """The record as text, the best strategy of each reward first."""
    lines = []
    for reward, rows in record["rewards"].items():
        marks = list(next(iter(rows.values()))["best"])
        width = max(map(len, rows))
        lines.append(f"{reward}: best found after n evaluations, mean ± deviation over seeds")
        lines.append(
            " ".join(
                [
                    " " * width,
                    *(f"{mark:>15}" for mark in marks),
                    f"{'seeds':>6}",
                    f"{'networks':>9}",
                    f"{'ms a step':>10}",
                    f"{'at the end':>10}",
                ]
            )
        )
        for text, row in sorted(rows.items(), key=lambda item: -item[1]["best"][marks[-1]]["mean"]):
            found = (f"{row['best'][mark]['mean']:.4f} ± {row['best'][mark]['std']:.4f}" for mark in marks)
            lines.append(
                " ".join(
                    [
                        f"{text:<{width}}",
                        *found,
                        f"{row['seeds']:>6} {row['networks']:>9.0f} {row['step_ms']:>10.1f} "
                        f"{row['last_step_ms']:>10.1f}",
                    ]
                )
            )
        lines.append("")
    return "\n".join(lines)


def _deviation(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", default=",".join(STRATEGIES), help="NAME[:KEY=VALUE...],...")
    parser.add_argument("--rewards", default=",".join(REWARDS))
    parser.add_argument("--evaluations", type=int, default=MARKS[-1])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--add", action="store_true", help="keep the other strategies that the output has")
    arguments = parser.parse_args()
    record = measure(
        arguments.strategies.split(","),
        arguments.rewards.split(","),
        arguments.seeds,
        arguments.evaluations,
        arguments.processes,
    )
    record = json.loads(json.dumps(record))
    if arguments.add and arguments.output.exists():
        known = json.loads(arguments.output.read_text())
        assert known["evaluations"] == record["evaluations"], "another budget"
        added = {reward: {**known["rewards"].get(reward, {}), **rows} for reward, rows in record["rewards"].items()}
        record["rewards"] = {**known["rewards"], **added}
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    print(table(record))


if __name__ == "__main__":
    main()

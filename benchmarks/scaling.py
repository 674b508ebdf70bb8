"""How a search gains by workers: children an hour for 1, 2 and 4 Ray workers, and by simulation what 450 workers wait
for.

Measured: random cells (N = 1, F = 4) trained for an epoch on `digits` by Ray workers on this machine. Counted are the
answers after each worker's first, so that starting Ray and reading the data are left out. More workers than cores bring
nothing: the cores are what is shared.

Simulated: the real search loop with the real PPO and the real log answers 450 workers, as many as the published search
had. How long the loop takes for each answer (to log it, to tell the strategy, to ask it for the next child) is
measured; how long children train is drawn from a lognormal distribution on a simulated clock, and so is nothing else.
Answers queue: the loop takes one at a time. Besides, each costs `--dispatch-ms` in Ray (see
results/search_overhead.json). Written down is the share of the workers' time spent waiting for the loop, with the
start, when all of them ask at once, and after each worker's first child.

    python benchmarks/scaling.py                   writes results/scaling.json and prints a table
    python benchmarks/scaling.py --workers 0       the simulation alone
"""

import argparse
import heapq
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from random import Random
from statistics import mean, median
from time import perf_counter
from typing import Any

from nasbench.core.loop import JobLoop
from nasbench.core.registry import recipes, spaces, strategies
from nasbench.core.seeds import derive
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import Size, Task
from nasbench.core.store import RunStore
from nasbench.engine.run.provenance import provenance
from nasbench.testing import additive_score

RESULT = Path(__file__).resolve().parent / "results" / "scaling.json"


def children_an_hour(workers: int, children: int) -> dict[str, Any]:
    """Trains `children` random cells on so many Ray workers."""
    from nasbench.evaluators.training import TrainingEvaluator
    from nasbench.executors.ray_tune import RayExecutor
    from nasbench.train.source import DataSource

    space = spaces.get("nasnet")()
    recipe = replace(recipes.get("quick"), epochs=1, val_images=200)
    evaluator = TrainingEvaluator(DataSource("digits"), recipe, device="cpu")
    plan = Plan(range(1, children + 1), 0, 1, "space:nasnet", Size(1, 4, skeleton="cifar"), evaluator.task())
    answered: list[tuple[float, float]] = []  # when, and after how many seconds of work
    with tempfile.TemporaryDirectory() as directory:
        store = RunStore.create(Path(directory) / "run", {"command": "benchmark", "config": {}})
        loop = JobLoop(
            SpaceSource(space, strategies.get("random")(space, seed=0), plan),
            store.append,
            lambda metrics: float(metrics["val_accuracy"]),
            [lambda trial: answered.append((perf_counter(), trial.seconds))],
        )
        executor = RayExecutor(workers)
        try:
            executor.run(loop, evaluator)
        finally:
            executor.close()
            store.close()
    counted = len(answered) - workers
    seconds = answered[-1][0] - answered[workers - 1][0]
    return {
        "workers": workers,
        "children": counted,
        "children_an_hour": round(3600 * counted / seconds),
        "seconds_a_child_median": round(median(each for _, each in answered[workers:]), 2),
    }


def controller_seconds(
    preset: str, workers: int, children: int, durations: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Seconds that the loop takes at the start for each worker's first child, and then for each answer with the next
    child.

    Answers come in the order of the simulated durations, `workers` children at a time.
    """
    space = spaces.get("nasnet")()
    strategy_class = strategies.get("ppo")
    strategy = strategy_class(space, seed=0, **(strategy_class.paper if preset == "paper" else {}))
    plan = Plan(range(1, children + 1), 0, 20, "space:nasnet", space.default_size, Task())
    with tempfile.TemporaryDirectory() as directory:
        store = RunStore.create(Path(directory) / "run", {"command": "benchmark", "config": {}})
        source = SpaceSource(space, strategy, plan)
        loop = JobLoop(source, store.append, lambda metrics: float(metrics["val_accuracy"]))
        first, later = list[float](), list[float]()
        ends: list[tuple[float, int, Any]] = []
        now = 0.0
        for _ in range(min(workers, children)):
            start = perf_counter()
            job = loop.next()
            first.append(perf_counter() - start)
            assert job is not None
            heapq.heappush(ends, (durations[len(ends)], len(ends), job))
        given = len(ends)
        while ends:
            now, _, job = heapq.heappop(ends)
            score = additive_score(job.architecture)
            start = perf_counter()
            loop.finish(job, {"val_accuracy": score}, 1.0, "simulated")
            following = loop.next()
            later.append(perf_counter() - start)
            if following is not None:
                heapq.heappush(ends, (now + durations[given % len(durations)], given, following))
                given += 1
        store.close()
    return first, later


def waiting(
    first: Sequence[float], later: Sequence[float], durations: Sequence[float], workers: int, dispatch: float
) -> tuple[float, float, float]:
    """Shares of the workers' time spent waiting: of all, after each one's first child; and the share in which the loop
    is busy.
    """
    free = 0.0  # when the loop can take the next answer
    ends: list[tuple[float, int]] = []
    waited = [0.0, 0.0]  # at the start, later
    given = iter(durations)
    for seconds in first:
        free += seconds + dispatch
        waited[0] += free
        heapq.heappush(ends, (free + next(given), len(ends)))
    worked, busy, end = sum(durations[: len(first)]), free, free
    for seconds, duration in zip(later, given, strict=False):
        end, worker = heapq.heappop(ends)
        start = max(end, free)
        free = start + seconds + dispatch
        busy += seconds + dispatch
        waited[1] += free - end
        worked += duration
        heapq.heappush(ends, (free + duration, worker))
    later_work = worked - sum(durations[:workers])
    return sum(waited) / (sum(waited) + worked), waited[1] / (waited[1] + later_work), busy / end


def simulate(preset: str, options: argparse.Namespace) -> dict[str, Any]:
    """For children of each median duration."""
    children, workers = options.children, options.simulated_workers
    rng = Random(derive(options.seed, "durations"))
    relative = [rng.lognormvariate(0.0, options.sigma) for _ in range(children)]  # median 1
    first, later = controller_seconds(preset, workers, children, relative)
    rows = {}
    for minutes in options.minutes:
        durations = [60 * minutes * share for share in relative]
        whole, steady, busy = waiting(first, later, durations, workers, options.dispatch_ms / 1000)
        rows[f"{minutes:g} min"] = {
            "waiting_share": round(whole, 6),
            "waiting_share_after_first": round(steady, 6),
            "loop_busy_share": round(busy, 5),
        }
    return {
        "workers": workers,
        "children": children,
        "sigma": options.sigma,
        "dispatch_ms": options.dispatch_ms,
        "ask_ms_at_start": round(1000 * mean(first), 2),
        "answer_ms_mean": round(1000 * mean(later), 2),
        "answer_ms_median": round(1000 * median(later), 2),
        "answer_ms_worst": round(1000 * max(later), 1),
        "by_median_duration": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="0 leaves the trainings out")
    parser.add_argument("--trained", type=int, default=16, help="children for each number of workers")
    parser.add_argument("--simulated-workers", type=int, default=450)
    parser.add_argument("--children", type=int, default=4500)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60], help="median durations of a child")
    parser.add_argument(
        "--sigma", type=float, default=log(1.5), help="of the logarithm of durations; two thirds lie within exp(±sigma)"
    )
    parser.add_argument("--dispatch-ms", type=float, default=60.0, help="what Ray adds to each answer")
    parser.add_argument("--presets", nargs="+", default=["default", "paper"], choices=["default", "paper"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()

    load = [os.getloadavg()[0]]
    measured = [children_an_hour(workers, options.trained + workers) for workers in options.workers if workers]
    simulated = {preset: simulate(preset, options) for preset in options.presets}
    load.append(os.getloadavg()[0])
    for row in measured:
        print(
            f"{row['workers']} workers: {row['children_an_hour']} children an hour, {row['seconds_a_child_median']} s "
            "each"
        )
    for preset, found in simulated.items():
        print(
            f"{found['workers']} workers, PPO ({preset}): {found['answer_ms_mean']} ms an answer, at the worst "
            f"{found['answer_ms_worst']}"
        )
        for minutes, shares in found["by_median_duration"].items():
            whole, later = shares["waiting_share"], shares["waiting_share_after_first"]
            print(
                f"  children of {minutes}: waiting {whole:.3%}, after the first {later:.3%}; the loop busy "
                f"{shares['loop_busy_share']:.2%}"
            )
    record = {
        **provenance(["benchmarks/scaling.py", *sys.argv[1:]]),
        "load_average": load,
        "trained": measured,
        "simulated": simulated,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

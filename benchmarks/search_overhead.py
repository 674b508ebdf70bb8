"""What a search costs besides training: the milliseconds a trial that asking, telling, logging and tracking take.

PPO over the NASNet space with an evaluator that does nothing, in this process and on two Ray workers, at 200 and at
2,000 trials. The log is a real run directory, flushed to disk for each trial; the listeners are those of `nasbench
search` (console, W&B offline with `--wandb`, best weights). Beside it, Ray Tune's function trainables, as most would
use Tune: a new process for each trial.

Aims: PPO in this process at most 10 ms a trial, on Ray at most 60 ms, and the last 200 of 2,000 trials no dearer than
the first 200.

    python benchmarks/search_overhead.py               prints a table, writes results/search_overhead.json
"""

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from nasbench.core.job import Job
from nasbench.core.loop import Executor, JobLoop
from nasbench.core.protocols import Metrics, Report, RunInfo, SearchSpace, Strategy, Tracker
from nasbench.core.registry import spaces, strategies
from nasbench.core.source import Plan, SpaceSource
from nasbench.core.spec import Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.run.artifacts import BestWeights
from nasbench.engine.run.provenance import provenance
from nasbench.executors.local import LocalExecutor

RESULT = Path(__file__).resolve().parent / "results" / "search_overhead.json"
STAGES = ("ask", "tell", "canonical form", "log", "tracking")
WINDOW = 200


@dataclass
class Clock:
    """Seconds spent in each stage, call by call; when answers came, on the wall and in this process's CPU time (other
    load aside).
    """

    stages: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    answers: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def answered(self, _: Trial) -> None:
        self.answers.append(perf_counter())
        self.cpu.append(process_time())

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed_call(*arguments: Any) -> Any:
            start = perf_counter()
            result = call(*arguments)
            self.stages[stage].append(perf_counter() - start)
            return result

        return timed_call


class Nothing:
    """Scores an architecture by chance, in no time: nothing is learned, so that none comes twice and is answered from
    the log.
    """

    def check(self) -> None:
        """There is nothing to check."""

    def task(self) -> Task:
        return Task()

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - the protocol's
        assert job.architecture is not None, job
        return {"val_accuracy": int(job.architecture.key, 16) / 16**16, "params": 1, "macs": 1}


class Timed:
    """A part of which some methods are timed; the rest is the part's own."""

    def __init__(self, part: Any, clock: Clock, **stages: str) -> None:
        self._part = part
        for method, stage in stages.items():
            setattr(self, method, clock.timed(stage, getattr(part, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)


def run(executor: Executor, strategy_name: str, num_trials: int, wandb: bool) -> dict[str, Any]:
    """One search; milliseconds a trial, by stage, early and late."""
    clock, space = Clock(), spaces.get("nasnet")()
    strategy: Strategy = strategies.get(strategy_name)(space, seed=0)
    plan = Plan(range(1, num_trials + 1), 0, 20, "space:nasnet", space.default_size, Task())
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("NASBENCH_BENCHMARK_DIR")) as directory,
        open(os.devnull, "w") as nowhere,
    ):
        store = RunStore.create(Path(directory) / "run", {"command": "benchmark", "config": {}})
        trackers = start_trackers(store, num_trials, nowhere, wandb)
        listeners = [BestWeights(store), *(tracker.trial for tracker in trackers)]

        def listen(trial: Trial) -> None:
            for listener in listeners:
                listener(trial)

        source = SpaceSource(
            _as_space(Timed(space, clock, canonical="canonical form")),
            Timed(strategy, clock, ask="ask", tell="tell"),
            plan,
        )
        loop = JobLoop(
            source,
            clock.timed("log", store.append),
            lambda metrics: float(metrics["val_accuracy"]),
            [clock.timed("tracking", listen), clock.answered],
        )
        start = perf_counter()
        executor.run(loop, Nothing())
        end = perf_counter()
        for tracker in trackers:
            tracker.finish({}, store.directory)
        store.close()
        log_bytes = (store.directory / "trials.jsonl").stat().st_size
    return {
        "trials": num_trials,
        "strategy": strategy_name,
        "log_bytes_a_trial": round(log_bytes / num_trials),
        "seconds_to_first_answer": round(clock.answers[0] - start, 3),
        "seconds_after_last_answer": round(end - clock.answers[-1], 3),
        **summary(clock),
    }


def _as_space(part: Any) -> SearchSpace:
    return part  # type: ignore[no-any-return]


def start_trackers(store: RunStore, planned: int, stream: Any, wandb: bool) -> list[Tracker]:
    from nasbench.trackers.console import ConsoleTracker
    from nasbench.trackers.guard import Guarded

    trackers: list[Tracker] = [Guarded(ConsoleTracker(stream, interactive=False))]
    if wandb:
        from nasbench.trackers.wandb import WandbTracker

        trackers.append(Guarded(WandbTracker("offline")))
    for tracker in trackers:
        tracker.start(RunInfo(store.directory, {}, planned, ()))
    return trackers


def summary(clock: Clock) -> dict[str, Any]:
    """Milliseconds a trial: the mean between the first and the last answer, in the first and the last window, and by
    stage.
    """
    gaps = [1000 * (late - early) for early, late in zip(clock.answers, clock.answers[1:], strict=False)]
    by_stage = {stage: round(1000 * sum(calls) / len(clock.answers), 3) for stage, calls in clock.stages.items()}
    total = sum(gaps) / len(gaps)
    return {
        "ms_a_trial": round(total, 2),
        "ms_a_trial_median": round(median(gaps), 2),
        "cpu_ms_a_trial": round(1000 * (clock.cpu[-1] - clock.cpu[0]) / len(gaps), 2),
        "ms_first_window": round(sum(gaps[:WINDOW]) / len(gaps[:WINDOW]), 2),
        "ms_last_window": round(sum(gaps[-WINDOW:]) / len(gaps[-WINDOW:]), 2),
        "stages": {**by_stage, "executor and loop": round(total - sum(by_stage.values()), 3)},
    }


def function_trainables(num_trials: int) -> dict[str, Any]:
    """The same nothing as a function trainable of Ray Tune, two at a time, in the Ray that is running."""
    from ray import tune

    from nasbench.executors.process import environment

    moments: list[float] = []

    class Moments(tune.Callback):
        def on_trial_complete(self, *_: Any, **__: Any) -> None:
            moments.append(perf_counter())

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory() as storage,
        environment({"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}),
    ):
        start = perf_counter()
        tune.run(
            lambda config: {"val_accuracy": config["x"]},
            config={"x": tune.uniform(0, 1)},
            num_samples=num_trials,
            storage_path=storage,
            callbacks=[Moments()],
            verbose=0,
        )
    gaps = (moments[-1] - moments[0]) / (num_trials - 1)
    return {
        "trials": num_trials,
        "seconds_to_first_answer": round(moments[0] - start, 3),
        "ms_a_trial": round(1000 * gaps, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--strategy", default="ppo")
    parser.add_argument("--workers", type=int, default=2, help="Ray workers; 0 leaves Ray out")
    parser.add_argument("--function-trials", type=int, default=10)
    parser.add_argument("--wandb", action="store_true", help="track with W&B, offline, too")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()

    rows: dict[str, dict[str, Any]] = {}
    load = [os.getloadavg()[0]]
    for trials in options.trials:
        rows[f"local, {trials} trials"] = run(LocalExecutor("cpu"), options.strategy, trials, options.wandb)
    if options.workers:
        from nasbench.executors.ray_tune import RayExecutor

        executor = RayExecutor(options.workers)
        print(*executor.describe(), sep="\n", file=sys.stderr)
        for trials in options.trials:
            rows[f"{options.workers} Ray workers, {trials} trials"] = run(
                executor, options.strategy, trials, options.wandb
            )
        rows["Tune function trainables"] = function_trainables(options.function_trials)
        executor.close()
    load.append(os.getloadavg()[0])

    columns = {
        "ms_a_trial": "ms/trial",
        "cpu_ms_a_trial": "CPU",
        "ms_first_window": "first 200",
        "ms_last_window": "last 200",
    }
    print(" " * 28 + "".join(f"{title:>10}" for title in columns.values()) + "  stages (ms a trial)")
    for name, row in rows.items():
        stages = "  ".join(f"{stage} {ms:.2f}" for stage, ms in row.get("stages", {}).items())
        print(
            f"{name:28}"
            + "".join(f"{row[column]:10.1f}" if column in row else " " * 10 for column in columns)
            + f"  {stages}"
        )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    record = {
        **provenance(["benchmarks/search_overhead.py", *sys.argv[1:]]),
        "load_average": load,
        "wandb": options.wandb,
        "rows": rows,
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""What the steps of a long search cost: its report, its resumption, and one step of the loop, in time and memory.

Made-up trials of the NASNet space (a random architecture and score each, with the notes that PPO writes, a control, and
some that failed or were met again) are written by the real store. Then each step runs in a process of its own, whose
peak of memory is counted from its start, imports included: reading the log, writing the report, going on with the
search under a strategy (reading, replaying every trial through `tell`), and the next proposals with their answers.
Seconds are of CPU time, so that other load does not count.

Beside it, a folder of image files: listed, and its identity taken.

    python benchmarks/large_runs.py                      prints tables, writes results/large_runs.json
    python benchmarks/large_runs.py --trials 1000 --strategies evolution
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.registry import spaces, strategies
from nasbench.core.seeds import derive
from nasbench.core.source import Plan, SpaceSource, of_space
from nasbench.core.spec import Task, task_record
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.run.provenance import provenance
from nasbench.strategies.around.control import Control
from nasbench.strategies.random import RandomSearch

RESULT = Path(__file__).resolve().parent / "results" / "large_runs.json"
STRATEGIES = ("evolution", "local_search", "ppo", "asha", "tpe", "nsga2", "predictor")
SPACE, EPOCHS, STEPS = "nasnet", 20, 20
GENERATION = 10
"""The population of `nsga2`."""


def score_of(key: str) -> float:
    """Made up, between 0.8 and 1."""
    return 0.8 + 0.2 * int(key, 16) / 16**16


def write(directory: Path, trials: int) -> dict[str, Any]:
    """A run of so many trials."""
    space, wait = spaces.get(SPACE)(), os.fsync
    config = {"space": SPACE, "strategy": "ppo", "trials": trials, "score_column": "val_accuracy", "seed": 0}
    plan = {"source": f"space:{SPACE}", "size": vars(space.default_size), "task": task_record(Task()), "epochs": EPOCHS}
    store = RunStore.create(directory, {"command": "search", "config": config, "plan": plan, "seed": 0})
    search = SpaceSource(space, RandomSearch(space), _plan(space, trials))
    control = SpaceSource(space, Control(space, 0), _plan(space, trials))
    drawn, earlier = Random(0), dict[str, Trial]()
    os.fsync = lambda _: None  # type: ignore[assignment]
    for number in range(1, trials + 1):
        job = (control if number % 16 == 0 else search).ask(number, ())
        note = {**job.note, "entropy": 50 / number, "log_prob": -50.0, "baseline": 0.9, "updates": number, "loss": 0.1}
        trial = _trial(job, {**note, "blind": number % 16 == 0}, drawn, earlier.get(job.key))
        if trial.status == "ok":
            earlier.setdefault(job.key, trial)
        store.append(trial)
    os.fsync = wait
    store.close()
    return {"log_bytes_a_trial": round((directory / "trials.jsonl").stat().st_size / trials)}


def _plan(space: Any, trials: int) -> Plan:
    return Plan(range(1, trials + 1), 0, EPOCHS, f"space:{SPACE}", space.default_size, Task())


def _trial(job: Job, note: dict[str, Any], drawn: Random, earlier: Trial | None) -> Trial:
    failed, score = drawn.random() < 0.02, score_of(job.key)
    counts = {"params": 300_000 + derive(0, job.key) % 400_000, "macs": 50_000_000 + derive(1, job.key) % 10**8}
    return Trial(
        number=job.number,
        architecture=job.architecture,
        key=job.key,
        status="failed" if failed else "cached" if earlier else "ok",
        score=None if failed else score,
        metrics={} if failed else {"val_accuracy": score, **counts, "train_loss": 0.1},
        epochs=EPOCHS,
        seconds=round(drawn.uniform(20, 60), 4),
        seed=0,
        worker="made-up",
        started="2026-01-01T00:00:00.000+00:00",
        note=note,
        error="out of memory (made up)" if failed else None,
        of=earlier.number if earlier and not failed else None,
    )


def read(directory: Path) -> dict[str, Any]:
    """The log alone, as `RUN#N` and `--trial` read it."""
    return {"trials": len(RunStore.read(directory).trials)}


def report(directory: Path) -> dict[str, Any]:
    """`nasbench report`."""
    from nasbench.engine.opened.report import rebuild_report

    page = rebuild_report(directory)[0]
    return {"page_bytes": page.stat().st_size}


def go_on(directory: Path, name: str) -> dict[str, Any]:
    """Resumes the search under a strategy, then takes its next steps. The first builds what later ones keep."""
    start = process_time()
    space = spaces.get(SPACE)()
    store = RunStore.resume(directory, of_space(space))
    strategy = strategies.get(name)(space, seed=0, **({"controller": "table"} if name == "ppo" else {}))
    source = SpaceSource(space, strategy, _plan(space, len(store.trials) + STEPS + 1))
    if name == "nsga2":  # its own log says of which generation each trial was
        store.trials[:] = _in_generations(store.trials)
    loop = JobLoop(source, store.trials.append, lambda metrics: float(metrics["val_accuracy"]), history=store.trials)
    resumed = process_time()

    def step() -> None:
        job = loop.next()
        assert job is not None
        loop.finish(job, {"val_accuracy": score_of(job.key)}, 1.0, "made-up")

    step()
    first = process_time()
    for _ in range(STEPS):
        step()
    steps = process_time() - first
    store.close()
    return {
        "resume_s": resumed - start,
        "first_step_ms": 1000 * (first - resumed),
        "step_ms": 1000 * steps / STEPS,
    }


def _in_generations(trials: Sequence[Trial]) -> list[Trial]:
    """The trials with the notes of NSGA-II: those that failed do not count."""
    found, scored = list[Trial](), 0
    for trial in trials:
        sampler = {"NSGAIISampler:generation": scored // GENERATION}
        found.append(replace(trial, note={**trial.note, "sampler": sampler}))
        scored += trial.score is not None
    return found


def folder(directory: Path, files: int) -> dict[str, Any]:
    """Lists a folder of image files, and takes its identity, as a training does before it starts. At this size the
    images are read batch by batch, so nothing is decoded here.
    """
    from PIL import Image

    from nasbench.train.source import DataSource

    picture = BytesIO()
    Image.new("RGB", (8, 8), (200, 20, 20)).save(picture, "JPEG")
    for split in ("train", "val"):
        for label in range(10):
            below = directory / split / f"class_{label}"
            below.mkdir(parents=True)
            for number in range(files // 20):
                (below / f"image_{number:06}.jpg").write_bytes(picture.getvalue())
    data = DataSource(f"folder:{directory}", None, 512)
    start = process_time()
    data.check()
    listed = process_time()
    data.identity(test=True)
    return {"list_s": listed - start, "identity_s": process_time() - listed}


def apart(*arguments: object) -> dict[str, Any]:
    """A step in a process of its own: what it measured, its seconds, and its peak of memory in MB."""
    command = [sys.executable, __file__, "--step", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def one_step(name: str, directory: Path, *arguments: str) -> None:
    calls: dict[str, Callable[[], dict[str, Any]]] = {
        "write": lambda: write(directory, int(arguments[0])),
        "read": lambda: read(directory),
        "report": lambda: report(directory),
        "go_on": lambda: go_on(directory, arguments[0]),
        "folder": lambda: folder(directory, int(arguments[0])),
    }
    start = process_time()
    told = calls[name]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"seconds": process_time() - start, "peak_mb": peak, **told}
    print(json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in told.items()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--strategies", nargs="*", default=STRATEGIES)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        one_step(options.step[0], Path(options.step[1]), *options.step[2:])
        return
    rows: dict[str, dict[str, Any]] = {}
    for trials in options.trials:
        with tempfile.TemporaryDirectory(dir=os.environ.get("NASBENCH_BENCHMARK_DIR")) as place:
            run = Path(place) / "run"
            steps = [(name, (run, trials)) for name in ("write", "read", "report")]
            steps += [(name, (run, name)) for name in options.strategies]
            for name, arguments in steps:
                step = name if name in ("write", "read", "report") else "go_on"
                rows[f"{name}, {trials} trials"] = told = apart(step, *arguments)
                print(f"{name}, {trials} trials".ljust(28), told, flush=True)
    if options.files:
        with tempfile.TemporaryDirectory(dir=os.environ.get("NASBENCH_BENCHMARK_DIR")) as place:
            rows[f"folder of {options.files} files"] = apart("folder", place, options.files)
            print(list(rows)[-1], rows[list(rows)[-1]])
    record = {**provenance(["benchmarks/large_runs.py", *sys.argv[1:]]), "rows": rows}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

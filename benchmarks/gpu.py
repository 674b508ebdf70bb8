"""Everything that needs a GPU to be known, in one go and within ten minutes, on a machine with one GPU.

    make gpu                                  all steps; results/gpu/*.json
    python benchmarks/gpu.py --small          the same steps with small sizes, on a CPU; results/gpu_small/*.json
    python benchmarks/gpu.py --only tests,resnet18

| step | what it does |
|---|---|
| `tests` | the tests that are marked `gpu` |
| `child_throughput` | images a second of a child's step: plain, ours, as a CUDA graph; NASNet-A and five cells |
| `resnet18` | ResNet-18 under cifar_fast, for 95 % and for 96 % test accuracy |
| `children_an_hour` | a random search on 1 and on 4 warm workers that share the card |
| `search` | a search of 100 children on CIFAR-10, on 8 Ray workers, and how many of them an hour |
| `supernet` | the supernet of NAS-Bench-201 at the benchmark's size |
| `compiled` | NASNet-A's step again, compiled, which takes minutes |

It needs torch, torchvision, timm and what a search needs (ray, optuna, tyro, rich, safetensors), and CIFAR-10 at
$NASBENCH_DATA or --data-dir. Each step has a time limit, to which is added what earlier ones left of theirs: one that fails or takes too long is
ended and recorded, with what it had reached, and the next one begins. Each writes one JSON file: hardware, versions, status,
seconds, measures. Status 1 where a step did not end well.
"""  # noqa: E501

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from gpu_measures import best_of, children_an_hour, log_of, reached, times_one
from step_process import Ended, run_step

from nasbench.engine.run.provenance import provenance

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NASBENCH = [sys.executable, "-m", "nasbench"]
QUIET = ["--wandb", "off", "--json"]


@dataclass(frozen=True)
class Setting:
    """With which sizes, and where."""

    small: bool
    scratch: Path
    data_dir: str | None

    @property
    def data(self) -> list[str]:
        """Flags: the data set."""
        if self.small:
            return ["--dataset", "digits"]
        return ["--dataset", "cifar10", *([] if self.data_dir is None else ["--data-dir", self.data_dir])]

    def workers(self, count: int) -> list[str]:
        """Flags: so many workers, which share the card."""
        return ["--workers", str(count), *([] if self.small else ["--gpus-per-worker", f"{1 / count:g}"])]

    @property
    def child(self) -> list[str]:
        """Flags: how a child is trained."""
        return ["--space", "nasnet", "--recipe", f"gpu_recipes:{'SMALL_CHILD' if self.small else 'CHILD'}"]


@dataclass(frozen=True)
class Step:
    """One line of the table. `seconds`: its limit. `work` returns what it measured; it is given how to run a command
    within what is left of the limit. `on_cpu`: whether --small has it.
    """

    name: str
    seconds: float
    work: "Callable[[Setting, Run], dict[str, Any]]"
    on_cpu: bool = True


class Run:
    """Runs commands one after another until the time of a step is up."""

    def __init__(self, seconds: float, log: Path) -> None:
        self._end, self._log = monotonic() + seconds, log
        self.ended: list[Ended] = []

    @property
    def failed(self) -> list[Ended]:
        return [each for each in self.ended if each.status != 0]

    def __call__(self, *command: str, parts: int = 1) -> Ended:
        """Runs a command. It has a `parts`-th of what is left of the time: so many are still to come."""
        limit = max(1.0, (self._end - monotonic()) / parts)
        paths = [str(ROOT), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
        variables = {"PYTHONPATH": os.pathsep.join(paths), "RAY_USAGE_STATS_ENABLED": "0"}
        ended = run_step(command, limit, self._log, ROOT, variables)
        self.ended.append(ended)
        return ended


def tests(setting: Setting, run: Run) -> dict[str, Any]:
    """The tests marked `gpu`, found by their text: collecting all tests takes longer than they do."""
    files = [str(each) for each in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.gpu" in each.read_text()]
    how = ["--collect-only"] if setting.small else []  # on a CPU: they are found, and can be imported
    ended = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "gpu", *how, *files)
    return {"files": [str(Path(each).relative_to(ROOT)) for each in files], "told": ended.last_line}


def child_throughput(setting: Setting, run: Run) -> dict[str, Any]:
    if setting.small:
        few = ["--cells", "1", "--steps", "2", "--batch", "8", "--num-cells", "1", "--filters", "8", "--compile", "0"]
        return _throughput(setting, run, few)
    return _throughput(
        setting, run, ["--device", "cuda", "--steps", "20", "--cells", "5", "--compile", "0", "--graphs"]
    )


def compiled(setting: Setting, run: Run) -> dict[str, Any]:
    """The last step: compiling may take what is left of the time."""
    return _throughput(setting, run, ["--device", "cuda", "--steps", "20", "--cells", "0", "--compile", "1"])


def _throughput(setting: Setting, run: Run, flags: list[str]) -> dict[str, Any]:
    output = setting.scratch / "throughput.json"
    output.unlink(missing_ok=True)
    program = [sys.executable, str(HERE / "child_throughput.py"), "--no-profile"]
    run(*program, *flags, "--output", str(output))
    record = json.loads(output.read_text()) if output.exists() else {}
    return {each: record.get(each, {}) for each in ("summary", "rows")}


def hour(setting: Setting, run: Run) -> dict[str, Any]:
    """Children an hour of warm workers: the first child of each, which starts its process, does not count."""
    counts, each = ((1, 2), 3) if setting.small else ((1, 4), 4)
    found: dict[str, Any] = {}
    for index, count in enumerate(counts):
        place = setting.scratch / f"hour-{count}"
        trials = ["--strategy", "random", "--control", "0", "--trials", str(each * count)]
        run(*_search(setting, place, count), *trials, parts=len(counts) - index)
        found[str(count)] = children_an_hour(log_of(place), count)
    for row in found.values():
        row["times_one"] = times_one(row, found)
    return {"workers": found}


def resnet18(setting: Setting, run: Run) -> dict[str, Any]:
    aims = ((0.5, 1),) if setting.small else ((0.95, 12), (0.96, 30))
    found = []
    for index, (aim, epochs) in enumerate(aims):
        place = setting.scratch / f"resnet18-{epochs}"
        flags = ["--epochs", str(epochs), "--run", str(place), "--trained-dir", str(setting.scratch / "trained")]
        recipe = ["--recipe", "cifar_fast", *setting.data]
        ended = run(*NASBENCH, "train", "zoo:resnet18", *recipe, *flags, *QUIET, parts=len(aims) - index)
        found.append({"aim": aim, "epochs": epochs, "wall_seconds": ended.seconds, **reached(ended.record, aim)})
    return {"trainings": found}


def search(setting: Setting, run: Run) -> dict[str, Any]:
    place, (workers, trials) = setting.scratch / "search", (2, 6) if setting.small else (8, 100)
    ended = run(*_search(setting, place, workers), "--strategy", "ppo", "--trials", str(trials))
    log = log_of(place)
    hourly = children_an_hour(log, workers)
    earlier = setting.scratch.parent / "children_an_hour.json"
    measured = json.loads(earlier.read_text())["measures"].get("workers", {}) if earlier.exists() else {}
    told = {
        "workers": workers,
        "asked": trials,
        "wall_seconds": ended.seconds,
        "times_one": times_one(hourly, measured),
    }
    return {**told, **best_of(log), **hourly}


def supernet(setting: Setting, run: Run) -> dict[str, Any]:
    """16 channels and 5 cells a stack, as in the benchmark. Its scores are held against the benchmark's table."""
    epochs = ["--epochs", "1" if setting.small else "2"]
    size = ["--cells", "1", "--filters", "4"] if setting.small else ["--cells", "5", "--filters", "16"]
    size += [] if setting.small else ["--recipe", "gpu_recipes:SHARED"]
    check = ["--check", "0"] if setting.small else ["--truth", "table:nasbench201-cifar10", "--check-sample", "50"]
    place = setting.scratch / "supernet"
    flags = ["--space", "nasbench201", "--sampler", "fair", *setting.data, *size, *epochs, *check, "--run", str(place)]
    ended = run(*NASBENCH, "supernet", *flags, *QUIET)
    return {"wall_seconds": ended.seconds, "result": ended.record}


def _search(setting: Setting, place: Path, workers: int) -> list[str]:
    flags = [*setting.child, *setting.data, *setting.workers(workers), "--run", str(place), *QUIET]
    return [*NASBENCH, "search", *flags]


STEPS = (
    Step("tests", 40, tests),
    Step("child_throughput", 60, child_throughput),
    Step("resnet18", 120, resnet18),
    Step("children_an_hour", 110, hour),
    Step("search", 170, search),
    Step("supernet", 45, supernet),
    Step("compiled", 45, compiled, on_cpu=False),
)
"""Their limits are 590 seconds together."""


def perform(step: Step, setting: Setting, output: Path) -> dict[str, Any]:
    """Runs a step, writes its JSON file, and returns the record. Nothing that happens in a step is raised."""
    log = output / f"{step.name}.log"
    log.unlink(missing_ok=True)
    run, start = Run(step.seconds, log), monotonic()
    try:
        measures, fault = step.work(setting, run), None
    except Exception as error:
        measures, fault = {}, f"{type(error).__name__}: {error}"
    over = any(each.timed_out for each in run.ended)
    status = "time is up" if over else "failed" if fault or run.failed else "done"
    record = {
        **provenance(["benchmarks/gpu.py", *sys.argv[1:]]),
        "step": step.name,
        "small": setting.small,
        "status": status,
        "seconds": round(monotonic() - start, 1),
        "limit_seconds": round(step.seconds, 1),
        "fault": fault or next((each.last_line for each in run.failed), None),
        "measures": measures,
    }
    (output / f"{step.name}.json").write_text(json.dumps(record, indent=1) + "\n")
    if status == "done":
        log.unlink(missing_ok=True)
    return record


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small sizes, on a CPU, to see that every step runs")
    parser.add_argument("--only", default="", help="names of steps, divided by commas")
    parser.add_argument("--data-dir", help="where CIFAR-10 lies (else $NASBENCH_DATA, else the user cache)")
    parser.add_argument("--output", type=Path, help="the directory of the JSON files")
    options = parser.parse_args()
    names = [name for name in options.only.split(",") if name]
    if unknown := [name for name in names if name not in [step.name for step in STEPS]]:
        parser.error(f"no step {', '.join(unknown)}; there are {', '.join(step.name for step in STEPS)}")
    if not options.small and (lacking := no_gpu()):
        parser.error(f"{lacking} --small runs every step with small sizes on a CPU.")
    if options.small:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    output = options.output or HERE / "results" / ("gpu_small" if options.small else "gpu")
    output.mkdir(parents=True, exist_ok=True)
    setting = Setting(options.small, output / "runs", options.data_dir)
    shutil.rmtree(setting.scratch, ignore_errors=True)
    setting.scratch.mkdir()
    end, records = monotonic(), []
    for step in STEPS:
        if names and step.name not in names:
            continue
        if setting.small and not step.on_cpu:
            print(f"{step.name:18} left out: it takes minutes on a CPU", flush=True)
            continue
        end += step.seconds  # what a step leaves of its time is the next one's
        record = perform(Step(step.name, end - monotonic(), step.work), setting, output)
        fault = f"  {record['fault']}" if record["fault"] else ""
        print(f"{step.name:18} {record['status']:10} {record['seconds']:6.1f} s{fault}", flush=True)
        records.append(record)
    shutil.rmtree(setting.scratch, ignore_errors=True)
    return 0 if all(record["status"] == "done" for record in records) else 1


def no_gpu() -> str | None:
    """Why the steps cannot run at full size; None where they can."""
    done = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.cuda.is_available())"], capture_output=True, text=True
    )
    return None if done.stdout.strip() == "True" else "PyTorch sees no CUDA device here (see: nasbench doctor)."


if __name__ == "__main__":
    sys.exit(main())

"""How long an inference takes on this machine: measured after a warm-up, as a median with an interval.

Runs count where the machine had its full speed (`quiet_rounds`); a measurement without enough of them says so, and is
kept in this process alone, so that one command says one figure of a network. The others are kept in the user's cache by
network, settings and machine.

With one thread on the CPU the clock is the time that the processor gave to it, which is what the network takes where
nothing else runs. With several threads, on a GPU, and where that clock is coarse, it is the wall's. `onnx` is the CPU
too, by ONNX Runtime, which runs what `export` writes.
"""

import json
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import sqrt
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any

import torch
from torch import nn

from nasbench.core.append_log import AppendLog, InUse
from nasbench.core.errors import NotWritten
from nasbench.core.identity import digest
from nasbench.core.spec import ModelSpec, Task
from nasbench.evaluators.building import build_seeded
from nasbench.evaluators.latency_by import LatencyBy
from nasbench.evaluators.quiet_rounds import timed
from nasbench.train.faults import trial_boundary
from nasbench.train.location import user_cache

ATTEMPTS = 100
"""To write to the cache, while other processes do."""
MEASURED: dict[tuple[Path, str], "Latency"] = {}
"""What this process has measured, by the cache and the key there: what is not kept, or could not be, is found here."""
DEVIATIONS = 5.0
"""So many median absolute deviations above the median, a run is an outlier."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one inference of a batch.

    Attributes:
        median: of the timed runs.
        low, high: a 95 % interval of the median, by order statistics.
        runs: how many were timed.
        outliers: how many were slower than the median by more than DEVIATIONS median absolute deviations.
        slowest: the slowest run.
        wall: the median by the wall's clock; far above `median` where other programs had the processor.
        clock: `processor` or `wall`: what `median` was read from.
        machine: processor or GPU, and PyTorch's version.
        left_out: runs that do not count, as the machine was slower meanwhile.
        steady: False where the machine was slower most of the time: the least disturbed runs count then.
    """

    median: float
    low: float
    high: float
    runs: int
    outliers: int
    slowest: float
    wall: float
    clock: str
    machine: str
    left_out: int
    steady: bool

    def to_json(self) -> dict[str, Any]:
        """The fields by their names."""
        return asdict(self)


def latency_of(spec: ModelSpec, by: LatencyBy, fresh: bool = False) -> Latency:
    """The latency of the network of `spec`: from the cache where it was measured on this machine, unless `fresh`.

    UsageError for a device that is not there; TrialFailed where the network cannot be built or run.
    """
    by.check()
    key = digest({"model": spec.to_json(), "by": asdict(by), "machine": machine(by.on)})
    place = _cache(), key
    known = None if fresh else _known(_cache()).get(key) or MEASURED.get(place)
    if known is not None:
        return known
    with trial_boundary("measuring the latency"):
        found = measured(build_seeded(spec, 0), spec.seen_task, by)
    MEASURED[place] = found
    if found.steady:
        _keep(key, found)
    return found


def measured(network: nn.Module, task: Task, by: LatencyBy) -> Latency:
    """Runs the network in evaluation mode on random images, again and again."""
    device = torch.device("cpu" if by.on == "onnx" else by.on)
    network = network.eval().to(device)
    images = torch.rand(by.batch, task.channels, task.image_size, task.image_size, device=device)
    run, before = _run_of(network, images, by), torch.get_num_threads()
    torch.set_num_threads(by.threads if by.on != "cuda" else before)
    try:
        with torch.inference_mode():
            found = timed(run, device.type, by.threads)
    finally:
        torch.set_num_threads(before)
    times = found.owns if found.own else found.walls
    middle, (low, high) = median(times), interval(times)
    spread = median(abs(each - middle) for each in times)
    outliers = sum(each > middle + DEVIATIONS * spread for each in times) if spread else 0
    clock = "processor" if found.own else "wall"
    return Latency(
        middle,
        low,
        high,
        len(times),
        outliers,
        max(times),
        median(found.walls),
        clock,
        machine(by.on),
        found.left_out,
        found.steady,
    )


def _run_of(network: nn.Module, images: torch.Tensor, by: LatencyBy) -> Callable[[], Any]:
    """What one run calls: the network, or ONNX Runtime with what `export` writes of it."""
    if by.on != "onnx":
        return lambda: network(images)
    from nasbench.evaluators.onnx import session

    return session(network, images, by.threads)


def interval(times: Sequence[float]) -> tuple[float, float]:
    """A 95 % interval of the median of independent times: between two of them in order, by the normal approximation of
    the binomial distribution (n/2 -+ 1.96 sqrt(n)/2).
    """
    ordered, count = sorted(times), len(times)
    half = 1.96 * sqrt(count) / 2
    low, high = max(0, int(count / 2 - half)), min(count - 1, int(count / 2 + half) + 1)
    return ordered[low], ordered[high]


def machine(on: str) -> str:
    """What a latency holds for: the processor or the GPU, and the version of what computes on it."""
    if on == "onnx":
        return f"{_processor()}, ONNX Runtime {version('onnxruntime')}"
    name = torch.cuda.get_device_name() if on == "cuda" else _processor()
    return f"{name}, PyTorch {torch.__version__}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _cache() -> Path:
    return user_cache() / "latency.jsonl"


def _known(path: Path) -> dict[str, Latency]:
    """What was measured before; lines that are none are passed over, as a cache may be written anew."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, Latency] = {}
    for line in lines:
        try:
            record = json.loads(line)
            key = record.pop("key")
            found[key] = Latency(**record)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


def _keep(key: str, latency: Latency) -> None:
    """Adds a line, alone: another process that writes is waited for. What cannot be kept is measured again."""
    path = _cache()
    with suppress(OSError, NotWritten, InUse):
        path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(ATTEMPTS):
            try:
                log = AppendLog.alone(path)
                break
            except InUse:
                if attempt + 1 == ATTEMPTS:
                    raise
                sleep(0.02)
        try:
            log.cut()
            log.append(json.dumps({"key": key, **latency.to_json()}))
        finally:
            log.close()

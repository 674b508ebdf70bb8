"""Images a second of a child's training step, against a plain eager float32 channels-first build of the same network in
the same run.

A step is forward, loss, backward and SGD with momentum. The networks: NASNet-A at N = 2, F = 24, and cells sampled from
the space, with 10 classes, batches of 96 images of 32 pixels. Three definitions with the same weights and images take
turns, step by step:

  - `plain`     plain_nasnet.py: one call of PyTorch for each formula, channels first, float32, eager;
  - `ours`      the space's network as the recipes train it: channels last, the gradients of wide depthwise kernels in
  strips (CPU);
                on CUDA in bfloat16, as the recipes ask for there (`--float32` leaves it out);
  - `compiled`  the same, each cell compiled for its shapes (`--compile` names for how many of the networks; it takes
  minutes);
  - `graphed`   on CUDA: the forward and backward pass of `ours`, captured once as a CUDA graph and replayed, as
                trainings do it (`--graphs`).

Written down for each: images a second (median of the steps), seconds to the end of the first step (building and
compiling included), peak memory (of the process on the CPU, of the allocator on CUDA), the share of the step outside
kernels (CPU: what the profiler finds outside leaf operators; CUDA: time in which the device idles), and after how many
images compiling has paid for itself.

    python benchmarks/child_throughput.py                      writes results/child_throughput_cpu.json, and prints a
    table python benchmarks/child_throughput.py --first-cell 10 --cells 10 --add      more cells into the same file
    python benchmarks/child_throughput.py --device cuda --compile 21
"""

import argparse
import ctypes
import gc
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import torch
from plain_nasnet import PlainNetwork
from torch import Tensor, nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from nasbench.core.arch import sample
from nasbench.core.spec import Size, Task
from nasbench.engine.run.provenance import provenance
from nasbench.train.device import resolve_device
from nasbench.train.graphed import WARM_UP_STEPS, GraphedPass
from search_spaces.nasnet.genotype import genotype_of
from search_spaces.nasnet.published import NASNET_A
from search_spaces.nasnet.sizes import arguments
from search_spaces.nasnet.space import NasnetSpace

RESULTS = Path(__file__).resolve().parent / "results"
SPACE, TASK = NasnetSpace(), Task(10, 32, 3)
NO_KERNELS = re.compile(
    r"aten::(empty|as_strided|detach|view|reshape|_reshape|transpose|permute|narrow|slice|select|alias|expand|resize|t$)"
)
"""Operators that only allocate or look at memory otherwise."""


@dataclass
class Variant:
    """A definition under way: its step, and what was measured of it."""

    name: str
    step: Callable[[], Tensor]
    first_step_seconds: float
    peak_mib: float
    loss: float
    seconds: list[float] = field(default_factory=list)
    outside: float = 0.0


def variants(name: str, options: argparse.Namespace, device: torch.device, compiled: bool) -> Iterator[Variant]:
    """One after the other: building a network and its first step count as the time to that step."""
    size = Size(options.num_cells, options.filters, skeleton="cifar")
    architecture = (
        None if name == "nasnet-a" else sample(SPACE.name, SPACE.choices, Random(int(name.partition(" ")[2])))
    )
    genotype = NASNET_A if architecture is None else genotype_of(architecture)
    torch.manual_seed(0)
    images = torch.randn(options.batch, 3, 32, 32, device=device)
    labels = torch.randint(10, (options.batch,), device=device)

    def network() -> nn.Module:
        torch.manual_seed(1)
        found = (
            SPACE.build_published(name, size, TASK) if architecture is None else SPACE.build(architecture, size, TASK)
        )
        return found.to(device)

    def variant(label: str) -> Variant:
        reset_peak(device)
        start = perf_counter()
        model: Callable[[Tensor], Tensor]
        built, shown = network(), images
        half = device.type == "cuda" and label != "plain" and not options.float32
        if label == "plain":
            model = PlainNetwork(built.state_dict(), arguments(genotype, "nasnet", size, TASK))
            parameters = model.parameters()
        else:
            model, parameters = built.to(memory_format=torch.channels_last), list(built.parameters())
            shown = images.contiguous(memory_format=torch.channels_last)
        if label == "compiled":
            torch.compiler.reset()
            torch._dynamo.config.recompile_limit = 64
            for cell in built.cells:
                cell.compile(dynamic=False)
        optimizer = torch.optim.SGD(parameters, 0.01, momentum=0.9, fused=label != "plain" and device.type == "cuda")

        def gradients(images: Tensor, labels: Tensor) -> Tensor:
            optimizer.zero_grad()
            with torch.autocast("cuda", torch.bfloat16) if half else nullcontext():
                logits = model(images)
            loss = functional.cross_entropy(logits.float(), labels)
            loss.backward()
            return loss.detach()

        graph = GraphedPass() if label == "graphed" else None

        def step() -> Tensor:
            loss = gradients(shown, labels) if graph is None else graph(gradients, shown, labels)
            optimizer.step()
            return loss

        for _ in range(WARM_UP_STEPS if graph is not None else 0):
            step()
        loss = step().item()
        return Variant(label, step, perf_counter() - start, peak_mib(device), loss)

    yield variant("plain")
    yield variant("ours")
    if compiled:
        yield variant("compiled")
    if options.graphs and device.type == "cuda":
        yield variant("graphed")


def measure(name: str, options: argparse.Namespace, device: torch.device, compiled: bool) -> dict[str, Any]:
    """Turns of one step each, plain, ours, compiled, plain...; then one profiled step of each."""
    found = list(variants(name, options, device, compiled))
    for _ in range(options.steps):
        for each in found:
            start = perf_counter()
            each.step()
            synchronise(device)
            each.seconds.append(perf_counter() - start)
    for each in found if options.profile else ():
        each.outside = outside_kernels(each.step, device)
    rates = {each.name: options.batch / median(each.seconds) for each in found}
    row: dict[str, Any] = {
        each.name: {
            "images_per_second": round(rates[each.name], 2),
            "speed_up": round(rates[each.name] / rates["plain"], 3),
            "step_seconds": [round(second, 4) for second in each.seconds],
            "first_step_seconds": round(each.first_step_seconds, 2),
            "peak_mib": round(each.peak_mib),
            "first_loss": each.loss,
            **({"share_outside_kernels": round(each.outside, 4)} if options.profile else {}),
        }
        for each in found
    }
    if compiled:
        gained = 1 / rates["ours"] - 1 / rates["compiled"]  # seconds an image
        spent = found[2].first_step_seconds - found[1].first_step_seconds
        row["compiled"]["pays_after_images"] = round(spent / gained) if gained > 0 else None
    return row


def outside_kernels(step: Callable[[], Tensor], device: torch.device) -> float:
    """The share of a step's time in which no kernel runs."""
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    with quiet_stderr(), profile(activities=activities) as found:
        synchronise(device)
        start = perf_counter()
        step()
        synchronise(device)
        seconds = perf_counter() - start
    rows = found.key_averages()
    if device.type == "cuda":
        inside = sum(row.self_device_time_total for row in rows)  # one stream: kernels do not overlap
    else:
        inside = sum(row.self_cpu_time_total for row in rows if is_kernel(row.key))
    return max(0.0, 1.0 - inside / 1e6 / seconds)


def is_kernel(name: str) -> bool:
    """ATen's operators, compiled kernels and the optimiser's loop; not autograd's, Python's and dynamo's own."""
    return (name.startswith("aten::") and not NO_KERNELS.match(name)) or "cpp_fused" in name


def warm_up(device: torch.device) -> None:
    """What a process does once, at its first training, is no part of the time to the first step of a network."""
    network = SPACE.build_published("nasnet-a", Size(1, 2, skeleton="cifar"), TASK).to(device)
    torch.optim.SGD(network.parameters(), 0.01).zero_grad()
    network(torch.zeros(2, 3, 8, 8, device=device)).sum().backward()


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def reset_peak(device: torch.device) -> None:
    """On Linux the kernel forgets the process's peak when told 5; memory that glibc keeps goes back first."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib(device: torch.device) -> float:
    """Since `reset_peak`; NaN where it cannot be told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    if sys.platform != "linux":
        return float("nan")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """The profiler's library writes of GPUs it does not find."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def summary(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Speed-ups of NASNet-A, and of the sampled cells their median, least and greatest."""
    found: dict[str, Any] = {}
    for label in ("ours", "compiled", "graphed"):
        cells = sorted(row[label]["speed_up"] for name, row in rows.items() if name != "nasnet-a" and label in row)
        known = {"nasnet-a": rows["nasnet-a"][label]["speed_up"]} if label in rows.get("nasnet-a", {}) else {}
        if cells:
            known |= {
                "cells": len(cells),
                "cells_median": round(median(cells), 3),
                "cells_range": [cells[0], cells[-1]],
            }
        found[label] = known
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument("--cells", type=int, default=20, help="sampled cells, numbered by their seeds")
    parser.add_argument("--first-cell", type=int, default=0)
    parser.add_argument("--no-nasnet-a", action="store_true")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each definition")
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--num-cells", type=int, default=2)
    parser.add_argument("--filters", type=int, default=24)
    parser.add_argument("--compile", type=int, default=1, metavar="K", help="compile the first K networks too")
    parser.add_argument("--graphs", action="store_true", help="on CUDA, the step as a CUDA graph too")
    parser.add_argument("--float32", action="store_true", help="on CUDA, ours in float32 too")
    parser.add_argument("--no-profile", dest="profile", action="store_false")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--add", action="store_true", help="keep the networks that the output has")
    options = parser.parse_args()
    device = resolve_device(options.device)
    torch.set_num_threads(options.threads)
    output = options.output or RESULTS / f"child_throughput_{device.type}.json"
    settings = {key: getattr(options, key) for key in ("batch", "num_cells", "filters", "threads", "steps", "float32")}
    rows: dict[str, dict[str, Any]] = {}
    if options.add and output.exists():
        rows = json.loads(output.read_text())["rows"]
    names = ([] if options.no_nasnet_a else ["nasnet-a"]) + [
        f"cell {options.first_cell + i}" for i in range(options.cells)
    ]
    warm_up(device)
    record = {**provenance(["benchmarks/child_throughput.py", *sys.argv[1:]])}
    for index, name in enumerate(names):
        load = os.getloadavg()[0]
        measured = measure(name, options, device, index < options.compile)
        rows[name] = {**measured, "settings": settings, "load_average": round(load, 1)}
        parts = (f"{label} {row['images_per_second']:.1f}/s x{row['speed_up']:.2f}" for label, row in measured.items())
        print(f"{name:10}", "  ".join(parts), flush=True)
        output.write_text(json.dumps({**record, "summary": summary(rows), "rows": rows}, indent=1) + "\n")
    print(json.dumps(summary(rows), indent=1))


if __name__ == "__main__":
    main()

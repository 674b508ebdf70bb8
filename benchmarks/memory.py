"""The memory of a training step and of an inference, counted (`train/memory`) and measured on the CPU.

    python benchmarks/memory.py                    all networks, each in a process of its own; results/memory.json
    python benchmarks/memory.py MODEL BATCH_SIZE   one measurement, as JSON

Measured is what PyTorch's allocator hands out (the sum of the memory events of torch.profiler, oneDNN's copies among
them), and what the process holds: VmHWM of /proc/self/status, which a write to clear_refs resets before the step, less
what it held before the network was built. Blocks from 64 KiB on are mapped one by one, so that the process gives them
back (MALLOC_MMAP_THRESHOLD_); otherwise it would hold what it has freed.
"""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

MODELS = ("zoo:resnet50", "space:nasnet:nasnet-a", "zoo:efficientnet_b0", "zoo:vit_b_16")
BATCH_SIZES = (2, 8)
RESULTS = Path(__file__).parent / "results" / "memory.json"


def measure(model: str, batch_size: int) -> dict[str, Any]:
    """Counted and measured bytes of one network at one batch size, in this process."""
    import torch

    from nasbench.blank import blank
    from nasbench.core.recipe import Recipe
    from nasbench.engine.config import ModelOverrides
    from nasbench.engine.parts.models import build, resolve
    from nasbench.train.freezing import NOTHING
    from nasbench.train.memory import memory
    from nasbench.train.replicas import ALONE
    from nasbench.train.training import Training

    torch.set_num_threads(1)
    recipe = Recipe("momentum", 1, 1, batch_size, 0.01)
    mobile = ModelOverrides("4@1056", image_size=224, classes=1000)
    spec = resolve(model, mobile if model.startswith("space:") else ModelOverrides())
    task = spec.seen_task
    with blank():
        counted = memory(build(spec), task, recipe, batch_size)
    small = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Flatten(), torch.nn.LazyLinear(2))
    small(torch.rand(2, 3, 16, 16)).sum().backward()  # libraries that load when they are used first
    gc.collect()
    base = _status("VmRSS")
    network = build(spec)
    images = torch.rand(batch_size, task.channels, task.image_size, task.image_size)
    labels = torch.randint(task.num_classes, (batch_size,))
    network.eval()
    with torch.no_grad():
        network(images[:1])
    inference = _peak(lambda: _infer(network, images)) - base
    training = Training.start(network.train(), recipe, torch.device("cpu"), NOTHING, ALONE)
    training._step(images, labels, 0)
    held = counted.parameters + counted.optimizer + counted.images  # gradients are made anew in the step
    step = _peak(lambda: training._step(images, labels, 1)) - base
    with torch.profiler.profile(profile_memory=True, activities=[torch.profiler.ProfilerActivity.CPU]) as profiled:
        training._step(images, labels, 2)
    events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    live = most = 0
    for event in sorted(events, key=lambda each: each.start_ns()):
        live += event.nbytes()
        most = max(most, live)
    return {
        "model": model,
        "batch_size": batch_size,
        "counted": counted.to_json(),
        "allocator_training": held + most,
        "process_training": step,
        "process_inference": inference,
        "torch": torch.__version__,
    }


def _infer(network: Any, images: Any) -> None:
    import torch

    with torch.no_grad():
        network.eval()(images)


def _peak(work: Any) -> int:
    """The most that the process held while it worked, in bytes."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    work()
    return _status("VmHWM")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    rows = []
    for model in MODELS:
        for batch_size in BATCH_SIZES:
            command = [sys.executable, __file__, model, str(batch_size)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout))
            counted = rows[-1]["counted"]
            for what in ("training", "inference"):
                measured = rows[-1][f"process_{what}"]
                print(
                    f"{model} {batch_size} {what}: counted {counted[what] / 1e6:.0f} MB, process "
                    f"{measured / 1e6:.0f} MB ({100 * counted[what] / measured - 100:+.1f} %)"
                )
            print(f"  allocator {rows[-1]['allocator_training'] / 1e6:.0f} MB")
            RESULTS.write_text(json.dumps({"threads": 1, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

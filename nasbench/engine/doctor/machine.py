"""What this machine has: cores, memory, devices, and the limits that its operating system sets."""

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.engine.doctor.finding import Finding, State, gibibytes
from nasbench.engine.doctor.mps import mps
from nasbench.executors.process import num_cores

AREA = "machine"
LEAST_MEMORY = 512 * 2**20
LITTLE_MEMORY = 2 * 2**30
"""A process that trains takes about 700 MiB with what it imports, and Ray's own processes take as much together."""
LEAST_FILES, FEW_FILES = 512, 4096
"""Ray holds a few hundred open files in the driver, and more with each worker."""
LEAST_SHARED, LITTLE_SHARED = 64 * 2**20, 2**30
"""Docker gives 64 MiB where nothing is said; Ray's store asks for 200 MiB, and loader processes for some of their own.
"""
SHARED = Path("/dev/shm")
LITTLE_DEVICE_MEMORY = 2 * 2**30


def machine(device: str) -> Iterator[Finding]:
    """Cores, memory, shared memory, open files, processes."""
    cores = num_cores()
    free, total = memory()
    if total is None or free is None:
        yield Finding(AREA, "processors", "ok", f"{quantity(cores, 'core')}; memory not told by this system")
    else:
        told = f"{quantity(cores, 'core')}, {gibibytes(total)} of memory, {gibibytes(free)} free"
        state: State = "broken" if free < LEAST_MEMORY else "note" if free < LITTLE_MEMORY else "ok"
        remedy = "End other programs, use fewer --workers (about 1 GiB each), or take a larger machine or container."
        yield Finding(AREA, "processors", state, told, "" if state == "ok" else remedy)
    yield from devices(device)
    yield from limits()


def memory() -> tuple[int | None, int | None]:
    """(free, total) bytes that this process may use, the limit of its container included; None where not told."""
    free = total = None
    with suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        fields = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        free, total = fields.get("MemAvailable"), fields.get("MemTotal")
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # not there, or 'max'
            most = int(Path(limit).read_text())
            if total is not None and free is not None and most < total:
                total, free = most, min(free, max(0, most - int(Path(used).read_text())))
    return free, total


def devices(asked: str) -> Iterator[Finding]:
    """The device that trainings would take, and every GPU. `asked` is what --device says."""
    try:
        import torch

        from nasbench.train.device import describe_device, resolve_device
    except Exception as error:  # a library that it links to is missing, a build for another machine
        remedy = "Install PyTorch for this machine anew: https://pytorch.org/get-started/locally"
        yield Finding(AREA, "PyTorch", "broken", f"torch cannot be imported ({error})", remedy)
        return
    try:
        taken = resolve_device(asked)
    except UsageError as error:
        yield Finding(
            AREA, "device", "broken", str(error), "Take --device auto or cpu, or mend the driver (nvidia-smi)."
        )
    else:
        yield Finding(AREA, "device", "ok", f"--device {asked} is {describe_device(taken)}")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        yield _gpu(index)
    yield from mps(count)
    if count == 0 and (kind := _driver()) is not None:
        built = "" if torch.backends.cuda.is_built() else f": PyTorch {torch.__version__} is built without CUDA"
        hidden = " (CUDA_VISIBLE_DEVICES is empty)" if os.environ.get("CUDA_VISIBLE_DEVICES") == "" else ""
        remedy = "Install a PyTorch build for CUDA that fits the driver (nvidia-smi names the newest it takes)."
        state: State = "note" if hidden else "broken"
        told = f"there is {kind}, and PyTorch sees no GPU{built}{hidden}"
        yield Finding(AREA, "GPU", state, told, "Unset it to use the GPUs." if hidden else remedy)


def _gpu(index: int) -> Finding:
    import torch

    name = f"cuda:{index}"
    try:
        free, total = torch.cuda.mem_get_info(index)
        kind = torch.cuda.get_device_name(index)
    except Exception as error:
        remedy = "Look at nvidia-smi: another process may hold it alone, or the driver needs to be loaded anew."
        return Finding(AREA, name, "broken", f"cannot be used ({str(error).splitlines()[0]})", remedy)
    told = f"{kind}, {gibibytes(total)}, {gibibytes(free)} free"
    if free < LITTLE_DEVICE_MEMORY:
        return Finding(
            AREA, name, "note", told, "Another process holds its memory (nvidia-smi): trials may run out of it."
        )
    return Finding(AREA, name, "ok", told)


def _driver() -> str | None:
    """What says that this machine has a GPU of NVIDIA, whatever PyTorch sees; None where nothing does."""
    if Path("/dev/nvidia0").exists():
        return "an NVIDIA device (/dev/nvidia0)"
    return "an NVIDIA driver" if Path("/proc/driver/nvidia/version").exists() else None


def limits() -> Iterator[Finding]:
    """Open files and processes a user may have, and the memory that processes share."""
    area = "limits"
    state: State
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    remedy = (
        "Raise it: ulimit -n 65536 (for good: /etc/security/limits.conf, LimitNOFILE of systemd, or Docker's --ulimit)."
    )
    if files == resource.RLIM_INFINITY or files >= FEW_FILES:
        yield Finding(area, "open files", "ok", "no limit" if files == resource.RLIM_INFINITY else f"{files:,}")
    else:
        state = "broken" if files < LEAST_FILES else "note"
        yield Finding(area, "open files", state, f"{files:,}; Ray workers need more", remedy)
    size = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if size != resource.RLIM_INFINITY:
        remedy = "Raise it: ulimit -f unlimited."
        state = "broken" if size < 100 * 2**20 else "note"
        yield Finding(area, "file size", state, f"no file may be larger than {gibibytes(size)}", remedy)
    if SHARED.is_dir():
        yield _shared()


def _shared() -> Finding:
    area, name = "limits", str(SHARED)
    remedy = "Mount it larger: docker run --shm-size=2g; in Kubernetes an emptyDir with medium: Memory."
    if not os.access(SHARED, os.W_OK):
        return Finding(
            area, name, "broken", "cannot be written to", f"Allow this user to write there: chmod 1777 {SHARED}"
        )
    free = shutil.disk_usage(SHARED).free
    told = f"{gibibytes(free)} free"
    if free >= LITTLE_SHARED:
        return Finding(area, name, "ok", told)
    more = "Ray takes /tmp instead, more slowly, and loader processes may die"
    return Finding(area, name, "broken" if free <= LEAST_SHARED else "note", f"{told}: {more}", remedy)

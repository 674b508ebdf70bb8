"""Devices by the names that users give, and contexts that restore random generators and threads afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError, unknown

DEVICES = ("auto", "cpu", "cuda", "mps")


def resolve_device(name: str) -> torch.device:
    """'auto' is the current CUDA device, else Apple's GPU, else the CPU. UsageError if the device is not available."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise unknown("device", name, DEVICES)
    if kind == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        there = ", ".join(["cpu"] + ["cuda"] * cuda + ["mps"] * mps)
        without = kind == "cuda" and not torch.backends.cuda.is_built()
        built = f" PyTorch {torch.__version__} is built without CUDA." if without else ""
        raise UsageError(
            f"device {name!r} is not there.{built} There are: {there}. Use --device auto, or mend the driver."
        )
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """One line for people, such as 'cuda:0 (NVIDIA H200, 139.8 GiB)' or 'cpu (2 threads)'."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        index = torch.cuda.current_device() if device.index is None else device.index
        return f"cuda:{index} ({properties.name}, {properties.total_memory / 2**30:.1f} GiB)"
    if device.type == "cpu":
        return f"cpu ({quantity(torch.get_num_threads(), 'thread')})"
    return str(device)


@contextmanager
def isolated_rng(device: torch.device, seed: int) -> Iterator[None]:
    """A context in which PyTorch's global generators of the CPU and of `device` start from `seed`.

    Afterwards they have the state from before. It is needed because the initialisation of layers, dropout and drop path
    draw from the global generators.
    """
    states = generator_states(device)
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
    try:
        yield
    finally:
        set_generator_states(device, states)


def generator_states(device: torch.device) -> list[torch.Tensor]:
    """The states of PyTorch's global generators: of the CPU, and of `device` if it is another."""
    if device.type == "cuda":
        return [torch.get_rng_state(), torch.cuda.get_rng_state(device)]
    return [torch.get_rng_state(), *([torch.mps.get_rng_state()] if device.type == "mps" else [])]


def set_generator_states(device: torch.device, states: Sequence[torch.Tensor]) -> None:
    """Gives them the states that `generator_states` returned."""
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states[1])


SMALL_STEP_MACS = 2_000_000_000
"""Multiply-adds of a batch's forward pass up to which one thread is faster than two.

A step of a NASNet child runs thousands of kernels, and the threads wait for each other at the end of each. Measured on
two cores: 0.6 G a step took 4.3 s with one thread and 8.2 s with two; 7.4 G a step took 24 s and 16 s.
"""


@contextmanager
def fitting_threads(device: torch.device, macs_per_step: int) -> Iterator[None]:
    """A context in which PyTorch uses one thread if the device is the CPU and a step is small (SMALL_STEP_MACS).

    Otherwise the number of threads stays as it is.
    """
    threads = torch.get_num_threads()
    if device.type == "cpu" and macs_per_step <= SMALL_STEP_MACS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

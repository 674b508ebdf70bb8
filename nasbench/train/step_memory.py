"""What a training step needs of memory, and what a device has.

The needs are counted on a network without numbers: the tensors that its forward pass keeps for the backward pass, and
weights, gradients and the optimiser's state. What kernels need in passing is not counted; a margin stands for it.
"""

import os
from pathlib import Path

import torch
from torch import Tensor, nn

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Task
from nasbench.live_bytes import bytes_of
from nasbench.train.compiled import parts_of
from nasbench.train.faults import trial_boundary

MARGIN = 1.3
"""What a step takes, as a multiple of the activations that are counted."""

USED = 0.8
"""The share of free memory that a step may take."""

COUNTED_IMAGES = 4


def parts_that_fit(network: nn.Module, task: Task, recipe: Recipe, batch: int, free: int, checkpointed: bool) -> int:
    """The smallest divisor of `batch` by which a batch of one process is computed in parts that fit into `free` bytes.

    The network must be on the meta device; `task` gives the shape of its images. UsageError if one image does not fit.
    """
    weights = sum(p.numel() * p.element_size() for p in network.parameters())
    copies = 2 + (recipe.momentum > 0) + (recipe.optimizer in ("adamw", "rmsprop")) + (recipe.ema_decay is not None)
    with trial_boundary("counting what a training step keeps"):
        each = MARGIN * activation_bytes(network, task, checkpointed)
    room = USED * free - copies * weights
    if each > room:
        raise UsageError(
            f"one image of {task.image_size} pixels needs {_gib(each + copies * weights)} for a training step, weights "
            f"included, and {_gib(USED * free)} may be used. Take fewer pixels, --checkpoint-activations, or a "
            "smaller network."
        )
    return next(parts for parts in range(1, batch + 1) if batch % parts == 0 and batch // parts * each <= room)


def activation_bytes(network: nn.Module, task: Task, checkpointed: bool = False) -> float:
    """Bytes that the forward pass of a training step keeps for each image, in float32.

    If the repeated parts are `checkpointed`, their inputs and what the largest of them keeps. The network must be on
    the meta device; its mode is restored.
    """
    parts = {id(part) for part in parts_of(network)} if checkpointed else set()
    own = {_storage(each) for each in network.parameters()}
    outside, inside = dict[int, Tensor](), list[dict[int, Tensor]]()
    inputs, current = 0, [outside]

    def keep(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in own:
            current[-1][_storage(tensor)] = tensor  # held, so that no other tensor takes its place
        return tensor

    def enter(_: nn.Module, given: tuple[object, ...]) -> None:
        nonlocal inputs
        inputs += sum(bytes_of([each]) for each in given if isinstance(each, Tensor))
        inside.append({})
        current.append(inside[-1])

    def leave(_module: nn.Module, _given: object, _result: object) -> None:
        current.pop()

    hooks = []
    for module in network.modules():
        if id(module) in parts:
            hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    was_training = network.training
    images = torch.empty(COUNTED_IMAGES, task.channels, task.image_size, task.image_size, device="meta")
    try:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            network.train()(images)
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    most = max((bytes_of(part.values()) for part in inside), default=0)
    return (bytes_of(outside.values()) + inputs + most) / COUNTED_IMAGES


def free_bytes(device: torch.device) -> int:
    """Memory that is free on a GPU, or on this machine: at most what its control group and its limits leave."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    text = Path("/proc/meminfo").read_text() if os.path.exists("/proc/meminfo") else ""
    told = [int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("MemAvailable:")]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([*told, pages, *_group_leaves()])


def _group_leaves() -> list[int]:
    """What the control group of this process may still take, if it has a limit."""
    folder = Path("/sys/fs/cgroup")
    try:
        most, used = ((folder / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return [] if most == "max" else [max(0, int(most) - int(used))]
    except (OSError, ValueError):
        return []


def _storage(tensor: Tensor) -> int:
    """What tells one piece of memory from another, views of it included."""
    return int(tensor.untyped_storage()._cdata)


def _gib(count: float) -> str:
    return f"{count / 2**30:.2f} GiB"

"""The contract suite of models of one's own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nasbench.core.options import call_with_options
from nasbench.core.spec import Task, task_record
from nasbench.testing.conditions import require
from nasbench.testing.networks import dead_parameters, require_evaluation_logits

if TYPE_CHECKING:
    from torch import nn


def check_model(model: Callable[..., "nn.Module"], task: Task | None = None) -> None:
    """That `nasbench train` can train what `model` makes for `task` (else CIFAR-10's).

    `model` is a class or function as it is registered: its parameters name what they need of `task` and the task's
    fields. The suite checks that

    - the logits have the right shape and are finite;
    - a gradient reaches every parameter;
    - weights depend on PyTorch's global generator alone, so that a seed fixes them;
    - a saved state_dict restores the network;
    - in evaluation mode it takes a single image and is deterministic.
    """
    import torch

    task = task or Task()
    what = getattr(model, "__qualname__", repr(model))

    def build() -> "nn.Module":
        made = call_with_options(model, f"model {what!r}", {}, offered={"task": task, **task_record(task)})
        require(isinstance(made, torch.nn.Module), f"{what} made {type(made).__name__}, no torch.nn.Module")
        network: nn.Module = made
        return network

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = build()
        torch.manual_seed(0)
        again = build()
        _require_equal_state(first, again, f"two networks built under one seed differ: {what}")
        require(any(p.requires_grad for p in first.parameters()), f"there is no parameter to train: {what}")

        dead = dead_parameters(build, task, task.image_size, what)
        require(not dead, f"dead parameters, which no gradient reaches: {dead} in {what}")

        other = build()
        other.load_state_dict(first.state_dict())
        _require_equal_state(first, other, f"a saved state_dict does not restore the network: {what}")
        require_evaluation_logits(first, task, task.image_size, what)


def _require_equal_state(first: "nn.Module", second: "nn.Module", message: str) -> None:
    import torch

    mine, others = first.state_dict(), second.state_dict()
    names = [name for name in mine if name not in others or not torch.equal(mine[name], others[name])]
    require(not names and mine.keys() == others.keys(), f"{message} ({', '.join(names[:3])})")

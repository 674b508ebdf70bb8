"""What the suites of spaces and of models check of a network."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nasbench.core.spec import Task
from nasbench.testing.conditions import require

if TYPE_CHECKING:
    from torch import nn

BATCH = 8
ATTEMPTS = 4
"""A ReLU may be closed for one batch, or for one draw of the weights. Only what stays dead in all attempts is dead."""


def dead_parameters(build: Callable[[], "nn.Module"], task: Task, pixels: int, what: str) -> list[str]:
    """Names of the parameters that no gradient reaches. AssertionError for logits of a wrong shape or not finite.

    `pixels` is the side of the images; `what` stands for the network in messages.
    """
    import torch

    model = build()
    dead = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    for attempt in range(ATTEMPTS):
        if attempt > 1:
            model = build()
        outputs = model.train()(torch.randn(BATCH, task.channels, pixels, pixels))
        heads = outputs if isinstance(outputs, tuple) else (outputs,)
        for logits in heads:
            require(isinstance(logits, torch.Tensor), f"the network returns {type(logits).__name__}, no tensor: {what}")
            require(
                logits.shape == (BATCH, task.num_classes),
                f"logits of shape {tuple(logits.shape)}, not {(BATCH, task.num_classes)}: {what}",
            )
            require(bool(logits.isfinite().all()), f"logits that are not finite: {what}")
        model.zero_grad()
        labels = torch.randint(task.num_classes, (BATCH,))
        torch.stack([torch.nn.functional.cross_entropy(logits, labels) for logits in heads]).sum().backward()
        dead -= {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
        if not dead:
            break
    return sorted(dead)


def require_evaluation_logits(model: "nn.Module", task: Task, pixels: int, what: str) -> None:
    """AssertionError unless a network in evaluation mode gives one tensor of logits, for a single image too, and the
    same again.
    """
    import torch

    with torch.no_grad():
        image = torch.randn(1, task.channels, pixels, pixels)
        logits = model.eval()(image)
        right = isinstance(logits, torch.Tensor) and logits.shape == (1, task.num_classes)
        require(right, f"in evaluation mode a model returns logits of shape {(1, task.num_classes)}: {what}")
        again = model(image)
    require(torch.equal(again, logits), f"in evaluation mode two passes of one image give different logits: {what}")

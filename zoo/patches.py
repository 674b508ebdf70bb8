"""What networks on square patches share: their size on small images, and the check that patches tile the image."""

from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from zoo.library import is_small

SMALL_PATCH = 4
"""Side in pixels of patches of small images."""


def patch_for(name: str, task: Task, patch: int) -> int:
    """The published patch side, or 4 up to 64 px. UsageError where patches do not tile the image."""
    side = SMALL_PATCH if is_small(task) else patch
    if task.image_size % side:
        below = task.image_size // side * side
        near = f"{below} or {below + side}" if below else str(side)
        raise UsageError(
            f"{name} cuts the image into patches of {side} px; {task.image_size} is no multiple of that. Nearest: "
            f"{near} px"
        )
    return side

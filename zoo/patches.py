"""The patch size of networks on square patches, the check that the patches tile the image, and how they are scaled."""

from functools import partial

from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from zoo.library import is_small
from zoo.registry import Scaler, Scaling

SMALL_PATCH = 4
"""Side in pixels of the patches of small images."""

MIXER_ROUNDS = (
    "blocks up; hidden width to multiples of 8; pixels to a multiple of the patch; layers that mix places are built "
    "for the resolution"
)


def patch_side(task: Task, patch: int) -> int:
    """The published patch side `patch`, or 4 for small images."""
    return SMALL_PATCH if is_small(task) else patch


def patch_for(name: str, task: Task, patch: int) -> int:
    """The published patch side `patch`, or 4 for images of up to 64 px.

    Raises UsageError if it does not divide the image size.
    """
    side = patch_side(task, patch)
    if task.image_size % side:
        below = task.image_size // side * side
        near = f"{below} or {below + side}" if below else str(side)
        raise UsageError(
            f"{name} cuts the image into patches of {side} px; {task.image_size} is no multiple of that. "
            f"Nearest: {near} px"
        )
    return side


def on_patches(build: Scaler, patch: int, rounds: str = MIXER_ROUNDS) -> Scaling:
    """How a network that is built for its number of patches is scaled: the resolution is a multiple of their side."""
    return Scaling(build, rounds, built_for=True, pixel_step=partial(patch_side, patch=patch))

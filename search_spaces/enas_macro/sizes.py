"""Converts a size and a task to the arguments that build a network, and checks that the size can be built."""

from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.spec import Size, Task, pixels_of
from search_spaces.enas_macro.arc import NUM_STAGES

FORMS = {"cifar": "search", "final": "final"}
"""Skeleton -> the form of the network."""
SMALLEST_IMAGE = 2 ** (NUM_STAGES - 2) + 1
"""Each halving of the image needs two pixels a side."""


def arguments(size: Size, task: Task) -> dict[str, Any]:
    """The arguments of `network.macro` that are the same for all arcs. Raises UsageError for what cannot be built."""
    if size.skeleton not in FORMS:
        raise UsageError(
            "networks of space 'enas-macro' have the skeleton cifar (the form that is searched: skips are added) or "
            "final (the form in which a found architecture is trained: skips are concatenated, and filters double "
            f"where the image is halved); got {size.skeleton!r}. Give --skeleton cifar or --skeleton final."
        )
    if size.aux_head:
        raise UsageError("networks of space 'enas-macro' have no auxiliary head. Leave --aux-head out.")
    if size.depth < 1 or size.depth != int(size.depth):
        raise UsageError(
            "N, how often each layer applies its operation, is a whole number from 1 on; got "
            f"{size.depth:g}. Give --cells {max(1, round(size.depth))}."
        )
    if size.width < 2 or size.width % 2:
        raise UsageError(
            "F, the filters of the first layers, is an even number from 2 on (a factorized reduction halves it); got "
            f"{size.width:g}. The nearest is --filters {max(2, 2 * round(size.width / 2))}."
        )
    pixels = pixels_of(size, task)
    if pixels < SMALLEST_IMAGE:
        raise UsageError(
            f"images of {pixels} pixels are too small for space 'enas-macro', which halves them twice. Give "
            f"--image-size {SMALLEST_IMAGE} or more."
        )
    return {
        "form": FORMS[size.skeleton],
        "num_repeats": int(size.depth),
        "filters": int(size.width),
        "num_classes": task.num_classes,
        "channels": task.channels,
    }

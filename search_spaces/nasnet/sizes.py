"""Converts a size and a task to the arguments that build a network, and checks that the size can be built."""

import re
from itertools import count
from typing import Any, Literal

from nasbench.core.errors import UsageError, unknown
from nasbench.core.spec import Size, Task, pixels_of
from search_spaces.nasnet.genotype import Genotype

Rules = Literal["nasnet", "amoebanet", "enas", "darts"]
SKELETONS = ("cifar", "imagenet")
SMALLEST_FILTERS = {"cifar": 2, "imagenet": 8}
"""A factorized reduction halves F on the CIFAR skeleton. On the ImageNet skeleton, the first stem cell halves F / 4."""
SMALLEST_AUX_INPUT = 5
"""The auxiliary head starts with a 5x5 pooling without padding."""
LARGE_FILTERS = 64
"""From this F on, a NASNet on the ImageNet skeleton has slim's large form. slim defines a large network (F = 168) and a
mobile one (F = 44).
"""


def arguments(genotype: Genotype, rules: Rules, size: Size, task: Task) -> dict[str, Any]:
    """The arguments of `network.nasnet`, `enas.enas` or `darts.darts`.

    Raises UsageError if the network cannot be built; the message names the nearest size that can.
    """
    return {
        "normal": (tuple(tuple(block) for block in genotype.normal.blocks), genotype.normal.outputs),
        "reduce": (tuple(tuple(block) for block in genotype.reduce.blocks), genotype.reduce.outputs),
        **skeleton_arguments(rules, size, task),
    }


def skeleton_arguments(rules: Rules, size: Size, task: Task) -> dict[str, Any]:
    """The arguments that are the same for all genotypes. Raises UsageError as `arguments` does."""
    num_cells, filters = _cells_and_filters(size)
    pixels = pixels_of(size, task)
    _check_image(size.skeleton, rules, pixels)
    found: dict[str, Any] = {
        "num_cells": num_cells,
        "filters": filters,
        "num_classes": task.num_classes,
        "channels": task.channels,
    }
    if size.skeleton == "imagenet":
        large = rules == "nasnet" and filters >= LARGE_FILTERS
        found["imagenet_stem"] = filters // 2 if rules == "darts" else 96 if large else 32
        if large:
            found["skip_reduction_input"] = True
    if size.aux_head:
        found["aux_side"] = _aux_side(size.skeleton, rules, pixels)
    return found


def filters_for(stack: str, skeleton: str, outputs: int = 6) -> tuple[int, int]:
    """'N@P' -> (N, F), where P is the number of channels before the classifier, 4 x `outputs` x F.

    `outputs` is the number of output states of a normal cell; it is 6 for NASNet-A, so P = 24 F. F is rounded to the
    nearest multiple of 4 on the ImageNet skeleton, whose first stem cell has F / 4 filters, and of 2 on the CIFAR
    skeleton.
    """
    _check_skeleton(skeleton)
    match = re.fullmatch(r"\s*(\d+)\s*@\s*(\d+)\s*", stack)
    if match is None or int(match[1]) < 1 or int(match[2]) < 1:
        raise UsageError(
            "a stack is N@P, such as 6@768: N normal cells a stack and P channels before the classifier, "
            f"both from 1 on; got {stack!r}"
        )
    step = 4 if skeleton == "imagenet" else 2
    filters = step * int(int(match[2]) / (4 * outputs * step) + 0.5)
    return int(match[1]), max(SMALLEST_FILTERS[skeleton], filters)


def _cells_and_filters(size: Size) -> tuple[int, int]:
    _check_skeleton(size.skeleton)
    if size.depth < 1 or size.depth != int(size.depth):
        raise UsageError(
            f"N, the normal cells a stack, is a whole number from 1 on; got {size.depth:g}. Give --cells 1 or more."
        )
    least = SMALLEST_FILTERS[size.skeleton]
    if size.width < least or size.width % 2:
        near = max(least, 2 * round(size.width / 2))
        raise UsageError(
            f"F, the filters of the first stack, is an even number from {least} on with the {size.skeleton} skeleton "
            f"(a factorized reduction halves it); got {size.width:g}. The nearest is --filters {near}."
        )
    return int(size.depth), int(size.width)


def _check_skeleton(skeleton: str) -> None:
    if skeleton not in SKELETONS:
        raise unknown("skeleton", skeleton, SKELETONS)


def _sides(skeleton: str, rules: Rules, pixels: int) -> list[int]:
    """The image sides in pixels before each halving with padding, in order, and the last side."""
    unpadded = skeleton == "imagenet" and rules != "darts"  # the first convolution, which halves too
    halvings = 2 if skeleton == "cifar" else 4 if unpadded else 5
    sides = [(pixels - 3) // 2 + 1 if unpadded else pixels]
    for _ in range(halvings):
        sides.append(-(-sides[-1] // 2))
    return sides


def _check_image(skeleton: str, rules: Rules, pixels: int) -> None:
    def fits(side: int) -> bool:
        return min(_sides(skeleton, rules, side)[:-1]) >= 2  # every halving has at least 2 pixels

    if not fits(pixels):
        smallest = next(side for side in count(1) if fits(side))
        hint = " or use --skeleton cifar" if skeleton == "imagenet" else ""
        raise UsageError(
            f"images of {pixels} pixels are too small for the {skeleton} skeleton: it takes {smallest} pixels or more. "
            f"Give --image-size {smallest} or more{hint}."
        )


def _aux_side(skeleton: str, rules: Rules, pixels: int) -> int:
    after = rules in ("enas", "darts")  # the last reduction; the others have the head before it

    def side_of(image: int) -> int:
        return _sides(skeleton, rules, image)[-1 if after else -2]

    if side_of(pixels) < SMALLEST_AUX_INPUT:
        smallest = next(image for image in count(1) if side_of(image) >= SMALLEST_AUX_INPUT)
        raise UsageError(
            f"the auxiliary head does not fit images of {pixels} pixels on the {skeleton} skeleton: "
            f"it needs {smallest} pixels or more. Leave --aux-head out, or give larger images."
        )
    return side_of(pixels)

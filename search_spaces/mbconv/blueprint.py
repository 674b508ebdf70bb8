"""Genes of a mobile network <-> the stages it is built of. Seven stages, each with options of its own (factorised, as
MnasNet's).

Tan et al. 2019, arXiv:1807.11626, section 4.1: each stage decides its operator, kernel, squeeze-and-excite ratio, skip,
width and repeats; within a stage all blocks are alike. Widths and repeats are MobileNetV2's, times {0.75, 1, 1.25}
(rounded to multiples of 8) and {-1, 0, +1}. What is added, so that MnasNet-A1 and B1, EfficientNet-B0 and MobileNetV2
are points of the space: the widths 112 and 192, the expansion of each stage, and its activation (stem and head have the
last one's).
"""

from collections.abc import Mapping

from nasbench.core.arch import Choice, Gene
from nasbench.core.spec import Task
from nasbench.nn.mbconv import ACTIVATIONS, OPERATORS, SKIPS, Blueprint, Stage, round_filters, scaled, small_image
from nasbench.nn.mbconv_published import MOBILENET_V2

SMALL_IMAGE = 64
"""Up to this side in pixels, networks halve the image three times instead of five."""

KERNELS = (3, 5)
EXPANSIONS = (1, 3, 6)
SE_RATIOS = (0.0, 0.25)
WIDTH_FACTORS = (0.75, 1.0, 1.25)
ADDED_WIDTHS = {5: (112,), 6: (192,)}
"""Stage -> the widths of published networks that MobileNetV2's, times a factor, do not come to."""

STEM, HEAD, DROPOUT = MOBILENET_V2.stem, MOBILENET_V2.head, MOBILENET_V2.dropout
STRIDES = tuple(stage.stride for stage in MOBILENET_V2.stages)
"""1, 2, 2, 2, 1, 2, 1: not searched; MnasNets and EfficientNets have the same."""

NUM_STAGES = len(STRIDES)
FIRST_STRIDED = next(index for index, stride in enumerate(STRIDES, start=1) if stride > 1)
"""The stage that keeps the image's side on small images."""


def widths(stage: int) -> tuple[int, ...]:
    """The channels that stage `stage` (from 1) may have, in order."""
    base = MOBILENET_V2.stages[stage - 1].channels
    return tuple(sorted({round_filters(base, factor) for factor in WIDTH_FACTORS} | set(ADDED_WIDTHS.get(stage, ()))))


def repeats(stage: int) -> tuple[int, ...]:
    """The numbers of blocks that stage `stage` (from 1) may have."""
    base = MOBILENET_V2.stages[stage - 1].repeats
    return tuple(count for count in (base - 1, base, base + 1) if count > 0)


def choices() -> tuple[Choice, ...]:
    """The decisions, stage by stage."""
    found: list[Choice] = []
    for stage in range(1, NUM_STAGES + 1):
        options: dict[str, tuple[Gene, ...]] = {
            "operator": OPERATORS,
            "kernel": KERNELS,
            "expansion": EXPANSIONS,
            "se": SE_RATIOS,
            "width": widths(stage),
            "repeats": repeats(stage),
            "skip": SKIPS,
            "activation": tuple(ACTIVATIONS),
        }
        found += [Choice(f"stage_{stage}_{name}", each) for name, each in options.items()]
    return tuple(found)


def blueprint_of(genes: Mapping[str, Gene]) -> Blueprint:
    """The network that valid genes describe, for large images and at multipliers of 1."""
    stages = tuple(_stage(genes, index) for index in range(1, NUM_STAGES + 1))
    return Blueprint(STEM, stages, HEAD, activation=stages[-1].activation, dropout=DROPOUT)


def genes_of(blueprint: Blueprint) -> dict[str, Gene]:
    """The genes of a network of seven stages; they may lie outside the space."""
    genes: dict[str, Gene] = {}
    for index, stage in enumerate(blueprint.stages, start=1):
        prefix = f"stage_{index}_"
        genes |= {
            prefix + "operator": stage.operator,
            prefix + "kernel": stage.kernel,
            prefix + "expansion": int(stage.expansion),
            prefix + "se": stage.se_ratio,
            prefix + "width": stage.channels,
            prefix + "repeats": stage.repeats,
            prefix + "skip": stage.skip,
            prefix + "activation": stage.activation or blueprint.activation,
        }
    return genes


def canonical_genes(genes: Mapping[str, Gene]) -> dict[str, Gene]:
    """The one spelling of the same network (at multipliers of 1): what has no effect takes a fixed option.

    An expansion has none outside mbconv. A skip has none where no block of its stage can have it: an identity needs a
    block of stride 1 that keeps its width, a pool one that does not narrow. The second stage counts as stride 1, which
    it is on small images.
    """
    found = dict(genes)
    c_in = STEM
    for index, stride in enumerate(STRIDES, start=1):
        prefix = f"stage_{index}_"
        width = int(genes[prefix + "width"])
        if genes[prefix + "operator"] != "mbconv":
            found[prefix + "expansion"] = EXPANSIONS[0]
        alone = genes[prefix + "repeats"] == 1
        keeps = c_in == width and (stride == 1 or index == FIRST_STRIDED)
        possible = {"identity": keeps, "pool": width >= c_in, "none": False}
        if alone and not possible[str(genes[prefix + "skip"])]:
            found[prefix + "skip"] = "none"
        c_in = width
    return found


def sized(blueprint: Blueprint, width: float, depth: float, task: Task) -> Blueprint:
    """The network at these multipliers, in the form for the task's image size."""
    found = scaled(blueprint, width, depth)
    return small_image(found) if task.image_size <= SMALL_IMAGE else found


def _stage(genes: Mapping[str, Gene], index: int) -> Stage:
    prefix = f"stage_{index}_"
    return Stage(
        operator=str(genes[prefix + "operator"]),
        kernel=int(genes[prefix + "kernel"]),
        stride=STRIDES[index - 1],
        expansion=float(genes[prefix + "expansion"]),
        channels=int(genes[prefix + "width"]),
        repeats=int(genes[prefix + "repeats"]),
        se_ratio=float(genes[prefix + "se"]),
        skip=str(genes[prefix + "skip"]),
        activation=str(genes[prefix + "activation"]),
    )

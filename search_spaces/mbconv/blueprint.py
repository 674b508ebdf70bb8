"""Conversion between the genes of a mobile network and its seven stages.

The space is factorised as MnasNet's (Tan et al. 2019, arXiv:1807.11626, section 4.1): each stage has its own operator,
kernel, squeeze-and-excite ratio, skip, width and repeats; all blocks of a stage are equal. The widths are MobileNetV2's
times {0.75, 1, 1.25}, rounded to multiples of 8. The repeats are MobileNetV2's plus {-1, 0, +1}.

Three things are added, so that MnasNet-A1 and B1, EfficientNet-B0 and MobileNetV2 are points of the space: the widths
112 and 192, the expansion of each stage, and the activation of each stage. Stem and head have the activation of the
last stage.
"""

from collections.abc import Mapping

from nasbench.core.arch import Choice, Gene
from nasbench.core.spec import Task
from nasbench.nn.mbconv import ACTIVATIONS, OPERATORS, SKIPS, Blueprint, Stage, scaled, small_image
from nasbench.nn.mbconv_published import MOBILENET_V2
from nasbench.nn.rounding import round_filters

SMALL_IMAGE = 64
"""Up to this image size in pixels, networks halve the image three times instead of five."""

KERNELS = (3, 5)
EXPANSIONS = (1, 3, 6)
SE_RATIOS = (0.0, 0.25)
WIDTH_FACTORS = (0.75, 1.0, 1.25)
ADDED_WIDTHS = {5: (112,), 6: (192,)}
"""Stage -> widths of published networks that are not a multiple of MobileNetV2's by one of WIDTH_FACTORS."""

STEM, HEAD, DROPOUT = MOBILENET_V2.stem, MOBILENET_V2.head, MOBILENET_V2.dropout
STRIDES = tuple(stage.stride for stage in MOBILENET_V2.stages)
"""1, 2, 2, 2, 1, 2, 1. They are not searched: MnasNets and EfficientNets have the same strides."""

NUM_STAGES = len(STRIDES)
FIRST_STRIDED = next(index for index, stride in enumerate(STRIDES, start=1) if stride > 1)
"""The first stage with stride 2. On small images its stride is 1."""


def widths(stage: int) -> tuple[int, ...]:
    """The widths (channels) that stage `stage` (counted from 1) may have, sorted."""
    base = MOBILENET_V2.stages[stage - 1].channels
    return tuple(sorted({round_filters(base, factor) for factor in WIDTH_FACTORS} | set(ADDED_WIDTHS.get(stage, ()))))


def repeats(stage: int) -> tuple[int, ...]:
    """The numbers of blocks that stage `stage` (counted from 1) may have."""
    base = MOBILENET_V2.stages[stage - 1].repeats
    return tuple(count for count in (base - 1, base, base + 1) if count > 0)


def choices() -> tuple[Choice, ...]:
    """The decisions, in the order of the stages."""
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
    """The network of valid genes, for large images and with multipliers of 1."""
    stages = tuple(_stage(genes, index) for index in range(1, NUM_STAGES + 1))
    return Blueprint(STEM, stages, HEAD, activation=stages[-1].activation, dropout=DROPOUT)


def genes_of(blueprint: Blueprint) -> dict[str, Gene]:
    """The genes of a network of seven stages. They may be outside the space."""
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
    """The canonical encoding of a network, with multipliers of 1: genes without effect get a fixed option.

    An expansion has an effect only in mbconv. A skip has an effect only if a block of its stage can have it.
    """
    found = dict(genes)
    for index in range(1, NUM_STAGES + 1):
        prefix = f"stage_{index}_"
        if genes[prefix + "operator"] != "mbconv":
            found[prefix + "expansion"] = EXPANSIONS[0]
        if genes[prefix + "skip"] not in possible_skips(genes, index):
            found[prefix + "skip"] = "none"
    return found


def possible_skips(genes: Mapping[str, Gene], index: int) -> tuple[str, ...]:
    """The skips that have an effect in stage `index` (counted from 1), with multipliers of 1.

    If a stage has one block only, an identity needs stride 1 and equal input and output widths, and a pool needs that
    the block does not reduce the width. The second stage counts as stride 1, because that is its stride on small
    images. The later blocks of a stage have stride 1 and equal widths.
    """
    if genes[f"stage_{index}_repeats"] != 1:
        return ("identity", "pool")
    c_in = int(genes[f"stage_{index - 1}_width"]) if index > 1 else STEM
    width = int(genes[f"stage_{index}_width"])
    keeps_shape = c_in == width and (STRIDES[index - 1] == 1 or index == FIRST_STRIDED)
    return ("identity",) * keeps_shape + ("pool",) * (width >= c_in)


def sized(blueprint: Blueprint, width: float, depth: float, task: Task, rounding: str = "") -> Blueprint:
    """The network with these multipliers, with the strides for the task's image size."""
    found = scaled(blueprint, width, depth, rounding)
    return small_image(found) if task.is_small(SMALL_IMAGE) else found


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

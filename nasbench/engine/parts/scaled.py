"""Compound scaling of a model (Tan and Le 2019, arXiv:1905.11946): the scaled specification, its counts, the law, phi
for a budget.

Everything here is pure: networks are built without memory and counted, nothing is computed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from nasbench.core.compound import MOST_PHI, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec
from nasbench.nn.rounding import nearest_multiple

if TYPE_CHECKING:
    from torch import nn

    from nasbench.nn.stage_rows import StageRow

MOST = 32.0
"""No dimension grows further: depth, width and resolution times 32 are 32**5 = 3e7 times the multiply-adds."""
WIDTH_STEPS = {"cifar": 2, "imagenet": 4}
"""Skeleton -> what F, the filters of the first stack, is a multiple of: factorized reductions halve it, stem cells take
a quarter.
"""
SMALLEST_WIDTHS = {"cifar": 2, "imagenet": 8}
LEAST_PHI = -40.0
"""A network that is still too large there does not get smaller: 2**-40 of each dimension is one block or channel."""
PHI_PRECISION = 1e-3
"""A phi that is solved for is exact to this."""


@dataclass(frozen=True)
class Counts:
    """What a network of a specification counts; `stages` None where it has none to tell (networks of cells)."""

    params: int
    macs: int
    stages: tuple["StageRow", ...] | None


@dataclass(frozen=True)
class Difference:
    """What one dimension adds to the multiply-adds: `law` times by the law, `counted` times by counting."""

    dimension: str
    law: float
    counted: float

    @property
    def factor(self) -> float:
        """Counted to law: above 1, rounding (and what the law leaves out) made the network larger."""
        return self.counted / self.law


def compound_scale(base: ModelSpec, multipliers: Multipliers) -> ModelSpec:
    """`base` with its depth, width and resolution multiplied and rounded as the network takes them.

    Pixels go to the nearest whole, or to the multiple that the network or the rounding of the base's size asks for. A
    network of cells has N normal cells a stack, rounded up (to the nearest, if the rounding has a name), and F filters,
    to the nearest multiple that its skeleton allows. Other networks keep the multipliers: their stages are rounded
    where they are built, by the rounding of the base's size. The task stays, and with it the form of the network, for
    small images or for large ones. UsageError for a dimension that grows more than MOST times, and for one that the
    network cannot be scaled in.
    """
    for name, value in vars(multipliers).items():
        if value > MOST:
            raise UsageError(
                f"the {name} would grow {value:.4g} times; nasbench scales each dimension up to {MOST:g} times. Take "
                "less phi, or a smaller multiplier."
            )
    from zoo.scaled import check_resolution, check_scales, pixel_step

    size = base.size
    step = pixel_step(base) if multipliers.resolution != 1 else 1
    pixels = nearest_multiple(base.pixels * multipliers.resolution, step)
    depth, width = _exact(size.depth * multipliers.depth), _exact(size.width * multipliers.width)
    if size.skeleton:
        step, least = WIDTH_STEPS.get(size.skeleton, 2), SMALLEST_WIDTHS.get(size.skeleton, 2)
        depth = max(1, round(depth)) if size.rounding else math.ceil(depth)
        width = max(least, step * math.floor(width / step + 0.5))
        rounding = ""
    else:
        rounding = size.rounding if (depth, width) != (1, 1) else ""
    size = replace(size, depth=depth, width=width, resolution=pixels, rounding=rounding)
    if base.source == "zoo":
        check_scales(str(base.name), size)
        if pixels != base.pixels:
            check_resolution(str(base.name))
    return replace(base, size=size)


@lru_cache(maxsize=64)
def counted(spec: ModelSpec) -> Counts:
    """Counts of the network on the meta device. UsageError where it cannot be built or its images are too small."""
    from nasbench.blank import blank
    from nasbench.nn.stage_rows import Staged
    from nasbench.profile import count

    with blank():
        network = _scaled_form(spec)
    stages = network.stage_rows() if isinstance(network, Staged) else None
    if stages is not None:
        _check_pixels(spec, stages)
    return Counts(*count(network, spec.seen_task), stages)


def differences(base: ModelSpec, multipliers: Multipliers) -> tuple[Difference, ...]:
    """Where counted multiply-adds leave the law, depth * width**2 * resolution**2, dimension by dimension.

    The dimensions are scaled one after another (depth, then width at that depth, then resolution of that network), each
    rounded as it is built, and counted. So the factors multiply up to the whole: counted growth / law. A factor holds
    the rounding of its dimension and the layers that do not grow as the law says (stem, head and classifier are not
    repeated; depthwise filters grow as the width).
    """
    steps = [
        Multipliers(),
        Multipliers(multipliers.depth),
        Multipliers(multipliers.depth, multipliers.width),
        multipliers,
    ]
    laws = (multipliers.depth, multipliers.width**2, multipliers.resolution**2)
    macs = [counted(compound_scale(base, step)).macs for step in steps]
    growth = [after / before for before, after in pairwise(macs)]
    return tuple(Difference(*each) for each in zip(("depth", "width", "resolution"), laws, growth, strict=True))


def solve_phi(
    base: ModelSpec, at: Callable[[float], Multipliers], target: float, measure: "Measure | None" = None
) -> float:
    """The largest phi, to the precision of `measure` (else multiply-adds), at which it is at most `target`.

    What is counted is a staircase of phi, so it seldom meets a target exactly. `at` gives the multipliers of a phi,
    which must not shrink as phi grows. UsageError where the base cannot be made so small or so large.
    """
    measure = MACS if measure is None else measure
    low, high = 0.0, 0.0
    step = 0.5
    asked = f"{measure.flag} {measure.said(target)}"
    while measure.at(base, at, low) > target:
        if low < LEAST_PHI:
            raise UsageError(
                f"{asked} is out of reach: the least, however little phi, is "
                f"{measure.said(measure.at(base, at, low))}. Start from a smaller --base, or scale another dimension."
            )
        high, low, step = low, low - step, step * 1.5
    while measure.at(base, at, high) <= target:
        bounded = high + step > MOST_PHI
        if bounded or max(vars(at(high + step)).values()) > MOST:
            more = (
                "the law grows no further"
                if bounded
                else f"a larger one would scale a dimension more than {MOST:g} times"
            )
            raise UsageError(
                f"{asked} is out of reach: phi {high:g} has {measure.said(measure.at(base, at, high))}, and {more}. "
                f"Start from a larger --base{measure.otherwise}."
            )
        low, high, step = high, high + step, step * 1.5
    while high - low > measure.precision:
        middle = _between(base, at, low, high, target, measure)
        low, high = (middle, high) if measure.at(base, at, middle) <= target else (low, middle)
    try:
        counted(compound_scale(base, at(low)))
    except UsageError as error:
        least = measure.said(measure.at(base, at, high))
        raise UsageError(f"{asked} is out of reach: the least is {least}, at phi {high:.3f}. {error}") from error
    return low


@lru_cache(maxsize=1024)
def quick_macs(spec: ModelSpec) -> int:
    """Multiply-adds as `counted` has them; for networks of stages from their description, which is exact and ten times
    as quick.
    """
    from nasbench.blank import blank
    from nasbench.nn.mbconv import StageNet
    from search_spaces.mbconv.counts import counts

    with blank():
        network = _scaled_form(spec)
    if not isinstance(network, StageNet):
        return counted(spec).macs
    _check_pixels(spec, network.stage_rows())
    return counts(network.blueprint, spec.seen_task)[1]


@dataclass(frozen=True)
class Measure:
    """What a budget is of: a number of a network, which grows as the network does.

    flag       by which the budget is given
    of         the number
    said       it as people read it
    precision  of a phi that is solved for
    otherwise  what else may be done where the largest network is within the budget
    """

    flag: str
    of: Callable[[ModelSpec], float]
    said: Callable[[float], str]
    precision: float = PHI_PRECISION
    otherwise: str = ""

    def at(self, base: ModelSpec, at: Callable[[float], Multipliers], phi: float) -> float:
        """The number at a phi; 0 where images would be too small for the network to be built."""
        try:
            return self.of(compound_scale(base, at(phi)))
        except UsageError:
            if phi >= 0:
                raise
            return 0


MACS = Measure("--target-macs", quick_macs, "{:,}".format)


def _between(
    base: ModelSpec, at: Callable[[float], Multipliers], low: float, high: float, target: float, measure: "Measure"
) -> float:
    """Where a straight line between the logarithms would meet the target, kept off the ends so that both close in."""
    below, above = measure.at(base, at, low), measure.at(base, at, high)
    share = math.log(target / below) / math.log(above / below) if 0 < below < above else 0.5
    return low + (high - low) * min(0.9, max(0.1, share))


def _exact(product: float) -> float:
    """Without the noise of floating point: 2.0000000000000004 repeats would be rounded up to 3."""
    return float(f"{product:.12g}")


def _scaled_form(spec: ModelSpec) -> "nn.Module":
    """The network; for the zoo's scalable ones our own form at 1 and 1 too, which can tell its stages."""
    import zoo
    from nasbench.evaluators.building import build_network
    from zoo.scaled import check_scales, multipliers_of, task_of_zoo

    scaled = zoo.entry(str(spec.name)).scaled if spec.source == "zoo" else None
    if scaled is None:
        return build_network(spec)
    check_scales(str(spec.name), spec.size)
    return scaled(task_of_zoo(spec), *multipliers_of(spec.size))


def _check_pixels(spec: ModelSpec, stages: tuple["StageRow", ...]) -> None:
    """Every stride needs two pixels to halve: a side of more than half the product of all strides."""
    stride = math.prod(row.stride for row in stages)
    smallest = stride // 2 + 1
    if spec.pixels < smallest:
        halvings, own = stride.bit_length() - 1, spec.task.image_size
        raise UsageError(
            f"images of {spec.pixels} px are too small for {spec.name or spec.source}: its strides halve them "
            f"{halvings} times and need {smallest} px or more, {smallest / own:.3g} times its own {own}. Take more phi "
            "(or --resolution), or larger images with --image-size."
        )

"""Tables 3 and 7 of Tan and Le 2019 (arXiv:1905.11946) counted again: our multiply-adds beside the paper's, and why
they differ.

Every row is what `nasbench scale --base B --depth D --width W --resolution R` counts. A row that differs from the paper
by more than 5 % is counted again under other roundings and groupings; of those that leave the base what the paper says
of it, the one that comes nearest to the paper's number is named as the likely cause (the paper prints two digits and
says nothing of rounding).

    python benchmarks/scaling_tables.py            writes docs/scaling_tables.md
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from nasbench.blank import blank
from nasbench.core.compound import Multipliers
from nasbench.core.spec import ModelSpec, Task
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import resolve
from nasbench.engine.parts.scaled import compound_scale, counted
from nasbench.nn.mbconv import Blueprint, StageNet
from nasbench.nn.mbconv_published import EFFICIENTNET_B0, MOBILENET_V1, MOBILENET_V2
from nasbench.nn.rounding import round_filters, round_repeats
from nasbench.profile import count
from zoo.families.resnet import ResNet

RESULT = Path(__file__).resolve().parent.parent / "docs" / "scaling_tables.md"
LISTED = 0.05
"""Differences above this are explained."""
NO_EFFECT = 1e-3
BLUEPRINTS = {"mobilenet_v1": MOBILENET_V1, "mobilenet_v2": MOBILENET_V2, "efficientnet_b0": EFFICIENTNET_B0}


@dataclass(frozen=True)
class Published:
    """A row of the paper: multipliers, multiply-adds in billions (two digits), top-1 accuracy in percent."""

    base: str
    asked: Multipliers
    gmacs: float
    top1: float
    assumed: bool = False


@dataclass(frozen=True)
class Row:
    """The same, counted."""

    published: Published
    pixels: int
    params: int
    gmacs: float

    @property
    def difference(self) -> float:
        return self.gmacs / self.published.gmacs - 1

    @property
    def reads_the_same(self) -> bool:
        """At the digits that the paper prints."""
        return round(self.gmacs, 1) == self.published.gmacs

    @property
    def agrees(self) -> bool:
        return abs(self.difference) <= LISTED or self.reads_the_same


@dataclass(frozen=True)
class Variant:
    """A row counted with one thing done otherwise, and its base counted so too; both in GMACs."""

    changed: str
    gmacs: float
    base: float


COMPOUND = Multipliers(1.4, 1.2, 1.3)
TABLE = (
    Published("mobilenet_v1", Multipliers(), 0.6, 70.6),
    Published("mobilenet_v1", Multipliers(width=2), 2.2, 74.2),
    Published("mobilenet_v1", Multipliers(resolution=2), 2.2, 72.7),
    Published("mobilenet_v1", COMPOUND, 2.3, 75.6),
    Published("mobilenet_v2", Multipliers(), 0.3, 72.0),
    Published("mobilenet_v2", Multipliers(depth=4), 1.2, 76.8),
    Published("mobilenet_v2", Multipliers(width=2), 1.1, 76.4),
    Published("mobilenet_v2", Multipliers(resolution=2), 1.2, 74.8),
    Published("mobilenet_v2", COMPOUND, 1.3, 77.4, assumed=True),
    Published("resnet50", Multipliers(), 4.1, 76.0),
    Published("resnet50", Multipliers(depth=4), 16.2, 78.1),
    Published("resnet50", Multipliers(width=2), 14.7, 77.7),
    Published("resnet50", Multipliers(resolution=2), 16.4, 77.5),
    Published("resnet50", COMPOUND, 16.7, 78.8, assumed=True),
    Published("efficientnet_b0", Multipliers(), 0.4, 77.3),
    Published("efficientnet_b0", Multipliers(depth=4), 1.8, 79.0),
    Published("efficientnet_b0", Multipliers(width=2), 1.8, 78.9),
    Published("efficientnet_b0", Multipliers(resolution=2), 1.9, 79.1),
    Published("efficientnet_b0", COMPOUND, 1.8, 81.1),
)
"""Table 3, and table 7 for EfficientNet-B0. The paper does not print the compound multipliers of MobileNetV2 and
ResNet-50.
"""


def row_of(published: Published) -> Row:
    """What nasbench counts for a row of the paper."""
    scaled = compound_scale(_base(published), published.asked)
    counts = counted(scaled)
    return Row(published, scaled.pixels, counts.params, counts.macs / 1e9)


def explained(row: Row) -> tuple[list[Variant], Variant | None]:
    """(what was tried, the likely cause): nothing, and every change that has an effect.

    A change that would make the base another network than the paper's explains nothing: one counts under one rule.
    """
    unscaled = next(each for each in TABLE if each.base == row.published.base and each.asked == Multipliers())
    plain = row_of(unscaled)
    tried = [Variant("nothing", row.gmacs, plain.gmacs)]
    if row.reads_the_same:
        same = Variant(f"{row.gmacs:.3f} printed with one digit", round(row.gmacs, 1), plain.gmacs)
        return [*tried, same], same
    bases = dict(variants(unscaled))
    for changed, gmacs in variants(row.published):
        if abs(gmacs / row.gmacs - 1) > NO_EFFECT:
            tried.append(Variant(changed, gmacs, bases.get(changed, plain.gmacs)))
    possible = [each for each in tried[1:] if replace(plain, gmacs=each.base).agrees]
    return tried, min(possible, key=lambda each: abs(each.gmacs - row.published.gmacs), default=None)


def variants(published: Published) -> Iterator[tuple[str, float]]:
    """(what is done otherwise, GMACs) for roundings and groupings that the paper may have meant."""
    asked = published.asked
    side = _base(published).pixels
    if asked.resolution not in (1, 2):
        pixels = int(side * asked.resolution) // 32 * 32
        yield f"pixels to the multiple of 32 below, {pixels}", _gmacs(_at(published, asked), pixels)
    if published.base in BLUEPRINTS:
        yield from _stage_variants(BLUEPRINTS[published.base], asked)
    else:
        yield from _resnet_variants(asked)
    alone = [name for name, value in vars(asked).items() if value != 1]
    if len(alone) == 1:
        yield _other_multiplier(published, alone[0])


def _stage_variants(blueprint: Blueprint, asked: Multipliers) -> Iterator[tuple[str, float]]:
    def gmacs(grouped: Blueprint, repeat: Callable[[int, float], int], widen: Callable[[int, float], int]) -> float:
        stages = tuple(
            replace(stage, channels=widen(stage.channels, asked.width), repeats=repeat(stage.repeats, asked.depth))
            for stage in grouped.stages
        )
        head = widen(grouped.head, asked.width) if grouped.head else 0
        made = replace(grouped, stem=widen(grouped.stem, asked.width), stages=stages, head=head)
        with blank():
            network = StageNet(made, Task(1000, 224))
        return _gmacs(network, round(224 * asked.resolution))

    yield "repeats to the nearest instead of up", gmacs(blueprint, _nearest, round_filters)
    yield "channels to the nearest whole number instead of a multiple of 8", gmacs(blueprint, round_repeats, _nearest)
    yield (
        "each stage's first block a stage of its own",
        gmacs(_first_blocks_apart(blueprint), round_repeats, round_filters),
    )


def _resnet_variants(asked: Multipliers) -> Iterator[tuple[str, float]]:
    task, pixels = Task(1000, 224), round(224 * asked.resolution)
    with blank():
        strided = ResNet(task, 50, stride_in_1x1=True, wider=asked.width, deeper=asked.depth)
        bare = ResNet(task, 50, shortcut="A", wider=asked.width, deeper=asked.depth)
        wide = ResNet(task, 50, wider=asked.width)
    yield "stride in the 1x1, as first published", _gmacs(strided, pixels)
    yield "shortcuts without projections", _gmacs(bare, pixels)
    if asked.depth != 1:
        whole, stages = _gmacs(wide, pixels), _stages_gmacs(wide, pixels)
        yield (
            f"multiply-adds of every stage times {asked.depth:g}, its first block with stride and projection too",
            whole + (asked.depth - 1) * stages,
        )


def _other_multiplier(published: Published, dimension: str) -> tuple[str, float]:
    """The multiplier, in steps of 0.1, whose count comes nearest to the paper's: printed as a whole number, it would
    read the same.
    """
    asked = getattr(published.asked, dimension)
    tried = [round(asked + step / 10, 1) for step in range(-4, 5)]
    found = {
        value: counted(compound_scale(_base(published), Multipliers(**{dimension: value}))).macs / 1e9
        for value in tried
        if value != asked
    }
    best = min(found, key=lambda value: abs(found[value] - published.gmacs))
    return f"{dimension} {best:g}, printed as {asked:g}", found[best]


def _base(published: Published) -> ModelSpec:
    return resolve(published.base, ModelOverrides())


def _at(published: Published, asked: Multipliers) -> nn.Module:
    from nasbench.evaluators.building import build_network

    with blank():
        return build_network(compound_scale(_base(published), asked))


def _gmacs(network: nn.Module, pixels: int) -> float:
    return count(network, Task(1000, pixels))[1] / 1e9


def _stages_gmacs(network: ResNet, pixels: int) -> float:
    """Of the residual units alone, without stem and classifier."""
    stem = count(network.stem, Task(1000, pixels))[1]
    head = network.head[2].in_features * network.head[2].out_features
    return _gmacs(network, pixels) - (stem + head) / 1e9


def _nearest(number: int, factor: float) -> int:
    return max(1, round(number * factor))


def _first_blocks_apart(blueprint: Blueprint) -> Blueprint:
    stages = []
    for stage in blueprint.stages:
        stages.append(replace(stage, repeats=1))
        if stage.repeats > 1:
            stages.append(replace(stage, repeats=stage.repeats - 1, stride=1))
    return replace(blueprint, stages=tuple(stages))


def markdown(rows: list[Row]) -> str:
    """The whole page."""
    lines = [
        "# Scaling tables",
        "",
        "Written by `python benchmarks/scaling_tables.py`. Tables 3 and 7 of Tan and Le 2019 (arXiv:1905.11946), "
        "counted again: GMACs are",
        "billions of multiply-adds; top-1 accuracy is the paper's. Each row is",
        "`nasbench scale --base BASE --depth D --width W --resolution R`.",
        "*: the paper does not print these compound multipliers; MobileNetV1's are taken.",
        "",
        "| base | depth | width | resolution | px | params | GMACs, ours | GMACs, paper | difference | top-1, paper |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        asked, star = row.published.asked, "*" if row.published.assumed else ""
        lines.append(
            f"| {row.published.base} | {asked.depth:g}{star} | {asked.width:g}{star} | {asked.resolution:g}{star} | "
            f"{row.pixels} | {row.params:,} | {row.gmacs:.3f} | {row.published.gmacs:g} | {row.difference:+.1%} | "
            f"{row.published.top1:g} |"
        )
    lines += [
        "",
        "## Differences over 5 %",
        "",
        "Each such row counted again with one rounding or grouping changed; changes without effect are left out. In "
        "bold the likely",
        "cause: of the changes that leave the base (counted under the same change in the last column) what the paper "
        "says of it, the one",
        "that comes nearest to the paper's number. The paper says nothing of it, and prints two digits at most.",
        "",
        "| row | paper | changed | GMACs | difference | base so counted |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if abs(row.difference) <= LISTED:
            continue
        paper, (tried, cause) = row.published.gmacs, explained(row)
        for each in tried:
            mark = "**" if each == cause else ""
            lines.append(
                f"| {_title(row.published)} | {paper:g} | {mark}{each.changed}{mark} | {mark}{each.gmacs:.3f}{mark} "
                f"| {each.gmacs / paper - 1:+.1%} | {each.base:.3f} |"
            )
    return "\n".join(lines) + "\n"


def _title(published: Published) -> str:
    star = "*" if published.assumed else ""
    grown = ", ".join(f"{name} {value:g}{star}" for name, value in vars(published.asked).items() if value != 1)
    return f"{published.base}: {grown or 'as published'}"


if __name__ == "__main__":
    RESULT.write_text(markdown([row_of(published) for published in TABLE]), encoding="utf-8")
    print(RESULT)

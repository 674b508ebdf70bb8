"""Two plots of the field's history: accuracy against compute, and compute to AlexNet's accuracy.

They are half a page wide (3.5 in); text has 6 points or more. Hollow marks are numbers that are not verified.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench.report.common.figure import (
    BLUE,
    GREEN,
    GROUND,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    drawing,
    short_count,
)
from nasbench.report.common.label_layout import Box, frame, measure, place, write
from nasbench.report.models.zoo.history import EFFICIENCY, MOORE_FACTOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SMALL = 6.0
"""Font size of the labels of marks, in points."""
PIXELS_PER_INCH = 300


@dataclass(frozen=True)
class Point:
    """A network on the complexity plot: multiply-adds and parameters, published top-1 accuracy in percent."""

    label: str
    family: str
    macs: int
    params: int
    top1: float
    verified: bool


GROUPS = (
    ("classic", MUTED, ("alexnet", "zfnet", "vgg", "googlenet", "inception", "bn_inception", "squeezenet", "enet")),
    (
        "residual",
        BLUE,
        (
            "resnet",
            "plain",
            "preresnet",
            "resnext",
            "wide_resnet",
            "wrn",
            "densenet",
            "senet",
            "regnet",
            "resnet_rs",
            "convnext",
        ),
    ),
    ("mobile", GREEN, ("mobilenet", "shufflenet")),
    ("searched", RED, ("mnasnet", "efficientnet", "efficientnetv2", "tinynet", "nasnet", "pnasnet", "nasnet cells")),
    ("attention, state spaces", PURPLE, ("vit", "deit", "swin", "vim")),
    (
        "MLPs and their like",
        ORANGE,
        ("mlp_mixer", "resmlp", "gmlp", "s2mlp", "cyclemlp", "vip", "poolformer", "convmixer"),
    ),
    ("other", INK, ()),
)


def complexity(points: Sequence[Point]) -> "Figure":
    """Published top-1 accuracy against multiply-adds. The area of a mark grows with the parameters, which are the
    memory of the weights.

    Hollow marks are not verified. The best network of every family has a label; the others have one if there is room,
    short names first.
    """
    from matplotlib.ticker import MultipleLocator

    with drawing():
        figure = half_page(7.0)
        axes = figure.subplots()
        shown = sorted(points, key=lambda point: -point.params)  # small bubbles above large ones
        for point in shown:
            colour = _group(point.family)[1]
            axes.scatter(
                point.macs,
                point.top1,
                s=_area(point.params),
                facecolor=colour if point.verified else "none",
                edgecolor=colour if not point.verified else GROUND,
                linewidth=0.8 if not point.verified else 0.4,
                alpha=0.75 if point.verified else 1.0,
                zorder=3,
            )
        axes.set_xscale("log")
        low, high = min(point.macs for point in shown), max(point.macs for point in shown)
        axes.set_xlim(low / 2.2, high * 6)  # room for labels, above all on the right
        # Most networks are near the top; the log of the error spreads them.
        axes.set_yscale("function", functions=(_minus_log_error, _from_minus_log_error))
        axes.set_ylim(min(point.top1 for point in shown) - 2, 100 - 0.87 * (100 - max(point.top1 for point in shown)))
        axes.yaxis.set_major_locator(MultipleLocator(5))
        axes.set_xlabel("multiply-adds of one image")
        axes.set_ylabel("published top-1 accuracy on ImageNet, % (log of the error)")
        axes.xaxis.set_major_formatter(lambda value, _: short_count(value))
        figure.supxlabel("as published: crops, image sizes and training data differ", fontsize=SMALL, color=MUTED)
        _legend(figure, shown)
        _label(axes, shown)
        return figure


def efficiency() -> "Figure":
    """Compute to AlexNet's accuracy by year, with a line for Moore's law alone."""
    with drawing():
        figure = half_page(2.6)
        axes = figure.subplots()
        days = [entry.day.year + (entry.day.timetuple().tm_yday - 1) / 365 for entry in EFFICIENCY]
        first = EFFICIENCY[0].compute
        axes.plot([days[0], days[-1]], [first, first / MOORE_FACTOR], color=MUTED, linestyle=(0, (4, 2)), linewidth=1.2)
        axes.plot(days, [entry.compute for entry in EFFICIENCY], "o", color=BLUE, markersize=4.5)
        axes.set_yscale("log")
        axes.set_ylim(0.03, 6)
        axes.set_xlim(2011.6, 2020.4)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_ylabel("compute to 79.1 % top-5,\nteraflop/s-days")
        axes.set_xlabel("year of publication")
        anchors = measure(
            axes,
            [(day, entry.compute) for day, entry in zip(days, EFFICIENCY, strict=True)],
            [2.5] * len(days),
            [f"{entry.network}, {entry.factor} less" if entry.factor else entry.network for entry in EFFICIENCY],
            SMALL,
        )
        start, end = anchors[0], measure(axes, [(days[-1], first / MOORE_FACTOR)], [0.0], [""], SMALL)[0]
        line = [
            _square(start.x + share / 60 * (end.x - start.x), start.y + share / 60 * (end.y - start.y))
            for share in range(61)
        ]
        write(axes, anchors, place(anchors, range(len(anchors)), frame(axes), line), SMALL, INK, MUTED)
        axes.annotate(
            f"Moore's law: {MOORE_FACTOR:g}x less",
            (2016.0, first / MOORE_FACTOR ** ((2016.0 - days[0]) / (days[-1] - days[0]))),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=SMALL,
            color=MUTED,
        )
        return figure


def half_page(height: float) -> "Figure":
    """A figure at half a page's width, `height` inches high."""
    from matplotlib.figure import Figure

    return Figure(figsize=(3.5, height), layout="constrained", dpi=PIXELS_PER_INCH)


def _minus_log_error(accuracy: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return -np.log(np.maximum(100.0 - accuracy, 1e-3))


def _from_minus_log_error(value: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return 100.0 - np.exp(-value)


def _group(family: str) -> tuple[str, str]:
    return next(
        ((name, colour) for name, colour, families in GROUPS if family in families), (GROUPS[-1][0], GROUPS[-1][1])
    )


def _area(params: float) -> float:
    """The area of a mark in square points: 3, plus 28 for every 25M parameters."""
    return 28 * params / 25e6 + 3


def _legend(figure: "Figure", points: Sequence[Point]) -> None:
    from matplotlib.lines import Line2D

    used = {_group(point.family)[0] for point in points}
    marks = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=colour, markeredgewidth=0, label=name)
        for name, colour, _ in GROUPS
        if name in used
    ]
    if not all(point.verified for point in points):
        marks.append(
            Line2D(
                [], [], marker="o", linestyle="", markersize=4, markerfacecolor="none", color=INK, label="not verified"
            )
        )
    marks += [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            markersize=math.sqrt(_area(params)),
            markerfacecolor="none",
            color=MUTED,
            label=text,
        )
        for params, text in ((5e6, "5M params, 20 MB"), (25e6, "25M, 100 MB"), (100e6, "100M, 400 MB"))
    ]
    figure.legend(
        handles=marks,
        loc="outside upper left",
        ncols=3,
        fontsize=SMALL,
        handletextpad=0.4,
        columnspacing=1.0,
        borderpad=0.2,
    )


def _label(axes: "Axes", points: Sequence[Point]) -> None:
    at = [(float(point.macs), point.top1) for point in points]
    radii = [math.sqrt(_area(point.params)) / 2 for point in points]
    anchors = measure(axes, at, radii, [point.label for point in points], SMALL)
    by_accuracy = sorted(range(len(points)), key=lambda index: -points[index].top1)
    best: dict[str, int] = {}
    for index in by_accuracy:
        best.setdefault(points[index].family, index)
    others = sorted(
        (index for index in by_accuracy if index not in best.values()), key=lambda index: len(points[index].label)
    )
    order = [*best.values(), *others]
    write(axes, anchors, place(anchors, order, frame(axes), num_required=len(best)), SMALL, INK, MUTED)


def _square(x: float, y: float) -> Box:
    return Box(x - 1.5, y - 1.5, x + 1.5, y + 1.5)

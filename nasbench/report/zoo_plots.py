"""The field's history in three plots: accuracy against compute, the ILSVRC winners, compute to AlexNet's accuracy.

At half a page's width (3.5 in), with text of 6 points and more. Hollow marks are numbers that are not verified.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.report.label_layout import Anchor, Box, place, write
from nasbench.report.plots import BLUE, GREEN, GROUND, INK, MUTED, ORANGE, PURPLE, RED, STYLE, short_count, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = 6.0
"""Points of the labels of marks."""
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


@dataclass(frozen=True)
class Winner:
    """A network that won the ILSVRC classification task: layers with weights, top-5 error in percent of one network on one crop."""

    year: int
    network: str
    layers: int
    top5_error: float
    source: str
    tag: str


WINNERS = (
    Winner(2012, "AlexNet", 8, 18.2, "Krizhevsky et al. 2012, validation", "M"),
    Winner(2013, "ZFNet", 8, 16.5, "Zeiler and Fergus 2013, validation", "M"),
    Winner(2014, "GoogLeNet", 22, 10.07, "Szegedy et al. 2014, validation", "M"),
    Winner(2015, "ResNet-152", 152, 6.7, "github.com/KaimingHe/deep-residual-networks", "R"),
    Winner(2017, "SENet-154", 154, 4.47, "github.com/hujie-frank/SENet", "R"),
)


@dataclass(frozen=True)
class Efficiency:
    """Training compute in teraflop/s-days that a network took to AlexNet's 79.1 % top-5 (Hernandez and Brown 2020, arXiv:2005.04305)."""

    day: date
    network: str
    compute: float
    factor: str


EFFICIENCY = (
    Efficiency(date(2012, 6, 1), "AlexNet", 3.1, ""),
    Efficiency(date(2014, 9, 17), "GoogLeNet", 0.71, "4.3x"),
    Efficiency(date(2017, 4, 17), "MobileNet", 0.28, "11x"),
    Efficiency(date(2017, 7, 3), "ShuffleNet", 0.15, "21x"),
    Efficiency(date(2018, 6, 30), "ShuffleNet v2", 0.12, "25x"),
    Efficiency(date(2019, 5, 28), "EfficientNet-B0", 0.069, "44x"),
)
MOORE_FACTOR = 11.0
"""What Moore's law alone would have given over the same seven years (the same source)."""

GROUPS = (
    ("classic", MUTED, ("alexnet", "zfnet", "vgg", "googlenet", "inception", "bn_inception", "squeezenet")),
    ("residual", BLUE, ("resnet", "plain", "preresnet", "resnext", "wide_resnet", "wrn", "densenet", "senet", "stochastic_depth")),
    ("mobile", GREEN, ("mobilenet", "shufflenet")),
    ("searched", RED, ("mnasnet", "efficientnet", "nasnet", "pnasnet", "nasnet cells", "amoebanet", "enas")),
    ("transformers, MLPs", PURPLE, ("vit", "mlp_mixer", "resmlp", "gmlp", "s2mlp", "cyclemlp")),
    ("other", ORANGE, ()),
)


def save(figure: "Figure", out: Path) -> None:
    """Writes the figure as .svg (the same text for the same data) or .png."""
    import matplotlib

    if out.suffix == ".svg":
        out.write_text(to_svg(figure, out.stem), encoding="utf-8")
        return
    with matplotlib.rc_context(STYLE):
        figure.savefig(out, dpi=PIXELS_PER_INCH)


def complexity(points: Sequence[Point]) -> "Figure":
    """Published top-1 accuracy against multiply-adds; a bubble's area grows with the parameters; hollow: not verified.

    Every family has a label; others are labelled where there is room, the most accurate first.
    """
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure, axes = _page(4.6)
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
        axes.set_xlim(low / 2.2, high * 2.2)
        bottom, top = min(point.top1 for point in shown), max(point.top1 for point in shown)
        axes.set_ylim(bottom - 0.06 * (top - bottom) - 1, top + 0.06 * (top - bottom) + 1)
        axes.set_xlabel("multiply-adds of one image")
        axes.set_ylabel("published top-1 accuracy on ImageNet, %")
        axes.xaxis.set_major_formatter(lambda value, _: short_count(value))
        _legend(figure, shown)
        _label(figure, axes, shown)
        return figure


def ilsvrc() -> "Figure":
    """The winners' top-5 error by year as bars, their depth in layers as a line on a logarithmic axis of its own."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure, axes = _page(2.7)
        depth = axes.twinx()
        depth.grid(visible=False)
        depth.spines["right"].set_visible(True)
        for winner in WINNERS:
            doubtful = winner.tag == "M"
            axes.bar(winner.year, winner.top5_error, width=0.62, color="none" if doubtful else BLUE, edgecolor=BLUE, linewidth=0.9)
            axes.text(winner.year, winner.top5_error + 0.3, f"{winner.top5_error:g} %", ha="center", fontsize=SMALL, color=INK)
        years, layers = [winner.year for winner in WINNERS], [winner.layers for winner in WINNERS]
        depth.plot(years, layers, "o-", color=ORANGE, markersize=3.5, linewidth=1.2)
        for year, count in zip(years, layers, strict=True):
            depth.annotate(str(count), (year, count), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=SMALL, color=ORANGE)
        depth.set_yscale("log")
        depth.set_ylim(1, 400)
        depth.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        depth.set_ylabel("layers with weights", color=ORANGE)
        axes.set_ylim(0, 24)
        axes.set_ylabel("top-5 error of one network, %", color=BLUE)
        axes.set_xticks(years, [f"{winner.year}\n" + winner.network.replace("-", "-\n") for winner in WINNERS], fontsize=SMALL)
        axes.grid(visible=False, axis="x")
        figure.supxlabel("hollow: from memory, not verified", fontsize=SMALL, color=MUTED)
        return figure


def efficiency() -> "Figure":
    """Compute to AlexNet's accuracy by year, and where Moore's law alone would be."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure, axes = _page(2.6)
        days = [entry.day.year + (entry.day.timetuple().tm_yday - 1) / 365 for entry in EFFICIENCY]
        first = EFFICIENCY[0].compute
        axes.plot([days[0], days[-1]], [first, first / MOORE_FACTOR], color=MUTED, linestyle=(0, (4, 2)), linewidth=1.2)
        axes.plot(days, [entry.compute for entry in EFFICIENCY], "o", color=BLUE, markersize=4.5)
        axes.set_yscale("log")
        axes.set_ylim(0.03, 6)
        axes.set_xlim(2011.6, 2020.4)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_ylabel("training compute to AlexNet's accuracy,\nteraflop/s-days")
        axes.set_xlabel("year of publication")
        anchors = _anchors(
            figure,
            axes,
            [(day, entry.compute) for day, entry in zip(days, EFFICIENCY, strict=True)],
            [2.5] * len(days),
            [f"{entry.network}, {entry.factor} less" if entry.factor else entry.network for entry in EFFICIENCY],
        )
        start, end = anchors[0], _anchors(figure, axes, [(days[-1], first / MOORE_FACTOR)], [0.0], [""])[0]
        line = [_square(start.x + share / 60 * (end.x - start.x), start.y + share / 60 * (end.y - start.y)) for share in range(61)]
        write(axes, anchors, place(anchors, range(len(anchors)), _frame(figure, axes), line), SMALL, INK, MUTED)
        axes.annotate(
            f"Moore's law: {MOORE_FACTOR:g}x less",
            (2016.0, first / MOORE_FACTOR ** ((2016.0 - days[0]) / (days[-1] - days[0]))),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=SMALL,
            color=MUTED,
        )
        return figure


def _page(height: float) -> "tuple[Figure, Axes]":
    """A figure at half a page's width, `height` inches high."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.5, height), layout="constrained", dpi=PIXELS_PER_INCH)
    return figure, figure.subplots()


def _group(family: str) -> tuple[str, str]:
    return next(((name, colour) for name, colour, families in GROUPS if family in families), (GROUPS[-1][0], GROUPS[-1][1]))


def _area(params: float) -> float:
    """Of a bubble, in square points: proportional to the parameters, 25M at 28."""
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
        marks.append(Line2D([], [], marker="o", linestyle="", markersize=4, markerfacecolor="none", color=INK, label="not verified"))
    marks += [
        Line2D([], [], marker="o", linestyle="", markersize=math.sqrt(_area(params)), markerfacecolor="none", color=MUTED, label=text)
        for params, text in ((5e6, "5M params"), (25e6, "25M"), (100e6, "100M"))
    ]
    figure.legend(handles=marks, loc="outside upper left", ncols=3, fontsize=SMALL, handletextpad=0.4, columnspacing=1.0, borderpad=0.2)


def _label(figure: "Figure", axes: "Axes", points: Sequence[Point]) -> None:
    at = [(float(point.macs), point.top1) for point in points]
    radii = [math.sqrt(_area(point.params)) / 2 for point in points]
    anchors = _anchors(figure, axes, at, radii, [point.label for point in points])
    by_accuracy = sorted(range(len(points)), key=lambda index: -points[index].top1)
    best = {points[index].family: index for index in reversed(by_accuracy)}
    order = [*best.values(), *(index for index in by_accuracy if index not in best.values())]
    write(axes, anchors, place(anchors, order, _frame(figure, axes)), SMALL, INK, MUTED)


def _anchors(
    figure: "Figure", axes: "Axes", at: Sequence[tuple[float, float]], radii: Sequence[float], texts: Sequence[str]
) -> list[Anchor]:
    """Points and the sizes of their labels once the figure is laid out, in points (1/72 inch)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # labels are placed for this layout
    scale = 72 / figure.dpi
    anchors = []
    for (x, y), radius, text in zip(at, radii, texts, strict=True):
        probe = axes.text(0.5, 0.5, text, fontsize=SMALL)
        size = probe.get_window_extent(canvas.get_renderer())
        probe.remove()
        across, up = axes.transData.transform((x, y))
        anchors.append(Anchor(across * scale, up * scale, radius, text, size.width * scale, size.height * scale))
    return anchors


def _square(x: float, y: float) -> Box:
    return Box(x - 1.5, y - 1.5, x + 1.5, y + 1.5)


def _frame(figure: "Figure", axes: "Axes") -> Box:
    box = axes.get_window_extent()
    scale = 72 / figure.dpi
    return Box(box.x0 * scale + 1, box.y0 * scale + 1, box.x1 * scale - 1, box.y1 * scale - 1)

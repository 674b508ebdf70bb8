"""Charts of what was published: the ILSVRC, the revolution of depth, scaling dimensions, pre-training data.

They are half a page wide (3.5 in); text has 6 points or more.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench.report.common.figure import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, drawing, short_count
from nasbench.report.models.zoo.history import HUMAN_ERROR, PRE_TRAINED, SCALED, WINNERS, Winner
from nasbench.report.models.zoo.plots import SMALL, half_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIMENSIONS = (("depth", GREEN), ("width", ORANGE), ("resolution", PURPLE), ("compound", RED))


def ilsvrc() -> "Figure":
    """Top-5 error of the winning entries and of VGG by year, single networks beside them, and people."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    with drawing():
        figure = half_page(3.0)
        axes = figure.subplots()
        for place, winner in enumerate(WINNERS):
            colour = MUTED if winner.year < 2012 else BLUE
            axes.bar(place, winner.entry_error, width=0.62, color=colour, alpha=1.0 if winner.first else 0.55)
            _above(axes, place, winner.entry_error, f"{winner.entry_error:g}")
            if winner.single_error is not None:
                axes.plot(place, winner.single_error, "o", markersize=3.6, color=RED)
                if winner.single_error - winner.entry_error > 1.5:
                    axes.annotate(
                        f"{winner.single_error:g}",
                        (place, winner.single_error),
                        xytext=(4, -2 if winner.single_error - winner.entry_error > 2 else 3),
                        textcoords="offset points",
                        fontsize=SMALL,
                        color=RED,
                    )
        axes.axhline(HUMAN_ERROR, color=INK, linestyle=(0, (4, 2)), linewidth=0.9)
        axes.annotate(
            f"people: {HUMAN_ERROR:g}", (6.72, HUMAN_ERROR), xytext=(0, 2), textcoords="offset points", fontsize=SMALL
        )
        axes.set_ylim(0, 32)
        axes.set_xlim(-0.6, len(WINNERS) - 0.15)
        _below(axes, WINNERS)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel("top-5 error, %")
        axes.legend(
            handles=[
                Patch(color=MUTED, label="features by hand"),
                Patch(color=BLUE, label="networks, an ensemble of several (VGG: second)"),
                Line2D([], [], marker="o", linestyle="", markersize=3.6, color=RED, label="one network"),
            ],
            fontsize=SMALL,
            loc="upper right",
        )
        return figure


def depth() -> "Figure":
    """The revolution of depth: layers with weights, and the entry's top-5 error, by year."""
    with drawing():
        figure = half_page(2.9)
        layers, error = figure.subplots(2, 1, sharex=True)
        shown = [winner for winner in WINNERS if winner.year < 2012 or winner.layers is not None]
        for place, winner in enumerate(shown):
            layers.bar(place, winner.layers or 0, width=0.62, color=ORANGE)
            _above(layers, place, winner.layers or 0, str(winner.layers) if winner.layers else "shallow")
            error.bar(place, winner.entry_error, width=0.62, color=BLUE)
            _above(error, place, winner.entry_error, f"{winner.entry_error:g}")
        layers.set_ylim(0, 185)
        error.set_ylim(0, 34)
        layers.set_ylabel("layers\nwith weights")
        error.set_ylabel("top-5 error\nof the entry, %")
        _below(error, shown)
        layers.tick_params(axis="x", length=0)
        for axes in (layers, error):
            axes.grid(visible=False, axis="x")
        return figure


def scaling() -> "Figure":
    """Accuracy of four networks scaled in one dimension and in all three, at nearly equal multiply-adds."""
    from matplotlib.lines import Line2D

    with drawing():
        figure = half_page(3.6)
        bases = list(dict.fromkeys(entry.base for entry in SCALED))
        for axes, base in zip(figure.subplots(2, 2).flat, bases, strict=True):
            found = {entry.dimension: entry for entry in SCALED if entry.base == base}
            start = found["base"]
            axes.plot(start.gmacs, start.top1, "o", color=INK, markersize=4)
            axes.annotate(
                f"{start.top1:.1f}",
                (start.gmacs, start.top1),
                xytext=(4, -6),
                textcoords="offset points",
                fontsize=SMALL,
            )
            for dimension, colour in DIMENSIONS:
                if dimension in found:
                    end = found[dimension]
                    axes.plot([start.gmacs, end.gmacs], [start.top1, end.top1], color=colour, linewidth=1.1)
                    axes.plot(end.gmacs, end.top1, "o", color=colour, markersize=3.6)
            best = found["compound"]
            axes.annotate(
                f"{best.top1:.1f}",
                (best.gmacs, best.top1),
                xytext=(-2, 4),
                textcoords="offset points",
                ha="center",
                fontsize=SMALL,
                color=RED,
            )
            axes.set_title(base, fontsize=7)
            axes.margins(x=0.16, y=0.18)
            axes.tick_params(labelsize=SMALL)
        figure.supxlabel("billions of multiply-adds", fontsize=7)
        figure.supylabel("top-1 accuracy on ImageNet, %", fontsize=7)
        figure.legend(
            handles=[
                Line2D([], [], marker="o", markersize=3.6, color=colour, label=name) for name, colour in DIMENSIONS
            ],
            loc="outside upper center",
            ncols=4,
            fontsize=SMALL,
        )
        return figure


def pre_training() -> "Figure":
    """Vision transformers: accuracy after pre-training on more and more images; the figures that are verified."""
    with drawing():
        figure = half_page(2.6)
        axes = figure.subplots()
        colours = dict(zip(dict.fromkeys(entry.network for entry in PRE_TRAINED), (BLUE, RED, PURPLE), strict=True))
        for network, colour in colours.items():
            found = [entry for entry in PRE_TRAINED if entry.network == network]
            axes.plot(
                [entry.images for entry in found], [entry.top1 for entry in found], "o-", color=colour, markersize=4
            )
            for place, entry in enumerate(found):
                if entry.images > 1e8:
                    offset, side = (6, -2), "left"
                elif entry.images > 2e6 and place < len(found) - 1:  # a line leads up to the right
                    offset, side = (-5, 4), "right"
                else:
                    offset, side = (6, -8), "left"
                axes.annotate(
                    f"{network} {entry.top1:g}",
                    (entry.images, entry.top1),
                    xytext=offset,
                    textcoords="offset points",
                    ha=side,
                    fontsize=SMALL,
                    color=colour,
                )
        places = {entry.images: entry.data for entry in PRE_TRAINED}
        axes.set_xscale("log")
        axes.set_xlim(0.7e6, 2.6e9)
        axes.set_ylim(76, 90.5)
        axes.set_xticks(
            list(places), [f"{data}\n{short_count(images)}" for images, data in places.items()], fontsize=SMALL
        )
        axes.minorticks_off()
        axes.set_xlabel("images of the pre-training")
        axes.set_ylabel("top-1 accuracy on ImageNet, %")
        return figure


def _above(axes: "Axes", place: float, value: float, text: str) -> None:
    axes.annotate(text, (place, value), xytext=(0, 1.5), textcoords="offset points", ha="center", fontsize=SMALL)


def _below(axes: "Axes", winners: Sequence[Winner]) -> None:
    names = [f"{winner.network} {winner.year}" for winner in winners]
    axes.set_xticks(range(len(names)), names, fontsize=SMALL, rotation=38, ha="right", rotation_mode="anchor")

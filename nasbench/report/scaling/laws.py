"""The plot of scaling laws side by side: what grows by how much as multiply-adds grow."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.report.common.figure import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    drawing,
    label,
    log_counts,
    new_figure,
    short_count,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("params", "parameters"),
    ("activations", "activations: elements of the outputs of layers with weights"),
    ("activation_bytes", "bytes of all layers' outputs, one image"),
    ("top1", "published top-1 accuracy, %"),
)
COLOURS, MARKERS, LINES = (BLUE, ORANGE, GREEN, PURPLE, RED, INK, MUTED), "osD^vPX*", ("-", "--", ":")


def laws_figure(rows: Sequence[Mapping[str, Any]], base: str) -> "Figure":
    """A panel for each count that some row has, over multiply-adds; a line for each law."""
    shown = [(field, title) for field, title in PANELS if any(row[field] is not None for row in rows)]
    with drawing():
        figure = new_figure(9.0, 3.6 * ((len(shown) + 1) // 2) + 0.4)
        axes = figure.subplots((len(shown) + 1) // 2, 2, squeeze=False).flat
        names = list(dict.fromkeys(str(row["law"]) for row in rows))
        for panel, (field, title) in zip(axes, shown, strict=False):
            _draw(panel, rows, names, field)
            panel.set_title(title, loc="left")
            panel.set_xlabel("multiply-adds")
        for unused in list(axes)[len(shown) :]:
            unused.set_visible(False)
        handles, told = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, told, loc="outside lower center", ncols=min(5, len(names)))
        figure.suptitle(f"Laws that scale {label(base)}", x=0.01, ha="left", fontsize=9)
        return figure


def _draw(axes: "Axes", rows: Sequence[Mapping[str, Any]], names: Sequence[str], field: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for index, name in enumerate(names):
        own = [row for row in rows if row["law"] == name and row[field] is not None]
        axes.plot(
            [row["macs"] for row in own],
            [row[field] for row in own],
            color=COLOURS[index % len(COLOURS)],
            marker=MARKERS[index % len(MARKERS)],
            linestyle=LINES[index // len(COLOURS) % len(LINES)],
            markersize=4.5,
            label=label(name),
        )
    log_counts(axes, [row["macs"] for row in rows])
    if field != "top1":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
        axes.yaxis.set_minor_formatter(NullFormatter())

"""What trainings reported after each epoch, as curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.reported import read_epochs
from nasbench.report.common.chart import Axis, Chart, Panel, Series
from nasbench.report.common.chart_element import Plot
from nasbench.report.common.figure import BLUE, GREEN, ORANGE, PURPLE, RED, drawing, label, new_figure, to_svg

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED)
Panelled = tuple[str, str]
"""A metric, and what it is called at its axis."""
PANELS: tuple[Panelled, ...] = (("val_accuracy", "validation accuracy"), ("train_loss", "training loss"))
NAMED = 6
"""Up to this many trainings are named in the legend."""


def read_curves(directory: Path, number: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Name and seed of a training -> what it reported, by epoch; each epoch once. `number`: of this trial alone."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for told in read_epochs(directory):
        if number not in (None, told["number"]):
            continue
        found.setdefault(f"{told.get('name') or 'trial ' + str(told['number'])} seed {told['seed']}", {})[
            told["epoch"]
        ] = told
    return {name: [epochs[epoch] for epoch in sorted(epochs)] for name, epochs in found.items()}


def curve_plot(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], panels: Sequence[Panelled] = PANELS, name: str = "curves"
) -> Plot | None:
    """The curves as a plot, `panels` side by side; None where nothing was reported."""
    svg = curve_figure(curves, panels)
    if svg is None:
        return None
    shown = [
        Panel(
            Axis("epoch", whole=True),
            Axis(text),
            [
                Series(
                    training if len(curves) > 1 else "",
                    "line",
                    _points(epochs, metric),
                    COLOURS[index % len(COLOURS)],
                )
                for index, (training, epochs) in enumerate(curves.items())
            ],
        )
        for metric, text in panels
    ]
    return Plot(svg, Chart(name, shown))


def curve_figure(curves: Mapping[str, Sequence[Mapping[str, Any]]], panels: Sequence[Panelled] = PANELS) -> str | None:
    """The curves as SVG text, `panels` side by side; None where nothing was reported."""
    if not curves:
        return None
    with drawing():
        figure = new_figure(3.6 * len(panels), 2.6)
        for axes, (metric, text) in zip(figure.subplots(1, len(panels)), panels, strict=True):
            for index, (name, epochs) in enumerate(curves.items()):
                points = _points(epochs, metric)
                x, y = [point[0] for point in points], [point[1] for point in points]
                axes.plot(
                    x,
                    y,
                    "." if len(x) == 1 else "-",
                    color=COLOURS[index % len(COLOURS)],
                    label=label(name),
                    linewidth=1.2,
                )
            axes.set_xlabel("epoch")
            axes.set_ylabel(text)
            axes.xaxis.get_major_locator().set_params(integer=True)
        if len(curves) <= NAMED:
            figure.axes[0].legend()
        return to_svg(figure, "curves")


def _points(epochs: Sequence[Mapping[str, Any]], metric: str) -> list[tuple[int, float]]:
    """(epoch, value) of each line that has the metric as a number."""
    return [(told["epoch"], told[metric]) for told in epochs if isinstance(told.get(metric), int | float)]

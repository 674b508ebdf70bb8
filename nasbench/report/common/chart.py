"""A chart as data: what a page's script draws, so that a reader can touch it. Each page describes its charts with this.

The page has the same picture as SVG for readers without scripts and for paper (`chart_element`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nasbench.core.shown import shown

Number = float | int | None


@dataclass(frozen=True)
class Axis:
    """An axis. `low` and `high` are its ends where they are not those of the data.

    `whole`: ticks are whole numbers. `percent`: values are shares from 0 to 1.
    """

    label: str
    log: bool = False
    whole: bool = False
    percent: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """Values of one name, which the reader can switch off.

    Attributes:
        name: in the legend; series of the same name are switched together. Without a name, it is always shown.
        kind: dots; a line; steps, a line that keeps a value until the next point; area, a part of a stack.
        points: (x, y) each; y None leaves a gap.
        colour: of the figures, such as BLUE. INK and MUTED are the page's own, light or dark.
        trials: the trial of each point, by its number: its card is shown. Empty where the points are no trials.
        labels: what each point is called, where it is no trial.
        low, high: the ends of the band around each point.
        errors: half the length of each point's error bar.
        dashed: the line is.
        edge: y is a share of the panel's height, 0 at its bottom.
    """

    name: str
    kind: Literal["dots", "line", "steps", "area"]
    points: Sequence[tuple[Number, Number]]
    colour: str
    trials: Sequence[int] = ()
    labels: Sequence[str] = ()
    low: Sequence[Number] = ()
    high: Sequence[Number] = ()
    errors: Sequence[Number] = ()
    dashed: bool = False
    edge: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its series."""

    x: Axis
    y: Axis
    series: Sequence[Series]
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """Panels side by side, as many as the page has room for, under one legend. `name` is that of its SVG file.

    `wide`: each panel takes the page's whole width. `tall`: panels are as high as they are wide, nearly.
    """

    name: str
    panels: Sequence[Panel]
    wide: bool = False
    tall: bool = False

    def to_json(self) -> dict[str, Any]:
        """What the page's script reads: numbers are finite or null, texts one line each."""
        panels = [
            {
                "title": shown(panel.title),
                "x": _axis(panel.x),
                "y": _axis(panel.y),
                "series": [_series(series) for series in panel.series if series.points],
            }
            for panel in self.panels
        ]
        return {"name": self.name, "wide": self.wide, "tall": self.tall, "panels": panels}


def _axis(axis: Axis) -> dict[str, Any]:
    return {name: value for name, value in vars(axis).items() if value is not None and value is not False} | {
        "label": shown(axis.label)
    }


def _series(series: Series) -> dict[str, Any]:
    told: dict[str, Any] = {"name": shown(series.name), "kind": series.kind, "colour": series.colour}
    told["points"] = [[_finite(x), _finite(y)] for x, y in series.points]
    if series.trials:
        told["trials"] = list(series.trials)
    if series.labels:
        told["labels"] = [shown(label) for label in series.labels]
    for name in ("low", "high", "errors"):
        if values := getattr(series, name):
            told[name] = [_finite(value) for value in values]
    return told | {name: True for name in ("dashed", "edge") if getattr(series, name)}


def _finite(value: Number) -> Number:
    """The number as JSON has it; numpy's become Python's."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)

"""Pictures of features: accuracy by stage, the filters of the first layer, and images that activate a layer most."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import UsageError
from nasbench.core.file_name import check_path
from nasbench.core.not_written import check_new_file
from nasbench.report.common.figure import BLUE, MUTED, ORANGE, drawing, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

SUFFIXES = (".svg", ".png")
COLUMNS = 12
"""Filters in a row."""


def check_picture(file: str, flag: str) -> None:
    """UsageError where a picture cannot be written."""
    check_path(file, flag)
    path = Path(file)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{flag} takes a file that ends in .svg or .png; got {file!r}")
    check_new_file(path, flag, "features.svg")


def stage_figure(stages: Sequence[str], lines: Mapping[str, Sequence[float]], title: str) -> "Figure":
    """Accuracies in [0, 1] by stage, a line for each kind of classifier."""
    with drawing():
        figure = new_figure(max(4.0, 0.6 * len(stages) + 1.5), 3.0)
        axes = figure.subplots()
        for (name, values), colour, mark in zip(lines.items(), (BLUE, ORANGE), ("o", "s"), strict=False):
            axes.plot(range(len(stages)), [100 * value for value in values], color=colour, marker=mark, label=name)
        axes.set_xticks(range(len(stages)), [label(stage, 24) for stage in stages], rotation=30, ha="right")
        axes.set_ylabel("test accuracy, %")
        axes.set_title(label(title, 80))
        axes.legend()
    return figure


def filters_figure(weights: "Tensor", name: str) -> "Figure":
    """Filters (out, in, h, w): in colour where they see three channels, else in grey, of the first channel. Each is
    scaled to its own smallest and largest weight.
    """
    shown = weights if weights.shape[1] in (1, 3) else weights[:, :1]  # (out, 1 or 3, h, w)
    low = shown.amin(dim=(1, 2, 3), keepdim=True)
    scaled = (shown - low) / (shown.amax(dim=(1, 2, 3), keepdim=True) - low).clamp(min=1e-12)
    size = f"{weights.shape[2]} x {weights.shape[3]}"
    return _grid(list(scaled), COLUMNS, f"{name}: {len(weights)} filters of {size}")


def activating_figure(images: "Tensor", layer: str, channels: Sequence[int]) -> "Figure":
    """Images (channels, K, C, H, W) in [0, 1]: a row a channel, from the one that activates it most."""
    rows = [image for row in images for image in row]
    names = [f"channel {channel}" for channel in channels]
    return _grid(rows, images.shape[1], f"images that activate {layer} most", names)


def _grid(pictures: Sequence["Tensor"], columns: int, title: str, rows: Sequence[str] = ()) -> "Figure":
    """Pictures (C, H, W) in [0, 1] beside each other; `rows` are the names of the rows."""
    columns = min(columns, len(pictures))
    lines = ceil(len(pictures) / columns)
    with drawing():
        figure = new_figure(0.55 * columns + 1.0, 0.6 * lines + 0.5)
        places: Any = figure.subplots(lines, columns, squeeze=False)
        for index, axes in enumerate(places.flat):
            axes.grid(False)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if index < len(pictures):
                picture = pictures[index].clamp(0.0, 1.0)
                grey = len(picture) != 3
                pixels = (picture[0] if grey else picture.permute(1, 2, 0)).numpy()
                axes.imshow(pixels, cmap="gray" if grey else None, vmin=0.0, vmax=1.0, interpolation="nearest")
            if rows and index % columns == 0:
                axes.set_ylabel(label(rows[index // columns]), rotation=0, ha="right", va="center", color=MUTED)
        figure.suptitle(label(title, 80))
    return figure

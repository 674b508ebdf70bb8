"""A figure as a file of its own, beside no page."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.core.writing import write_atomically
from nasbench.report.common.figure import drawing, plain_ticks, to_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(figure: "Figure", file: Path, name: str, dpi: int = 150) -> None:
    """Writes .svg or .png, as the file's suffix says. The same data gives the same SVG text; `name` is as of `to_svg`,
    `dpi` the dots an inch of a PNG. NotWritten if the disk refuses the file.
    """
    if file.suffix.lower() == ".svg":
        write_atomically(file, to_svg(figure, name))
        return
    picture = io.BytesIO()
    with drawing():
        plain_ticks(figure)
        figure.savefig(picture, format="png", dpi=dpi)
    write_atomically(file, picture.getvalue())

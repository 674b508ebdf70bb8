"""The style of all figures, and figures as SVG text. pyplot is not used, so no global state changes."""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from nasbench.core.shown import shortened, shown_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, GROUND = "#1f2a33", "#5c6874", "#dde2e6", "#fefefe"
"""The page replaces these colours by its own (see page.py), so each is used for one purpose only."""
BLUE, ORANGE, GREEN, PURPLE, RED = "#3f7fc1", "#d07a1f", "#3c9468", "#8a5fb8", "#c54b57"

FONTS = ["DejaVu Sans", "sans-serif"]
"""Figures are laid out in the first, which matplotlib carries. A page may show them in the reader's own: see below."""
INVISIBLE = "\u200b"
"""Before a label that is empty or begins with '_', which matplotlib would leave out of a legend."""
LONGEST = 40
"""A longer text of a user's is shortened in a figure: its table has it whole."""

BETWEEN_TENS = ((6.0, "23456789"), (100.0, "25"))
"""(span, digits): a logarithmic axis whose last number is less than `span` times its first has labels at these
multiples of powers of ten too.
"""

SVG_DPI = 72
"""In which SVG is drawn, so that is what texts are measured in."""

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "font.family": FONTS,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "figure.facecolor": GROUND,
    "axes.facecolor": GROUND,
    "savefig.facecolor": GROUND,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "svg.fonttype": "none",  # text stays text: browsers have the letters and emoji that one font lacks, and join Arabic
    "text.parse_math": False,  # names of users have dollar signs
    "axes.formatter.useoffset": False,
}


@contextmanager
def drawing() -> Iterator[None]:
    """While it lasts, figures have the project's style, and letters that the font lacks are left to the reader's."""
    import matplotlib

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s)Glyph .* missing from font")
        yield


def label(text: object, most: int = LONGEST) -> str:
    """A text of a user's (an option, a column, a model's name) for a figure: as it is, on one line, not too long."""
    line = shortened(text, most)
    return f"{INVISIBLE}{line}" if not line or line.startswith("_") else line


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, sizes in inches, with a layout that cuts nothing off."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def plain_ticks(figure: "Figure") -> None:
    """Writes the numbers of logarithmic axes as they are read: matplotlib's own are in the notation that STYLE turns
    off.
    """
    from matplotlib.ticker import LogFormatterMathtext

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            digits = ""  # where somebody has chosen the labels of tens, there are none between them
            if isinstance(axis.get_major_formatter(), LogFormatterMathtext):
                digits = next((digits for span, digits in BETWEEN_TENS if high < span * low), "")
                axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
            if isinstance(axis.get_minor_formatter(), LogFormatterMathtext):
                axis.set_minor_formatter(partial(_between_tens, digits))


def _between_tens(digits: str, value: float, _: int | None) -> str:
    return f"{value:,.10g}" if f"{value:e}"[0] in digits else ""


def to_svg(figure: "Figure", name: str) -> str:
    """The figure as SVG text. The same data gives the same text. `name` makes its ids unique within a page."""
    import matplotlib

    with drawing(), matplotlib.rc_context({"svg.hashsalt": name}):
        plain_ticks(figure)
        _lay_out(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    body = re.sub(r"<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    body = shown_lines(body[body.index("<svg") :])
    return in_tags(body, lambda tag: re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", tag))


def _lay_out(figure: "Figure") -> None:
    """Gives the parts of a new figure their places for good. Saving would draw the whole figure once more for that."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    engine, dpi = figure.get_layout_engine(), figure.dpi
    if engine is not None and isinstance(figure.canvas, FigureCanvasSVG):
        figure.dpi = SVG_DPI
        engine.execute(figure)
        figure.dpi = dpi
        figure.set_layout_engine(None)


def in_tags(markup: str, change: Callable[[str], str]) -> str:
    """The markup with its tags changed, and its texts, which may be of users, left alone."""
    return re.sub(r"<[^>]*>", lambda tag: change(tag.group()), markup)


def log_counts(axes: "Axes", values: Sequence[float]) -> None:
    """A logarithmic axis for counts, with plain labels: 200k, 1M, 4.5G."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    low, high = min(values), max(values)
    axes.set_xscale("log")
    axes.set_xlim(low / 1.15, high * 1.15)
    if high / low < 12:
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high / low < 300 else (1.0,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))


def short_count(value: float) -> str:
    """A count with a unit prefix: 950, 12.3k, 4.56M, 1.2G."""
    for unit, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{unit}"
    return f"{value:.3g}"

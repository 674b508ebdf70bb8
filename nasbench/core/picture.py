"""A drawing of a run on a page: as an image, which no browser runs.

`best/cell.svg` lies in a run directory, which may come from anybody, and SVG may hold scripts and links. Put into a
page as it is, they would be the page's own. In an image a browser runs no script and fetches nothing.
"""

import base64
from pathlib import Path

from nasbench.core.shown import escape

LARGEST = 8 * 2**20
"""Bytes of a drawing on a page."""


def svg_image(file: Path, root: Path, text: str) -> str:
    """The image as HTML, with `text` for those who do not see it; empty where there is none, or none that may be shown:
    a link out of the directory `root`, a pipe, a file that is too large.
    """
    if not file.is_file() or not file.resolve().is_relative_to(root.resolve()) or file.stat().st_size > LARGEST:
        return ""
    return image_of(file.read_bytes(), text)


def image_of(svg: bytes, text: str) -> str:
    """A drawing that is at hand as such an image."""
    data = base64.b64encode(svg).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/svg+xml;base64,{data}">'

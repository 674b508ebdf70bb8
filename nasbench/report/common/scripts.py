"""The scripts of report pages, and what a page allows its browser: it runs these scripts and fetches nothing."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

LIBRARY = "chart.umd.min.js"
OWN = ("values", "cells", "card", "charts", "tables", "board", "scroll", "live")
"""In the order in which they run."""


def scripts(charts: bool) -> tuple[str, ...]:
    """The text of each script element of a page: the charting library where it has `charts`, and the project's own."""
    return (*([_library()] if charts else []), _own())


@cache
def policy(charts: bool, live: bool = False) -> str:
    """The Content-Security-Policy of a page: its own scripts by their hashes, its own style, embedded pictures.

    `live`: it may ask the server that it came from, too.
    """
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts(charts))
    allowed = [
        "default-src 'none'",
        f"script-src {hashes}",
        "style-src 'unsafe-inline'",  # pictures have style attributes
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        *(["connect-src 'self'"] if live else []),
    ]
    return "; ".join(allowed)


@cache
def _library() -> str:
    """Chart.js as it is published, without its last line, which names a file that only debuggers read."""
    text = files("nasbench.report.browser").joinpath(LIBRARY).read_text("utf-8")
    return "\n" + text[: text.rindex("//# sourceMappingURL")]


@cache
def _own() -> str:
    home = files("nasbench.report.browser")
    body = "\n".join(home.joinpath(f"{name}.js").read_text("utf-8") for name in OWN)
    return f'\n(() => {{\n"use strict";\n{body}}})();\n'


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

"""The parts of every report page: the HTML frame with its style and script, tables, lists of facts, times of a run.

A page is self-contained: it fetches nothing from the network.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from nasbench.core.shown import escape, shown
from nasbench.report.common.figure import GRID, GROUND, INK, MUTED, in_tags
from nasbench.report.common.numbers import duration
from nasbench.report.common.scripts import policy, scripts

XML = '<?xml version="1.0" encoding="utf-8"?>\n'


def report_files(text: str, plots: Mapping[str, str]) -> dict[str, str]:
    """What a report consists of, file name -> text: the page first, then its plots. `plots`: file stem -> SVG."""
    return {"report.html": text, **{f"{stem}.svg": XML + svg for stem, svg in plots.items()}}


def page(title: str, lead: str, sections: Iterable[str]) -> str:
    """A whole page: a heading, a line below it, and sections of HTML. Empty sections are left out."""
    css = files("nasbench.report.common").joinpath("report.css").read_text("utf-8")
    body = "\n".join(section for section in sections if section)
    charts = '<figure class="chart"' in body
    run = "\n".join(f"<script>{script}</script>" for script in scripts(charts))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(charts)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n'
        f"{body}\n</main>\n{run}\n</body>\n</html>\n"
    )


def served(text: str, data: str) -> tuple[str, str]:
    """A page as a server gives it, and its policy: `data` is more for its scripts, and it may ask the server."""
    charts = '<figure class="chart"' in text
    inside = text.replace(f'<meta http-equiv="Content-Security-Policy" content="{policy(charts)}">\n', "", 1)
    return inside.replace("</main>", f"{data}</main>", 1), policy(charts, live=True)


def numbers_row(numbers: Iterable[tuple[str, str, str]]) -> str:
    """The headline numbers of a page: (name, value, additional text)."""
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}"
        + (f"<small>{escape(more)}</small>" if more else "")
        + "</dd></div>"
        for name, value, more in numbers
    )
    return f'<dl class="numbers">{cells}</dl>'


def configuration(run: Mapping[str, Any]) -> str:
    """The command line, and every field of run.json."""
    plan = dict(mapping(run.get("plan")))
    recipe = mapping(plan.pop("recipe", None))
    known = ("schema", "command", "config", "argv", "plan", "versions", "hardware")
    blocks: list[tuple[str, Mapping[str, Any]]] = [
        ("Command", mapping(run.get("config"))),
        ("Plan", plan),
        (f"Recipe {recipe.get('name', '')}, version {recipe.get('version', '')}", recipe),
        ("Versions", mapping(run.get("versions"))),
        ("Hardware", mapping(run.get("hardware"))),
        ("Record", {name: value for name, value in run.items() if name not in known}),
    ]
    lists = "".join(f"<h3>{escape(title)}</h3>{facts(block)}" for title, block in blocks if block)
    line = f"<pre>{escape(command_line(run))}</pre>" if run.get("argv") else ""
    return f"<h2>Configuration</h2>\n{line}\n<details><summary>every field of run.json</summary>{lists}</details>"


def themed(svg: str) -> str:
    """A plot in the colours of the page's theme, light or dark."""

    def change(tag: str) -> str:
        for colour, name in ((GROUND, "card"), (INK, "ink"), (MUTED, "muted"), (GRID, "rule")):
            tag = tag.replace(colour, f"var(--{name})")
        return tag

    return in_tags(svg, change)


def table(
    columns: Iterable[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[str] = (),
    wrap: Sequence[str] = (),
    sortable: bool = False,
) -> str:
    """An HTML table. `left`: the text columns. `wrap`: the columns with long texts. All cells are escaped."""
    names = list(columns)
    marks = {name: ' class="wrap"' if name in wrap else ' class="left"' if name in left else "" for name in names}
    head = "".join(f'<th scope="col"{marks[name]}>{escape(shown(name))}</th>' for name in names).replace(
        'class="wrap"', 'class="left"'
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{marks[name]}>{escape(shown(value))}</td>" for name, value in zip(names, row, strict=True))
        + "</tr>"
        for row in rows
    )
    kind = ' class="sortable"' if sortable else ""
    return f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def facts(block: Mapping[str, Any]) -> str:
    """The names and values of a record as an HTML list."""
    entries = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(_plain(value))}</dd>" for name, value in block.items())
    return f'<dl class="facts">{entries}</dl>'


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value or "–"
    if value is None:
        return "–"
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r'[{}"\[\]]', "", text) or "–" if isinstance(value, Mapping | list | tuple) else text


def command_line(run: Mapping[str, Any]) -> str:
    """The command as it was typed."""
    argv = run.get("argv")
    return shlex.join(map(str, argv)) if isinstance(argv, list) else str(argv)


def wall_time(run: Mapping[str, Any]) -> str:
    """How long a run took, without the pauses between an interruption and what went on with it; a dash if it has not
    ended.

    A run of 0.1.0 wrote down only its dates: a dash too where the clock was set back between them.
    """
    if not run.get("ended"):
        return "–"
    try:
        seconds = run.get("wall_seconds")
        if seconds is None:
            dates = datetime.fromisoformat(run["ended"]), datetime.fromisoformat(run["started"])
            seconds = (dates[0] - dates[1]).total_seconds()
        return duration(seconds) if seconds >= 0 else "–"
    except (KeyError, TypeError, ValueError):
        return "–"


def minute(moment: object) -> str:
    """A time, rounded down to the minute, in UTC."""
    try:
        return f"{datetime.fromisoformat(str(moment)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return str(moment)


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, otherwise an empty mapping."""
    return value if isinstance(value, Mapping) else {}

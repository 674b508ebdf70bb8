"""Writes the guide to the lectures: docs/lectures.md, a section a theme, and docs/lectures_arithmetic.md.

    python benchmarks/lectures.py            writes both pages, and the charts in docs/img

What the commands print is looked at by `tests/unit/test_lectures.py`, which also holds that the pages are as written.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lectures_items import THEMES, Item, Theme

from nasbench.engine.models.zoo import listing, plot
from nasbench.report.models.lectures.arithmetic import page, table

DOCS = Path(__file__).resolve().parent.parent / "docs"
GUIDE, ARITHMETIC = DOCS / "lectures.md", DOCS / "lectures_arithmetic.md"
CHARTS = ("ilsvrc", "depth", "scaling", "pre-training", "complexity", "efficiency")
INTRODUCTION = """# The lectures, with the tool at hand

Written by `python benchmarks/lectures.py`. A section a theme; each row is an item of the lectures, the command that
shows it, and what it prints. A test runs every command and looks for what stands here; *slow* ones are in the slow
suite. Cards (`nasbench zoo NAME`) say how each number was verified. What slides print and what is counted here:
[the arithmetic of the slides](lectures_arithmetic.md)."""


def guide() -> str:
    """The page docs/lectures.md."""
    contents = "\n".join(f"- [{theme.heading}](#{_anchor(theme.heading)})" for theme in THEMES)
    return "\n\n".join([INTRODUCTION, contents, *(_section(theme) for theme in THEMES)]) + "\n"


def _section(theme: Theme) -> str:
    parts = [f"## {theme.heading}", theme.text]
    parts += [
        f"![{item.says}](img/lectures_{kind}.svg)"
        for item in theme.items
        for kind in CHARTS
        if f"--plot {kind} " in item.command
    ]
    return "\n\n".join([*parts, table(("the lectures", "command", "prints", "held by"), list(map(_row, theme.items)))])


def _row(item: Item) -> tuple[str, str, str, str]:
    if item.why_not:
        return item.says, "", "", item.why_not
    if item.elsewhere:
        return item.says, "", "", f"`{item.elsewhere}`"
    suite = "a test, slow" if item.slow else "a test"
    return item.says, f"`nasbench {item.command}`", ", ".join(item.prints), suite


def _anchor(heading: str) -> str:
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def main() -> None:
    """Writes pages and charts."""
    GUIDE.write_text(guide(), encoding="utf-8")
    ARITHMETIC.write_text(page(), encoding="utf-8")
    for kind in CHARTS:
        plot(kind, DOCS / "img" / f"lectures_{kind}.svg", listing() if kind == "complexity" else ())


if __name__ == "__main__":
    main()

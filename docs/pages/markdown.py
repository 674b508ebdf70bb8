"""Markdown that says what plain text says."""

import re
from collections.abc import Iterable, Iterator, Sequence

SPECIAL = re.compile(r"([\\*_<>\[\]#|~^{}])")
ALIGNED = re.compile(r"\S {2,}\S")


def escaped(text: str) -> str:
    """A text in one paragraph, in which nothing but `code` means anything."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") and len(part) > 1 else SPECIAL.sub(r"\\\1", part) for part in parts)


def cell(value: object) -> str:
    """What a table's cell shows; None is empty."""
    return "" if value is None else escaped(str(value))


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table of cells that are Markdown. The columns `right` are numbers."""
    rule = ["---:" if place in right else "---" for place in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *rows)) + "\n"


def code(text: str, language: str = "text") -> str:
    return f"```{language}\n{text}\n```\n"


def paragraphs(docstring: str) -> str:
    """A docstring, dedented, as Markdown: what is indented or stands in columns stays as it is."""
    return "\n".join(_blocks(docstring))


def _blocks(docstring: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", docstring.strip("\n")):
        lines = block.splitlines()
        kept = [line for line in lines if line.startswith("    ")]
        if len(kept) == len(lines):
            yield code("\n".join(line.removeprefix("    ") for line in lines))
            continue
        if kept and lines[0].endswith(":") and len(kept) == len(lines) - 1:
            starts = [line[4:] if line[4] == " " else f"- {line[4:]}" for line in kept]
            yield "\n".join(_listed([lines[0], *starts])) + "\n"
            continue
        if any(line.startswith("- ") for line in lines):
            yield "\n".join(_listed(lines)) + "\n"
            continue
        first = next((place for place, line in enumerate(lines) if ALIGNED.search(line.strip())), None)
        columns = sum(bool(ALIGNED.search(line.strip())) for line in lines)
        if first is None or columns < 2:
            yield escaped(block) + "\n"
            continue
        if first:
            yield escaped("\n".join(lines[:first])) + "\n"
        yield code("\n".join(lines[first:]))


def _listed(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a block that ends with a list: a paragraph, and the points, each on a line of its own."""
    points: list[str] = [""]
    for line in lines:
        if line.startswith("- "):
            points.append(line.removeprefix("- "))
        else:
            points[-1] += " " + line
    if points[0].strip():
        yield escaped(points[0]) + "\n"
    yield from (f"- {escaped(point)}" for point in points[1:])


def fenced(directive: str, argument: str, body: str, depth: int = 3, options: Sequence[str] = ()) -> str:
    """A directive of MyST; `depth` is how many colons its fence has, more than those of what is inside."""
    fence = ":" * depth
    given = "".join(f":{option}:\n" for option in options)
    return f"{fence}{{{directive}}} {argument}\n{given}\n{body.rstrip()}\n{fence}\n"


def toctree(names: Iterable[str], *options: str) -> str:
    return fenced("toctree", "", "\n".join(names), options=options).replace("} \n", "}\n")

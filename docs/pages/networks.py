"""The zoo's table, and the spaces' with their published cells."""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import log10, prod

from nasbench.core.arch import Range
from nasbench.core.count_text import quantity
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import spaces
from nasbench.engine.parts.networks import Row, rows
from pages.markdown import cell, table

BUILT_BY = {"own": "nasbench"}
"""What a card calls nasbench itself."""


def pages() -> Mapping[str, str]:
    """The two pages."""
    known = rows()
    zoo = [row for row in known if ":" not in row.name]
    return {"zoo.md": zoo_page(zoo), "spaces.md": spaces_page([row for row in known if ":" in row.name])}


def zoo_page(zoo: list[Row]) -> str:
    """All networks by family and year, with counts and where they come from."""
    by_family: dict[str, list[Row]] = {}
    for row in zoo:
        by_family.setdefault(row.card.family, []).append(row)
    origins = Counter(BUILT_BY.get(row.card.origin, row.card.origin) for row in zoo)
    built = ", ".join(f"{count} built by {origin}" for origin, count in origins.most_common())
    lines = [
        "# The zoo\n",
        f"{quantity(len(zoo), 'hand-designed network')}, as `nasbench zoo` lists them ({built}). Parameters "
        "and multiply-adds are exact counts of the form for the given image. `nasbench zoo NAME` shows a card with "
        "published results and how the counts were verified; `nasbench profile zoo:NAME` counts layer by layer.\n",
    ]
    for family, members in sorted(by_family.items(), key=lambda item: item[1][0].card.year):
        lines += [f"## {family}\n", table(*_zoo_table(members), right=(1, 3, 4))]
    return "\n".join(lines)


def _zoo_table(members: list[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    header = ("network", "year", "image, classes", "parameters", "multiply-adds", "weights", "source")
    return header, [tuple(_zoo_row(row)) for row in members]


def _zoo_row(row: Row) -> Iterator[str]:
    card, task = row.card, row.card.task
    yield f"`{row.name}`"
    yield str(card.year or "")
    yield f"{task.image_size} px, {task.num_classes:,}".replace(" ", "\u00a0")
    yield _count(card.params)
    yield _count(card.macs)
    yield "published" if row.pretrained else ""
    yield cell(card.paper)


def spaces_page(published: list[Row]) -> str:
    """Each space: what it decides, how many encodings there are, and its published networks."""
    overview, sections = [], []
    for name in spaces.names():
        space: SearchSpace = spaces.make(name)
        sizes = Counter("a number" if isinstance(each, Range) else len(each.options) for each in space.choices)
        cells = [row for row in published if row.name.startswith(f"space:{name}:")]
        told = cell(spaces.describe(name))
        overview.append(
            (
                f"[{name}](#{name})",
                told,
                str(len(space.choices)),
                _encodings(space),
                str(len(cells)),
            )
        )
        sections += [f"## {name}\n", f"{told[:1].upper()}{told[1:]}.\n", _decisions(sizes), _size(space)]
        if cells:
            header = ("MODEL", "year", "image, classes", "parameters", "multiply-adds", "source")
            taken = [[each for place, each in enumerate(_zoo_row(row)) if place != 5] for row in cells]
            sections.append(table(header, taken, right=(1, 3, 4)))
    header = ("space", "what", "decisions", "encodings", "published networks")
    text = (
        "# Search spaces\n\nAs `nasbench list spaces` has them, at the settings that they have by default. *Encodings* "
        "is the product of the options of all decisions; several of them may spell one network.\n"
    )
    return "\n".join([text, table(header, overview, right=(2, 3, 4)), *sections])


def _decisions(sizes: Mapping[object, int]) -> str:
    told = [
        f"{quantity(count, 'decision')} among {size} options"
        if size != "a number"
        else f"{quantity(count, 'number')} in a range"
        for size, count in sorted(sizes.items(), key=lambda item: -item[1])
    ]
    return f"Decisions: {', '.join(told)}."


def _size(space: SearchSpace) -> str:
    size = space.default_size
    skeleton = f", skeleton `{size.skeleton}`" if size.skeleton else ""
    return f"\nSize unless another is given: depth {size.depth:g}, width {size.width:g}{skeleton}.\n"


def _encodings(space: SearchSpace) -> str:
    if any(isinstance(each, Range) for each in space.choices):
        return "not countable"
    count = prod(len(each.options) for each in space.choices if not isinstance(each, Range))
    if count < 10**7:
        return f"{count:,}"
    exponent = int(log10(count))
    return f"{count / 10**exponent:.1f} · 10{_raised(exponent)}"


def _raised(exponent: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(exponent))


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"

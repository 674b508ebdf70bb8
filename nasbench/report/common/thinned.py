"""What a page can hold of a long run: dots, marks and rows, spread evenly over it, with a sentence that says so.

A browser draws some thousands of dots and rows at once; a run may have a hundred thousand trials.
"""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

MOST_DOTS = 2000
"""Trials that have dots in the figures of a page."""
MOST_POINTS = 1500
"""Points of a line, and marks of one kind."""
MOST_ROWS = 500
"""Rows of a table."""


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items: the first, the last, and others evenly between them."""
    count = len(items)
    if count <= most:
        return list(items)
    return [items[place * (count - 1) // (most - 1)] for place in range(most)]


def rows_listed(rows: Sequence[Item], where: str, most: int = MOST_ROWS) -> tuple[list[Item], str]:
    """The rows that a table holds, and a sentence on how many there are; '' where all of them are listed."""
    if len(rows) <= most:
        return list(rows), ""
    return evenly(rows, most), f"Listed are {most:,} of {len(rows):,}, evenly spread; {where} has all."

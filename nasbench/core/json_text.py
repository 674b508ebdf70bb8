"""JSON that anybody may have edited, read strictly; and values of a user's own, checked before they are written.

Python's reader takes NaN, an infinite number, an object that names a field twice (the last one wins), and ends with a
RecursionError where lists lie in lists for thousands of levels. All of these are refused here with a reason, in reading
and in writing alike: what was written can be read.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite
from sys import intern
from typing import Any, BinaryIO

from nasbench.core.typed import shown

LONGEST_LINE = 32 * 2**20
"""Bytes of a line. A trial has some 4,000; a longer line than this was not written by nasbench."""
DEEPEST = 64
"""Levels of lists and objects inside each other."""
ALWAYS_FINITE = (str, dict, type(None))
MOST_BITS = 1000
"""Of a whole number: every such number has a float near to it."""


def parsed(text: str | bytes, finite: bool = True) -> Any:
    """The value. ValueError, with a reason for people, for what is no JSON, and for what is named above. Without
    `finite`, NaN and infinite numbers are let through.
    """
    whole = text.decode("utf-8") if isinstance(text, bytes) else text
    try:
        value = json.loads(whole.removeprefix("\ufeff"), object_pairs_hook=_finite_object if finite else _object)
    except RecursionError:
        raise ValueError(_too_deep()) from None
    if finite and not isinstance(value, dict) and is_infinite(value):
        raise ValueError(f"a number that can be used is wanted; got {shown(value)}")
    if whole.count("[") + whole.count("{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise ValueError(_too_deep())
    return value


def as_text(value: object, finite: bool = True) -> str:
    """The value as one line of JSON in ASCII. TypeError where it is no JSON, ValueError where it is too deep or longer
    than a line may be, or holds NaN or an infinite number; without `finite`, these are let through.
    """
    if _is_deeper(value, DEEPEST):
        raise ValueError(_too_deep())
    text = json.dumps(value, separators=(",", ":"), allow_nan=not finite)
    if len(text) >= LONGEST_LINE:
        raise ValueError(f"it takes {len(text):,} bytes; a line holds at most {LONGEST_LINE:,}")
    return text


def as_read(value: object) -> Any:
    """The value as its line gives it back: a tuple as a list, say. ValueError and TypeError as above."""
    return parsed(as_text(value))


def numbered_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line with its end), one after another: never more than a line in memory. LineTooLong for one that
    nothing here wrote.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise LineTooLong(number)
        yield number, line


class LineTooLong(ValueError):
    """The error for a line of more than LONGEST_LINE bytes; `number` is its number in the file."""

    def __init__(self, number: int) -> None:
        super().__init__(f"it is longer than {LONGEST_LINE:,} bytes")
        self.number = number


def is_infinite(value: object) -> bool:
    """Whether a value is, or holds, a number that no finite float is near to: NaN, infinity, 10**400."""
    if isinstance(value, Mapping):
        return any(map(is_infinite, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_infinite, value))
    if isinstance(value, float):
        return not isfinite(value)
    return isinstance(value, int) and value.bit_length() > MOST_BITS


def _is_deeper(value: object, levels: int) -> bool:
    if isinstance(value, Mapping):
        return levels == 0 or any(_is_deeper(each, levels - 1) for each in value.values())
    if isinstance(value, list | tuple):
        return levels == 0 or any(_is_deeper(each, levels - 1) for each in value)
    return False


def _too_deep() -> str:
    return f"lists and objects lie in each other for more than {DEEPEST} levels"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {intern(name): value for name, value in pairs}
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the field {shown(twice)} is there twice")
    return found


def _finite_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = _object(pairs)
    for name, value in pairs:
        if not isinstance(value, ALWAYS_FINITE) and is_infinite(value):
            raise ValueError(f"the field {shown(name)} holds no number that can be used; got {shown(value)}")
    return found

"""A log of lines in a store that cannot append: numbered objects, which joined are the file.

    trials/000002-000000000000-000000001834.jsonl      writer 2, bytes 0 to 1834 of the file
    trials/000002-000000001834-000000002297.jsonl      and what came after them

An object is one trial's lines, or what many were joined to. Its name says which bytes it has, so one that was cut
short is known. Each writer begins with all that was there, under a number of its own, and the highest number holds:
what a writer that was thought dead still writes is not read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError
from nasbench.storage.objects import Objects, Readable

NAME = re.compile(r"(?P<writer>[0-9]{6})-(?P<start>[0-9]{12})-(?P<end>[0-9]{12})\.jsonl")
MOST = 100
"""So many small objects are joined to one."""
LISTS = 3
"""So often the objects are listed before a hole among them is believed."""


@dataclass(frozen=True)
class Segment:
    """Some bytes of a log."""

    writer: int
    start: int
    end: int

    def name(self, folder: str) -> str:
        return f"{folder}/{self.writer:06d}-{self.start:012d}-{self.end:012d}.jsonl"


def segments(folder: str, sizes: Mapping[str, int]) -> list[Segment]:
    """Those among the objects of a run that are whole. UsageError for a name that is none of ours."""
    found = []
    for name, size in sizes.items():
        if not name.startswith(f"{folder}/"):
            continue
        match = NAME.fullmatch(name.removeprefix(f"{folder}/"))
        if match is None:
            raise UsageError(f"{name} in the storage is no part of a log of nasbench: move it away, then try again")
        segment = Segment(int(match["writer"]), int(match["start"]), int(match["end"]))
        if size == segment.end - segment.start:
            found.append(segment)
    return found


def chain(found: list[Segment]) -> list[Segment]:
    """The segments that are the log: of the last writer that wrote its beginning, each where the one before ends."""
    writer = max((each.writer for each in found if each.start == 0), default=0)
    longest: dict[int, Segment] = {}
    for each in found:
        if each.writer == writer and each.end >= longest.get(each.start, each).end:
            longest[each.start] = each
    joined: list[Segment] = []
    end = 0
    while end in longest and (not joined or longest[end].end > end):
        joined.append(longest[end])
        end = joined[-1].end
    return joined


def hole(found: list[Segment], have: int = 0) -> tuple[int, int] | None:
    """Which bytes are missing before others that are there; None where the log is whole, and where a file that has its
    first `have` bytes lacks nothing.
    """
    joined = chain(found)
    end = joined[-1].end if joined else 0
    later = [each for each in found if each.start > end and (not joined or each.writer == joined[0].writer)]
    return (end, min(each.start for each in later)) if any(each.end > have for each in later) else None


def read_log(objects: Readable, folder: str, here: bytes = b"", lines: int = 0) -> bytes:
    """All lines of a log, those of a torn last one left out.

    UsageError where bytes in the middle are missing, since each was there before the next was written, where all of it
    is, since a run that is kept has a log, which may be empty, from its start, and where there are fewer than `lines`,
    which it had; unless who asks has what is missing: `here` are the lines of the log that it has.
    """
    asked = 0
    while True:
        found = segments(folder, objects.sizes(folder))
        asked += 1  # a list that was made while segments were joined may lack some
        if (missing := hole(found, len(here))) is not None or not (found or here):
            if asked < LISTS:
                continue
            what = "all lines" if missing is None else f"bytes {missing[0]:,} to {missing[1]:,}"
            raise UsageError(_lost(f"{what} of the log {folder!r}"))
        try:
            parts = [objects.read(each.name(folder)) for each in chain(found)]
        except FileNotFoundError:  # joined meanwhile to a larger one
            continue
        kept = b"".join(parts)
        kept = kept[: kept.rfind(b"\n") + 1]
        there = max(kept.count(b"\n"), here.count(b"\n"))
        if there >= lines:
            return kept
        if asked >= LISTS:
            raise UsageError(
                _lost(f"{quantity(lines - there, 'line')} at the end of the log {folder!r}, which had {lines:,},")
            )


def _lost(what: str) -> str:
    return (
        f"{what} are missing in the storage: objects there were deleted or cut short. Nothing was changed. Put them "
        "back, or go on from a directory that has the whole run."
    )


@final
class SegmentedLog:
    """A file of this machine that is kept in a store as segments of one writer."""

    def __init__(self, objects: Objects, folder: str, file: Path, writer: int) -> None:
        self._objects, self._folder, self._file, self._writer = objects, folder, file, writer
        self._parts: list[Segment] = []
        self._joined = 1
        """How many of them are large: what was there at the beginning, and what was joined since."""

    def begin(self) -> None:
        """Writes the file as it is, in one, then deletes what earlier writers wrote."""
        earlier = segments(self._folder, self._objects.sizes(self._folder))
        self._put(0, self._lines_from(0))
        for each in earlier:
            if each != self._parts[0]:
                self._objects.delete(each.name(self._folder))

    def sync(self) -> None:
        """Writes the lines that were added to the file. When this returns, they are there."""
        end = self._parts[-1].end
        if lines := self._lines_from(end):
            self._put(end, lines)
        if len(self._parts) - self._joined > MOST:
            self._join()

    def _join(self) -> None:
        """The small segments to one."""
        small = self._parts[self._joined :]
        self._parts = self._parts[: self._joined]
        self._put(small[0].start, self._lines_from(small[0].start))
        self._joined = len(self._parts)
        for each in small:
            self._objects.delete(each.name(self._folder))

    def _put(self, start: int, lines: bytes) -> None:
        segment = Segment(self._writer, start, start + len(lines))
        self._objects.write(segment.name(self._folder), lines)
        self._parts.append(segment)

    def _lines_from(self, start: int) -> bytes:
        """The whole lines from that byte on."""
        try:
            with open(self._file, "rb") as file:
                file.seek(start)
                found = file.read()
        except FileNotFoundError:
            return b""
        return found[: found.rfind(b"\n") + 1]

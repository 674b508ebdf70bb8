"""`curves.jsonl`: what trainings reported after each epoch, read line by line.

Derived: losing it costs curves, no trial. Numbers in it may be NaN, as a loss that exploded is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.json_text import LineTooLong, numbered_lines, parsed
from nasbench.core.plain_file import check_plain
from nasbench.core.shown import sentence
from nasbench.core.typed import fits, shown

CURVES = "curves.jsonl"
FIELDS = {"number": int, "seed": int, "epoch": int}
AGAIN = "said_again"
"""In a report: it repeats what was reported before, to this run or to another. It is news where this run lacks it."""


def read_epochs(directory: Path) -> Iterator[dict[str, Any]]:
    """The complete lines: number of the trial, seed, name, epoch and metrics. UsageError with the number of a line that
    is none.
    """
    path = directory / CURVES
    if not path.exists():
        return
    check_plain(path)
    number = 0
    try:
        with open(path, "rb") as file:
            for number, line in numbered_lines(file):  # noqa: B007 - an error names it
                if line.endswith(b"\n") and line.strip():
                    yield _checked(parsed(line, finite=False))
    except LineTooLong as error:
        raise _refused(path, error.number, error) from error
    except ValueError as error:
        raise _refused(path, number, error) from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def each_epoch_once(directory: Path) -> Iterator[dict[str, Any]]:
    """The same, each epoch of a trial once: what was reported last, where it was reported first.

    Only trials that were begun again are held in memory.
    """
    last: dict[int, int] = {}
    again: set[int] = set()
    for line in read_epochs(directory):
        before = last.get(line["number"], -1)
        if line["epoch"] <= before:
            again.add(line["number"])
        last[line["number"]] = max(before, line["epoch"])
    latest = {(line["number"], line["epoch"]): line for line in read_epochs(directory) if line["number"] in again}
    for line in read_epochs(directory):
        if line["number"] not in again:
            yield line
        elif (found := latest.pop((line["number"], line["epoch"]), None)) is not None:
            yield found


def _checked(line: object) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise UsageError(f"it is no object with named fields: {shown(line)}")
    for name, kind in FIELDS.items():
        if not fits(line.get(name), kind):
            raise UsageError(f"the field {name!r} must be a whole number; got {shown(line.get(name))}")
    if not isinstance(line.get("name", ""), str):
        raise UsageError(f"the field 'name' must be a text; got {shown(line['name'])}")
    return line


def _refused(path: Path, number: int, error: Exception) -> UsageError:
    return UsageError(
        f"line {number} of {path} is not what a training reported: {sentence(error)} Delete that line, or the file: "
        "that costs curves, and no trial."
    )

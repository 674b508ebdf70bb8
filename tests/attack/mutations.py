"""Files as they come to be wrong: bytes flipped, cut off, lines doubled and swapped, values of other types, and things
that are no files at all in their place.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

DEEP = 20_000
"""Lists inside one another: more than a parser that calls itself can follow."""
MARKS = {'"@deep@"': "[" * DEEP + "]" * DEEP, '"@long@"': "9" * 5000}
"""What stands in VALUES for lists inside one another, and for a number too long for Python's parser."""
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 7, 10**6, 10**18, 10**400, -(10**30), 0.5, -0.5, 1e-320, 1e308, 1e15),
    *(float("nan"), float("inf"), float("-inf"), "", "x", "1", "ok", "none", "\ud800", "\0", "\x1b[31mred", "a" * 5000),
    *(
        "../../../elsewhere",
        "/dev/null",
        "$(touch pwned)",
        "<script>alert(1)</script>",
        "space:nowhere",
        "zoo:",
        "ü☃\u202e",
    ),
    *([], {}, [[]], {"": ""}, [None], [1, "a", {}], "@deep@", "@long@"),
)


def flip(data: bytes, rng: Random) -> bytes:
    """One to eight bytes become others."""
    found = bytearray(data or b"\0")
    for _ in range(rng.randint(1, 8)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def flip_bit_at_the_start(data: bytes, rng: Random) -> bytes:
    """One bit in the first 64 bytes, where formats say what they are and how long."""
    found = bytearray(data or b"\0")
    found[rng.randrange(min(64, len(found)))] ^= 1 << rng.randrange(8)
    return bytes(found)


def cut(data: bytes, rng: Random) -> bytes:
    """Only the first part is there."""
    return data[: rng.randrange(max(1, len(data)))]


def cut_out(data: bytes, rng: Random) -> bytes:
    """A piece in the middle is missing."""
    first, last = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:first] + data[last:]


def double_a_line(data: bytes, rng: Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    index = rng.randrange(len(lines))
    return b"".join([*lines[: index + 1], *lines[index:]])


def swap_lines(data: bytes, rng: Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def drop_a_line(data: bytes, rng: Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def empty(data: bytes, rng: Random) -> bytes:
    return b""


def zeros(data: bytes, rng: Random) -> bytes:
    """As a file system leaves a file of which it knew the length alone."""
    return bytes(len(data))


def garbage(data: bytes, rng: Random) -> bytes:
    return rng.randbytes(rng.randrange(1, 4000))


def utf_16(data: bytes, rng: Random) -> bytes:
    return data.decode("utf-8", errors="replace").encode("utf-16")


def byte_order_mark(data: bytes, rng: Random) -> bytes:
    return b"\xef\xbb\xbf" + data


def other_line_ends(data: bytes, rng: Random) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\x0b\n")))


def deep(data: bytes, rng: Random) -> bytes:
    return b"[" * DEEP + b"]" * rng.choice((0, DEEP)) + b"\n"


def long_line(data: bytes, rng: Random) -> bytes:
    return b'{"a": "' + b"x" * 3_000_000 + b'"}\n'


def swap_a_value(data: bytes, rng: Random) -> bytes:
    """A value somewhere in JSON, of one of its lines, becomes another, often of another type; or a field is renamed,
    lost, or new.
    """
    lines = data.splitlines(keepends=True)
    whole = not all(line.rstrip().endswith(b"}") for line in lines)
    index = 0 if whole or not lines else rng.randrange(len(lines))
    text = data if whole or not lines else lines[index]
    try:
        value = json.loads(text)
    except ValueError:
        return flip(data, rng)
    for _ in range(rng.choice((1, 1, 1, 2))):
        value = _changed(value, rng)
    new = _written(value, indent=2 if whole else None) + b"\n"
    return new if whole or not lines else b"".join([*lines[:index], new, *lines[index + 1 :]])


def swap_a_cell(data: bytes, rng: Random) -> bytes:
    """A cell of a table becomes another."""
    lines = data.decode("utf-8", errors="replace").splitlines()
    if not lines:
        return b","
    index = rng.choice((0, rng.randrange(len(lines))))
    cells = lines[index].split(",")
    words = ("", "nan", "inf", "1e999", "-1", "x", '"', "1,5", "NULL", "0x10", "１", "\0", "=1+1", "9" * 400, "1_0")
    cells[rng.randrange(len(cells))] = rng.choice((*words, cells[0]))
    lines[index] = ",".join(cells)
    return "\n".join(lines).encode() + b"\n"


def zipped(data: bytes, rng: Random) -> bytes:
    """Compressed, though its name does not say so, or doubly."""
    return gzip.compress(data)


def inside_gzip(data: bytes, rng: Random) -> bytes:
    """The content of a compressed file is changed, and compressed again."""
    try:
        inner = gzip.decompress(data)
    except (OSError, EOFError):
        return flip(data, rng)
    return gzip.compress(rng.choice((flip, cut, double_a_line, drop_a_line, swap_a_cell))(inner, rng))


def header(data: bytes, rng: Random) -> bytes:
    """The header of a safetensors file, which is JSON with its length before it, is changed."""
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        return flip(data, rng)
    try:
        new = _written(_changed(json.loads(data[8 : 8 + length]), rng))
    except ValueError:
        return flip(data, rng)
    said = rng.choice((len(new), len(new), 2**63, 0, len(data)))
    return said.to_bytes(8, "little") + new + data[8 + length :]


def _written(value: Any, indent: int | None = None) -> bytes:
    text = json.dumps(value, indent=indent)
    for mark, meant in MARKS.items():
        text = text.replace(mark, meant)
    return text.encode()


def _changed(value: Any, rng: Random) -> Any:
    """The JSON value with one thing in it changed."""
    places = [place for place in _places(value) if place]
    if not places:
        return rng.choice(VALUES)
    place = rng.choice(places)
    found = json.loads(json.dumps(value))
    inside = found
    for key in place[:-1]:
        inside = inside[key]
    key, what = place[-1], rng.random()
    if what < 0.1:
        del inside[key]
    elif what < 0.15 and isinstance(inside, dict):
        inside[rng.choice(("", "new", str(key) + "x", str(key).upper()))] = inside.pop(key)
    elif what < 0.2 and isinstance(inside, list):
        inside += inside * rng.choice((1, 40))
    elif what < 0.25 and isinstance(inside[key], str):
        inside[key] = inside[key] + rng.choice((" ", "\0", "\ud800", "x" * 300, "\n", "/.."))
    elif what < 0.35 and isinstance(inside[key], int | float):
        inside[key] = inside[key] * rng.choice((-1, 10, 10**6, 10**15)) + rng.choice((0, 1, 0.5))
    else:
        inside[key] = rng.choice(VALUES)
    return found


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from _places(each, (*place, key))


Mutation = Callable[[bytes, Random], bytes]
ANY: tuple[Mutation, ...] = (flip, flip, flip_bit_at_the_start, cut, cut, cut_out, empty, zeros, garbage)
TEXT: tuple[Mutation, ...] = (double_a_line, swap_lines, drop_a_line, utf_16, byte_order_mark, other_line_ends)
JSON: tuple[Mutation, ...] = (*[swap_a_value] * 16, deep, long_line)
BY_SUFFIX: Mapping[str, tuple[Mutation, ...]] = {
    ".json": (*ANY, *TEXT, *JSON),
    ".jsonl": (*ANY, *TEXT, *TEXT, *JSON),
    ".csv": (*ANY, *TEXT, *[swap_a_cell] * 10, zipped, long_line),
    ".gz": (*ANY, *[inside_gzip] * 8, zipped),
    ".safetensors": (*ANY, *[header] * 8),
}
"""What may happen to a file of that kind; ANY to every other."""


def a_directory(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    """Opening it waits for a writer that never comes."""
    os.mkfifo(path)


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.symlink_to("no_such_file")


def unreadable(path: Path) -> None:
    """Reading it is an error even for root."""
    path.symlink_to("/proc/self/mem")


def a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


THINGS: tuple[Callable[[Path], None], ...] = (a_directory, a_pipe, a_loop, nowhere, unreadable, a_device)
THING_SHARE = 0.12


def mutate(path: Path, rng: Random) -> str:
    """Changes the file for the worse; says how."""
    data = path.read_bytes()
    if rng.random() < THING_SHARE:
        thing = rng.choice(THINGS)
        path.unlink()
        thing(path)
        return thing.__name__
    mutation = rng.choice(BY_SUFFIX.get(path.suffix, ANY))
    path.write_bytes(mutation(data, rng))
    return mutation.__name__

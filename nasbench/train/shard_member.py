"""The name of an image inside a tar file, as a path that says where its bytes lie: shard.tar/@OFFSET+SIZE/name."""

import io
import os
import re
from typing import IO

PATTERN = re.compile(r"(?s)^(.*\.tar)/@(\d+)\+(\d+)/(.*)$")


def member_name(shard: str, offset: int, size: int, name: str) -> str:
    """The name of the image `name` in `shard`, whose `size` bytes start at `offset`."""
    return f"{shard}/@{offset}+{size}/{name}"


def shard_of(path: str | os.PathLike[str]) -> tuple[str, int, int] | None:
    """The shard, the offset and the size of an image in one; None for a file."""
    found = PATTERN.match(os.fspath(path))
    return None if found is None else (found[1], int(found[2]), int(found[3]))


def opened(path: str | os.PathLike[str]) -> "str | os.PathLike[str] | IO[bytes]":
    """What an image is read from: a file's path, or the bytes of an image in a shard. OSError if it is not there."""
    member = shard_of(path)
    if member is None:
        return path
    shard, offset, size = member
    with open(shard, "rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) < size:
        raise OSError(f"the shard ends within it, after {len(data):,} of {size:,} bytes")
    return io.BytesIO(data)

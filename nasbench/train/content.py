"""What a data set's images and labels are, as a short digest that is cheap to take.

Images in memory are read whole. Of images in files, the names, labels, sizes and times of change of all count, and the
bytes of a sample: an edit that changes none of these is not seen.
"""

import hashlib
import os
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.train.data import AnySplit, FileSplit, Split
from nasbench.train.decoding import FLOATS, NEGATIVE, SCALED, SCALED_DARK, SILHOUETTE, TURNED, read_noted
from nasbench.train.paths import texts
from nasbench.train.shard_member import shard_of

SAMPLE = 64
"""Files whose bytes are read, evenly spread over the split."""
CHANGED_SINCE = frozenset((TURNED, SCALED, SCALED_DARK, FLOATS, NEGATIVE, SILHOUETTE))
"""What is done to images since nasbench 0.2: a data set that needs it is another one than before."""
BYTES = 2**16
"""Read from the start of each file of the sample."""


def content_of(split: AnySplit, root: Path | None = None) -> str:
    """32 hexadecimal digits. Names of files count from `root` on, else from the folder that all of them share."""
    return _of_files(split, root) if isinstance(split, FileSplit) else _of_images(split)


def _of_images(split: Split) -> str:
    digest = hashlib.blake2b(repr(tuple(split.images.shape)).encode(), digest_size=16)
    for tensor in (split.labels, split.images):
        digest.update(tensor.cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _of_files(split: FileSplit, root: Path | None) -> str:
    digest = hashlib.blake2b(digest_size=16)
    paths = texts(split.paths)
    start = str(root) if root is not None else os.path.commonpath({os.path.dirname(path) for path in paths})
    above = os.path.join(start, "")
    for path, label in zip(paths, split.labels, strict=True):
        size, time = _size_and_time(path)
        digest.update(os.fsencode(f"{_below(path, above, start)}\0{label}\0{size}\0{time}\n"))
    sample = paths[:: max(1, len(paths) // SAMPLE)]
    for path in sample:
        digest.update(_first_bytes(path))
    if any(_is_not_taken_as_it_is(path) for path in sample):
        digest.update(b"read as their files say")
    return digest.hexdigest()


def _below(path: str, above: str, start: str) -> str:
    """The path from `start` on, as `os.path.relpath` gives it, which takes ten times as long. `above` is `start` with a
    slash at its end.
    """
    rest = path[len(above) :]
    plain = path.startswith(above) and not rest.startswith(("/", ".")) and "//" not in rest and "/." not in rest
    return rest if plain else os.path.relpath(path, start)


def _size_and_time(path: str) -> tuple[int, int]:
    """Zeros for a file that cannot be read, such as a broken link: whoever reads it says so."""
    try:
        member = shard_of(path)
        known = os.stat(path if member is None else member[0])
    except OSError:
        return 0, 0
    return known.st_size, known.st_mtime_ns


def _first_bytes(path: str) -> bytes:
    try:
        if (member := shard_of(path)) is not None:
            shard, offset, size = member
            with open(shard, "rb") as file:
                file.seek(offset)
                return file.read(min(BYTES, size))
        with open(path, "rb") as file:
            return file.read(BYTES)
    except OSError:
        return b""


def _is_not_taken_as_it_is(path: str) -> bool:
    """Whether the image is turned, scaled or the like when it is read: nasbench 0.1.0 took its bytes another way."""
    try:
        return bool(set(read_noted(path)[1]) & CHANGED_SINCE)
    except UsageError:
        return False

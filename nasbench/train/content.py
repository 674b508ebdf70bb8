"""What a data set's images and labels are, as a short digest that is cheap to take.

Images in memory are read whole. Of images in files, the names, labels, sizes and times of change of all count, and the
bytes of a sample: an edit that changes none of these is not seen.
"""

import hashlib
import os
from pathlib import Path

from nasbench.train.data import AnySplit, FileSplit, Split

SAMPLE = 64
"""Files whose bytes are read, evenly spread over the split."""
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
    start = str(root) if root is not None else os.path.commonpath([str(path.parent) for path in split.paths])
    for path, label in zip(split.paths, split.labels, strict=True):
        known = path.stat()
        digest.update(f"{os.path.relpath(path, start)}\0{label}\0{known.st_size}\0{known.st_mtime_ns}\n".encode())
    for path in split.paths[:: max(1, len(split.paths) // SAMPLE)]:
        with open(path, "rb") as file:
            digest.update(file.read(BYTES))
    return digest.hexdigest()

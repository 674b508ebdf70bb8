"""Images in tar files: the shards that WebDataset's tools write, or folders of classes that were packed as they are.

    train/*.tar  val/*.tar    `val` is the test split; validation is a part of `train`

In a shard an image is of the class in `<key>.cls` beside it (a number from 0 on), else of the last folder in its own
name (`cat/1.jpg`). A shard's list of contents is read once. After that each image is read from where it lies in the
shard, so that images are shuffled as files are. What is no image is left out and counted, by the same kinds as in
folders.
"""

import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.registry import datasets
from nasbench.core.shown import sentence
from nasbench.train.data import FileSplit
from nasbench.train.folders import Folder, Splits
from nasbench.train.layout import Layout, needs
from nasbench.train.listing import LINKS, OTHER, SPECIAL, is_foreign, is_image_name
from nasbench.train.location import checked_root
from nasbench.train.paths import Paths, printable
from nasbench.train.reading import Kind
from nasbench.train.shard_member import member_name

SUFFIX = ".tar"
LABEL = ".cls"


@dataclass(frozen=True)
class Member:
    """An image in a shard: its name there, the class as the shard says it, and where its bytes lie."""

    name: str
    label: str
    offset: int
    size: int


@dataclass(frozen=True)
class Contents:
    """A shard: its images, and by kind the names of what is none."""

    images: tuple[Member, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shards(Folder):
    """The images in the tar files under `path`; see `Folder` for the fields."""

    name: str = "shards"

    def _root(self, data_dir: Path | None) -> Path:  # noqa: ARG002 - the path is always given
        assert self.path is not None
        return checked_root(self.path, self.name, True)

    def _layout(self, root: Path) -> Layout:
        for split in ("train", "val"):
            if not shards_in(root / split):
                raise UsageError(f"no {SUFFIX} files in {root / split}. {needs(root, self.name)}")
        return Layout("train", "val", None, "val/*.tar are the test split; validation is a part of train/*.tar")

    def _names(self, root: Path, layout: Layout) -> tuple[str, ...]:  # noqa: ARG002 - there is one
        """The classes of training: by name, or in the order of their numbers."""
        labels = {member.label for shard in shards_in(root / "train") for member in contents_of(shard).images}
        if len(labels) < 2:
            raise UsageError(f"the shards in {root / 'train'} have {len(labels)} class(es); two at least are needed")
        if all(label.isdecimal() for label in labels):
            return tuple(map(str, range(max(map(int, labels)) + 1)))
        return tuple(sorted(labels))

    def _splits(self, root: Path, layout: Layout, names: Sequence[str]) -> Splits:  # noqa: ARG002
        number = {name: index for index, name in enumerate(names)}
        found = {split: self._members(root, split, number) for split in ("train", "val")}
        left_out = self.reading.left_out
        left_out.clear()
        for shard in (shard for split in found for shard in shards_in(root / split)):
            for kind, name in contents_of(shard).left_out:
                left_out.setdefault(kind, Kind()).add(f"{shard.relative_to(root)}/{name}")
        return Splits(found["train"], None, found["val"])

    def _members(self, root: Path, split: str, number: dict[str, int]) -> FileSplit:
        listed: list[tuple[int, str]] = []
        for shard in shards_in(root / split):
            inside = os.path.join(split, shard.name)
            for member in contents_of(shard).images:
                label = member.label
                if label not in number and label.isdecimal():
                    label = str(int(label))
                if label not in number:
                    raise UsageError(
                        f"{printable(shard)} has an image of class {member.label!r}, which no training image has"
                    )
                listed.append((number[label], member_name(inside, member.offset, member.size, member.name)))
        listed.sort(key=lambda each: each[0])
        paths = Paths(str(root), (name for _, name in listed))
        return FileSplit(paths, tuple(label for label, _ in listed), self.corrupt, self.reading)


datasets.register("shards")(Shards)


def shards_in(folder: Path) -> list[Path]:
    """The tar files in a folder, sorted."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file())


def contents_of(shard: Path) -> Contents:
    """What is in a tar file, in its order. UsageError if it cannot be read, or does not say a class."""
    known = shard.stat()
    return _contents_of(shard, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=4096)
def _contents_of(shard: Path, _size: int, _time: int) -> Contents:
    labels: dict[str, str] = {}
    images: list[tuple[str, int, int]] = []
    left_out: list[tuple[str, str]] = []
    try:
        with tarfile.open(shard, "r:") as archive:
            for each in archive:
                if (kind := _left_out_as(each)) is not None:
                    left_out.append((kind, each.name))
                elif each.name.endswith(LABEL):
                    content = archive.extractfile(each)
                    assert content is not None
                    labels[_key(each.name)] = content.read(64).decode("ascii").strip()
                elif each.isfile():
                    images.append((each.name, each.offset_data, each.size))
    except (tarfile.TarError, OSError, EOFError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the shard {printable(shard)}: {sentence(error)} Replace it.") from error
    found = []
    for name, offset, size in images:
        label = labels.get(_key(name), os.path.basename(os.path.dirname(name)))
        if not label:
            raise UsageError(
                f"{printable(shard)} does not say the class of {printable(name)}: a file {_key(name)}{LABEL} with a "
                "number is missing, or a folder in its name"
            )
        found.append(Member(name, label, offset, size))
    return Contents(tuple(found), tuple(left_out))


def _left_out_as(entry: tarfile.TarInfo) -> str | None:
    """The kind of an entry that is neither a folder, nor an image, nor says a class; None for these."""
    for part in entry.name.split("/"):
        if part != "." and (kind := is_foreign(part)) is not None:
            return kind
    if entry.issym() or entry.islnk():
        return LINKS
    if not entry.isfile():
        return None if entry.isdir() else SPECIAL
    return None if entry.name.endswith(LABEL) or is_image_name(os.path.basename(entry.name)) else OTHER


def _key(name: str) -> str:
    """WebDataset's key: the name up to the first dot after the last slash."""
    folder, base = os.path.split(name)
    return os.path.join(folder, base.partition(".")[0])

"""How the folder of a data set is laid out: which folders hold which split, or which file belongs to which split.

train/<class>  val/<class>                  val is the test split; validation is a part of train
train/<class>  test/<class>                 the same with test
train/<class>  val/<class>  test/<class>    each is what it is called
<class>                                     each file's split follows from a hash of its name
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.train.listing import is_image_name, subfolders
from nasbench.train.paths import printable
from nasbench.train.shares import SPLIT_SEED, TEST_SHARE, VALIDATION_SHARE

VALIDATION_NAMES = ("val", "valid", "validation")
SPLIT_NAMES = frozenset(
    ("train", "training", "val", "valid", "validation", "dev", "eval", "evaluation", "test", "testing")
)
"""Folders with these names, in small letters, are taken for splits, and not for classes."""


@dataclass(frozen=True)
class Layout:
    """Where the splits of a data set lie, as folders under its root.

    Attributes:
        train: the folder with the class folders of training; "" for the root itself, whose files are split by name.
        test: the folder of the test split; None where files are split by name.
        val: the folder of the validation split; None where it is a part of `train`.
        text: the same in words.
    """

    train: str
    test: str | None
    val: str | None
    text: str

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder that holds class folders, training first."""
        return tuple(folder for folder in (self.train, self.val, self.test) if folder is not None)


def find_layout(root: Path, name: str, val_is_test: bool) -> Layout:
    """The layout of the data set `name` at `root`. With `val_is_test`, `val` is the test split whatever else is there.

    UsageError where it is none of those above.
    """
    found = subfolders(root)
    if "train" not in found or (not val_is_test and _is_class_named_train(root, found)):
        if val_is_test or not _may_be_classes(root, found):
            raise UsageError(f"no directory at {root / 'train'}{_instead(root)}. {needs(root, name, val_is_test)}")
        class_names(root)
        return Layout("", None, None, "split by a hash of their names, as there is no train/")
    class_names(root / "train")
    vals = ["val"] if val_is_test else [each for each in VALIDATION_NAMES if each in found]
    if len(vals) > 1:
        raise UsageError(f"{' and '.join(vals)} in {root} both say which images are for validation: keep one of them.")
    has_test = not val_is_test and "test" in found and bool(subfolders(root / "test"))
    unlabelled = "; test/ is not read: it has no class folders" if "test" in found and not has_test else ""
    if vals and has_test:
        return Layout("train", "test", vals[0], f"{vals[0]}/ is the validation split, test/ the test split")
    if vals:
        text = f"{vals[0]}/ is the test split; validation is a part of train/"
        return Layout("train", vals[0], None, text + unlabelled)
    if has_test:
        return Layout("train", "test", None, "test/ is the test split; validation is a part of train/")
    raise UsageError(
        f"no directory at {root / 'val'}{' or ' + str(root / 'test') if not val_is_test else ''}{unlabelled}. "
        "Put a folder of images for each class there."
    )


def needs(root: Path, name: str, val_is_test: bool = False) -> str:
    """What has to lie at `root`: one of the layouts above. With `val_is_test`, the first of them."""
    if name == "shards":
        return f"shards needs {root}/train/*.tar and {root}/val/*.tar."
    if val_is_test:
        return f"{name} needs {root}/train/<class> and {root}/val/<class> with images."
    return f"{name} needs in {root}: train/<class> with val/<class> or test/<class> or both, or <class> folders alone."


def _instead(root: Path) -> str:
    """What lies at `root`, which has no folders of classes."""
    entries = os.listdir(root)
    images = sum(map(is_image_name, entries))
    if images:
        return f": {root} has {images:,} {'image' if images == 1 else 'images'} outside any class folder"
    return "" if entries else f": {root} is empty"


def class_names(directory: Path) -> tuple[str, ...]:
    """The names of the class folders, sorted. The label of a class is its index here."""
    if not directory.is_dir():
        raise UsageError(f"no directory at {directory}. Put a folder of images for each class there.")
    names = subfolders(directory)
    if not names:
        raise UsageError(f"no class folders in {directory}. Put a folder of images for each class there, two at least.")
    if len(names) == 1:
        raise UsageError(
            f"only one class in {directory}: {names[0]!r}. Put a folder of images for each class there, two at least."
        )
    return tuple(names)


def split_by_name(names: Sequence[str], labels: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Indices of (training, validation, test), each in the order of the hashes, which is as good as random.

    Each file's hash decides alone, so that files that are added later move no other. Only a class of three files or
    more that would have none in a split gives it the nearest one.
    """
    places = [_place(name) for name in names]
    by_class: dict[int, list[int]] = {}
    for index in sorted(range(len(names)), key=places.__getitem__):
        by_class.setdefault(labels[index], []).append(index)
    train: list[int] = []
    val: list[int] = []
    test: list[int] = []
    for indices in by_class.values():
        num_test = sum(places[index] < TEST_SHARE for index in indices)
        num_val = sum(places[index] < TEST_SHARE + VALIDATION_SHARE for index in indices) - num_test
        if len(indices) >= 3:
            num_test = min(max(num_test, 1), len(indices) - 2)
            num_val = min(max(num_val, 1), len(indices) - 1 - num_test)
        test += indices[:num_test]
        val += indices[num_test : num_test + num_val]
        train += indices[num_test + num_val :]
    by_place = places.__getitem__
    return sorted(train, key=by_place), sorted(val, key=by_place), sorted(test, key=by_place)


def _place(name: str) -> float:
    """Where a file's name lies in [0, 1), drawn by a hash."""
    digest = hashlib.blake2b(os.fsencode(name), digest_size=8, salt=SPLIT_SEED.to_bytes(8)).digest()
    return int.from_bytes(digest) / 2**64


def _is_class_named_train(root: Path, found: Sequence[str]) -> bool:
    """Whether `train` is a class beside others: it holds images and no folders, and nothing else is called a split."""
    others = [name for name in found if name != "train"]
    if not others or any(name.casefold() in SPLIT_NAMES for name in others) or subfolders(root / "train"):
        return False
    return any(map(is_image_name, os.listdir(root / "train")))


def _may_be_classes(root: Path, found: Sequence[str]) -> bool:
    """False for a folder without folders. UsageError where its folders look like splits or data sets, not classes."""
    splits = [name for name in found if name.casefold() in SPLIT_NAMES and name != "train"]
    if splits:
        raise UsageError(
            f"no directory at {root / 'train'}, but {', '.join(map(printable, splits))}. Call the folders of "
            "the splits train, val and test, in small letters."
        )
    for name in found:
        if (root / name / "train").is_dir() and (root / name / "val").is_dir():
            raise UsageError(f"no directory at {root / 'train'}. Is the data set in {root / name}?")
    return bool(found)

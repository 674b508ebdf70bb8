"""Where data sets lie, and whether they are there. It needs no torch, so that a missing one is told at once."""

import os
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.train.layout import find_layout, needs

FOLDERS = {
    "cifar10": ("cifar-10-batches-py", "the folder cifar-10-batches-py"),
    "cifar100": ("cifar-100-python", "the folder cifar-100-python"),
    "mnist": ("MNIST/raw", "the folder MNIST/raw with its idx files"),
    "fashion-mnist": ("FashionMNIST/raw", "the folder FashionMNIST/raw with its idx files"),
}
"""Data set -> the folder that torchvision reads in the data directory, and the same in words."""


def default_data_dir() -> Path:
    """$NASBENCH_DATA if it is set, else the user's cache directory."""
    given = os.environ.get("NASBENCH_DATA")
    return Path(given) if given else user_cache()


def user_cache() -> Path:
    """$XDG_CACHE_HOME/nasbench, else ~/.cache/nasbench."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "nasbench"


def check_present(name: str, data_dir: Path | None) -> None:
    """UsageError where the folders of a data set that comes with nasbench are not there. Files are not looked at."""
    root = data_dir or default_data_dir()
    if name in FOLDERS and not (root / FOLDERS[name][0]).is_dir():
        raise missing(name, root)
    if name == "imagenet":
        find_layout(checked_root(root, name, True), name, True)
    elif name.partition(":")[0] == "folder":
        find_layout(checked_root(folder_path(name), "folder", False), "folder", False)
    elif name.partition(":")[0] == "shards":
        checked_root(folder_path(name, "shards"), "shards", True)


def folder_path(name: str, kind: str = "folder") -> Path:
    """The PATH of 'folder:PATH', or of 'shards:PATH'. UsageError where there is none."""
    path = name.removeprefix(kind).removeprefix(":")
    if not path and kind == "shards":
        raise UsageError(
            "--dataset shards needs the path of the shards: shards:PATH, with PATH/train/*.tar and PATH/val/*.tar"
        )
    if not path:
        raise UsageError(
            "--dataset folder needs the path of the images: folder:PATH, "
            "with PATH/train/<class> and PATH/val/<class>, or with PATH/<class> alone"
        )
    return Path(path)


def missing(name: str, root: Path) -> UsageError:
    """The error for a data set that torchvision reads and does not find whole at `root`."""
    return UsageError(
        f"{name} is not in {root} (missing or incomplete). Put {FOLDERS[name][1]} there, "
        "name another directory with --data-dir or $NASBENCH_DATA, or let it be fetched with --download."
    )


def checked_root(root: Path, name: str, val_is_test: bool) -> Path:
    """`root`, where the images of a folder data set lie. UsageError where it is no directory."""
    if not root.is_dir():
        found = ": it is a file" if root.exists() else ""
        raise UsageError(f"no directory at {root}{found}. {needs(root, name, val_is_test)}")
    return root

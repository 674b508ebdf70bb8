"""Where runs and data sets lie: whether they can be written, how much room there is, and what is found."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from errno import ENOTDIR
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.not_written import nearest_there, words
from nasbench.engine.doctor.finding import Finding, gibibytes
from nasbench.train.location import FOLDERS, check_present, default_data_dir

LEAST_ROOM, LITTLE_ROOM = 2**30, 10 * 2**30
"""A search leaves some 100 MiB with the weights of its best; comparisons and supernets leave several times that."""
LEAST_ROOM_FOR_RAY = 0.05
"""Ray refuses to store anything on a disk that has less than this share of its room."""
PROBE_BYTES = 2**20
FILES = {
    "cifar10": ("batches.meta", "test_batch", *(f"data_batch_{number}" for number in range(1, 6))),
    "cifar100": ("meta", "train", "test"),
    "mnist": tuple(
        f"{part}-ubyte" for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    ),
}
FILES["fashion-mnist"] = FILES["mnist"]
"""Data set -> the files in its folder."""


def runs(directory: Path) -> Iterator[Finding]:
    """The directory in which run directories are made, which need not be there yet."""
    yield from _room("runs", "runs", directory, "Choose another place with --run.")
    system = Path("/tmp") if os.path.isdir("/tmp") else Path(tempfile.gettempdir())
    yield from _room("runs", "temporary files", system, "Ray's files lie there.")


def _room(area: str, name: str, place: Path, otherwise: str) -> Iterator[Finding]:
    there = nearest_there(place.absolute())
    try:
        if not there.is_dir():
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(there))
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"\0" * PROBE_BYTES)
            probe.flush()
            os.fsync(probe.fileno())
        usage, nodes = shutil.disk_usage(there), os.statvfs(there)
    except OSError as error:
        reason, first = words(there, error)
        yield Finding(area, name, "broken", f"{place} cannot be written: {reason}", f"{first} {otherwise}".strip())
        return
    told = f"{place} can be written, {gibibytes(usage.free)} free"
    if nodes.f_files and nodes.f_favail == 0:
        yield Finding(
            area,
            name,
            "broken",
            f"{place} has no room for another file (no inodes)",
            f"Delete files there. {otherwise}",
        )
    elif usage.free < LEAST_ROOM:
        yield Finding(area, name, "broken", f"the disk is full: {told}", f"Make room there. {otherwise}")
    elif usage.free < LITTLE_ROOM or usage.free < LEAST_ROOM_FOR_RAY * usage.total:
        yield Finding(area, name, "note", told, f"Long comparisons and Ray's store need more room. {otherwise}")
    else:
        yield Finding(area, name, "ok", told)


def data(asked: str | None, data_dir: Path | None) -> Iterator[Finding]:
    """Which data sets are there; the one that was asked for must be."""
    area, root = "data", data_dir or default_data_dir()
    found = ["digits (with scikit-learn)"]
    for name, (folder, _) in FOLDERS.items():
        place = root / folder
        lacking = [each for each in FILES[name] if not _has(place / each)]
        if not lacking:
            found.append(name)
        elif place.is_dir():
            told = f"{name} in {place} is incomplete: {', '.join(lacking)} missing or empty"
            yield Finding(area, name, "broken", told, _fetch(name, root))
    if _has_imagenet(root):
        found.append("imagenet")
    if asked is not None:
        yield from _asked(asked, data_dir, root, found)
    told = f"{', '.join(found)} (looked for in {root})"
    if len(found) == 1 and asked is None:
        told = f"no image data set in {root}" + ("" if root.is_dir() else ", which is no directory")
        remedy = (
            "Put one there, name its directory with --data-dir or $NASBENCH_DATA, or let a command fetch it: "
            "nasbench train resnet20 --dataset cifar10 --download. Without any, --dataset digits works."
        )
        yield Finding(area, "data sets", "broken", told, remedy)
    else:
        yield Finding(area, "data sets", "ok", told)


def _asked(name: str, data_dir: Path | None, root: Path, found: list[str]) -> Iterator[Finding]:
    if name == "digits" or name in found:
        return
    if name in FILES and (root / FOLDERS[name][0]).is_dir():
        return  # incomplete: that is said already
    try:
        check_present(name, data_dir)
    except UsageError as error:
        yield Finding("data", name, "broken", str(error), _fetch(name, root))
    else:
        yield Finding("data", name, "ok", "found" if ":" not in name or name.startswith("folder:") else "not looked at")


def _fetch(name: str, root: Path) -> str:
    if name in FOLDERS:
        fetch = f"nasbench train resnet20 --dataset {name} --download --data-dir {root}"
        return f"Put {FOLDERS[name][1]} into {root}, or let it be fetched: {fetch}"
    return "Put its images there, or name another directory with --data-dir or $NASBENCH_DATA."


def _has(file: Path) -> bool:
    """Also as the archive that torchvision unpacks (MNIST's are .gz). Files that are empty are none."""
    return any(each.is_file() and each.stat().st_size > 0 for each in (file, file.with_name(f"{file.name}.gz")))


def _has_imagenet(root: Path) -> bool:
    try:
        check_present("imagenet", root)
    except (UsageError, OSError):
        return False
    return True

"""Which files in the folders of a data set are its images: each picture once, and nothing that other programs leave.

Hidden files and folders, what file managers and notebooks keep beside pictures, and files that are no pictures are left
out. A link is followed, unless what it leads to is read already: a link to a folder above would read all of it again,
under another class or in another split.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.shown import sentence
from nasbench.train.paths import printable
from nasbench.train.reading import Kind

SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".tif", ".tiff", ".webp", ".gif", ".jp2", ".avif"),
)
"""What the names of images end with, in small or capital letters."""

SYSTEM_NAMES = frozenset(
    (
        *("__macosx", "@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "lost+found"),
        *("system volume information", "__pycache__", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    )
)
"""Files and folders that systems and other programs leave among pictures, in small letters."""

HIDDEN, SYSTEM, OTHER = "hidden files and folders", "files and folders of other programs", "files that are no images"
LINKS, SPECIAL = "links to what is read in its own place", "things that are neither file nor folder"
LOOSE = "images outside the class folders"


@dataclass
class Listing:
    """The images of several folders.

    Attributes:
        names: for each folder, its images by name from the root on, sorted.
        left_out: what lies among them and is no image of the data set, by kind.
        faults: folders that cannot be listed, with the reason.
    """

    names: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, Kind] = field(default_factory=dict)
    faults: list[tuple[Path, str]] = field(default_factory=list)

    def leave_out(self, kind: str, path: str) -> None:
        """Counts what is no image of the data set."""
        self.left_out.setdefault(kind, Kind()).add(path)


def is_foreign(name: str) -> str | None:
    """The kind of a file or folder that is never a part of a data set; None for all others."""
    if name.startswith("."):
        return HIDDEN
    return SYSTEM if name.casefold() in SYSTEM_NAMES else None


def is_image_name(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and is_foreign(name) is None


def subfolders(directory: Path) -> list[str]:
    """The folders in a directory that may belong to a data set, by name. UsageError where it cannot be listed."""
    try:
        entries = list(os.scandir(directory))
    except OSError as error:
        raise cannot_list(directory, error.strerror or str(error)) from error
    return sorted(entry.name for entry in entries if is_foreign(entry.name) is None and entry.is_dir())


def cannot_list(directory: Path, reason: str) -> UsageError:
    """The error for a folder whose content cannot be read."""
    return UsageError(
        f"cannot list the folder {printable(directory)}: {sentence(reason)} Make it readable, or remove it."
    )


def list_images(root: Path, folders: Sequence[str]) -> Listing:
    """The images in each of `folders` (names from `root` on), with those in the folders below it."""
    walk = _Walk(str(root), folders)
    for folder, real in walk.own.items():
        if real == os.path.join(walk.real_root, folder):
            walk.read(folder, folder, real)
    for folder, real in walk.own.items():
        if real != os.path.join(walk.real_root, folder):
            walk.follow_folder(folder, folder, real)
    walk.follow_links()
    for names in walk.found.names.values():
        names.sort(key=lambda name: name.split("/"))
    return walk.found


def mark_foreign(listing: Listing, root: Path, folder: str) -> None:
    """Counts what lies beside the class folders in `folder` (its name from `root` on) and is none of them."""
    for entry in sorted(os.scandir(root / folder), key=lambda entry: entry.name):
        path = os.path.join(folder, entry.name)
        if (kind := is_foreign(entry.name)) is not None:
            listing.leave_out(kind, path)
        elif not entry.is_dir():
            listing.leave_out(LOOSE if is_image_name(entry.name) else OTHER, path)


class _Walk:
    """What was read so far. Real folders and files are read before the links that may lead to them."""

    def __init__(self, root: str, folders: Sequence[str]) -> None:
        self.root, self.real_root = root, os.path.realpath(root)
        self.own: Mapping[str, str] = {name: os.path.realpath(os.path.join(root, name)) for name in folders}
        self.found = Listing({name: [] for name in folders})
        self._read_folders: set[str] = set()
        self._read_links: set[str] = set()
        self._links: list[tuple[str, str]] = []  # (folder of the data set, name of the link from the root on)

    def read(self, owner: str, start: str, real_start: str) -> None:
        """Reads the folder at `start` and those below it for the folder `owner`; keeps its links for later."""
        waiting = [(start, real_start)]
        while waiting:
            folder, real = waiting.pop()
            self._read_folders.add(real)
            for entry in self._entries(folder):
                path = os.path.join(folder, entry.name)
                if (kind := is_foreign(entry.name)) is not None:
                    self.found.leave_out(kind, path)
                elif entry.is_symlink():
                    self._links.append((owner, path))
                elif entry.is_dir():
                    below = os.path.join(real, entry.name)
                    if below in self._read_folders:
                        self.found.leave_out(LINKS, path)
                    else:
                        waiting.append((path, below))
                else:
                    self._file(owner, path, entry.is_file())

    def follow_links(self) -> None:
        """Reads what links lead to, unless it was read: folders first, so that files in them are in their own place."""
        files: list[tuple[str, str, str]] = []
        while self._links:
            owner, path = self._links.pop(0)
            whole = os.path.join(self.root, path)
            real = os.path.realpath(whole)
            if os.path.isdir(whole):
                self.follow_folder(owner, path, real)
            else:
                files.append((owner, path, real))
        for owner, path, real in files:
            folder, name = os.path.split(real)
            if real in self._read_links or (folder in self._read_folders and is_image_name(name)):
                self.found.leave_out(LINKS, path)
                continue
            self._read_links.add(real)
            whole = os.path.join(self.root, path)
            self._file(owner, path, os.path.isfile(whole) or not os.path.exists(whole))  # a broken link is told as such

    def follow_folder(self, owner: str, path: str, real: str) -> None:
        """Reads the folder that the link `path` leads to, unless that is a folder of the data set or one above."""
        above = os.path.join(real, "")
        if real in self._read_folders or any(os.path.join(each, "").startswith(above) for each in self._roots(owner)):
            self.found.leave_out(LINKS, path)
        else:
            self.read(owner, path, real)

    def _roots(self, owner: str) -> list[str]:
        """The real folders of the data set; a link to one of them, or to a folder above one, leads round in a circle.

        A folder that is a link itself is no circle until it was read.
        """
        return [
            self.real_root,
            *(real for name, real in self.own.items() if name != owner or real in self._read_folders),
        ]

    def _file(self, owner: str, path: str, is_regular: bool) -> None:
        if not is_image_name(os.path.basename(path)):
            self.found.leave_out(OTHER, path)
        elif not is_regular:
            self.found.leave_out(SPECIAL, path)  # to open a pipe would wait for ever
        else:
            self.found.names[owner].append(path)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self.root, folder)) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.found.faults.append((Path(self.root, folder), error.strerror or str(error)))
            return []

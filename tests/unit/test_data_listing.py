"""Each picture of a folder counts once, and what other programs leave there counts for nothing."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.train import listing
from nasbench.train.content import _below, content_of
from nasbench.train.datasets import resolve_dataset
from nasbench.train.folders import Folder
from nasbench.train.reading import Reading


def fill(directory: Path, count: int, level: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.new("RGB", (8, 8), (level, index, 0)).save(directory / f"{index}.png")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Five dark and five light pictures to train on, two of each to test."""
    for split, count in (("train", 5), ("val", 2)):
        for name, level in (("dark", 60), ("light", 180)):
            fill(tmp_path / "pets" / split / name, count, level)
    return tmp_path / "pets"


def read(root: Path) -> tuple[list[int], list[int], Reading]:
    """How many training and how many test images each class has, and what was met."""
    folder = Folder(root, corrupt=None)
    data, test = folder.load(None, 8, False), folder.load_test(None, 8, False)
    counts = torch.cat([torch.as_tensor(data.train.labels), torch.as_tensor(data.val.labels)]).bincount(minlength=2)
    return counts.tolist(), torch.as_tensor(test.labels).bincount(minlength=2).tolist(), folder.reading


def copy_all(dark: Path, name: str, suffix: str = "") -> None:
    (dark / name).mkdir()
    for path in dark.glob("*.png"):
        shutil.copy(path, dark / name / f"{path.stem}{suffix}.png")


FOREIGN = {
    "notebook checkpoints": (lambda dark: copy_all(dark, ".ipynb_checkpoints", "-checkpoint"), listing.HIDDEN),
    "a hidden folder below": (lambda dark: copy_all(dark, ".cache"), listing.HIDDEN),
    "a zip file of a Mac": (lambda dark: copy_all(dark, "__MACOSX"), listing.SYSTEM),
    "thumbnails of a file server": (lambda dark: copy_all(dark, "@eaDir"), listing.SYSTEM),
    "a bin": (lambda dark: copy_all(dark, "$RECYCLE.BIN"), listing.SYSTEM),
    "a Mac's second file": (lambda dark: shutil.copy(dark / "0.png", dark / "._0.png"), listing.HIDDEN),
    "a Mac's folder settings": (lambda dark: (dark / ".DS_Store").write_bytes(b"x"), listing.HIDDEN),
    "thumbnails": (lambda dark: (dark / "Thumbs.db").write_bytes(b"x"), listing.SYSTEM),
    "folder settings": (lambda dark: (dark / "desktop.ini").write_bytes(b"x"), listing.SYSTEM),
    "labels": (lambda dark: (dark / "labels.csv").write_bytes(b"x"), listing.OTHER),
    "a half download": (lambda dark: (dark / "7.png.part").write_bytes(b"x"), listing.OTHER),
    "beside the classes": (lambda dark: copy_all(dark.parent, "@eaDir"), listing.SYSTEM),
    "an image beside the classes": (lambda dark: shutil.copy(dark / "0.png", dark.parent / "0.png"), listing.LOOSE),
    "a pipe": (lambda dark: os.mkfifo(dark / "pipe.png"), listing.SPECIAL),
    "a link to its own folder": (lambda dark: (dark / "all").symlink_to(dark), listing.LINKS),
    "a relative link to itself": (lambda dark: (dark / "all").symlink_to("."), listing.LINKS),
    "a link to the other class": (lambda dark: (dark / "more").symlink_to(dark.parent / "light"), listing.LINKS),
    "a link to the folder above": (lambda dark: (dark / "up").symlink_to(dark.parent), listing.LINKS),
    "a link to the data set": (lambda dark: (dark / "up").symlink_to(dark.parent.parent), listing.LINKS),
    "a link above the data set": (lambda dark: (dark / "up").symlink_to(dark.parent.parent.parent), listing.LINKS),
    "a link to the test split": (lambda dark: (dark / "v").symlink_to(dark.parent.parent / "val"), listing.LINKS),
    "a link to a file beside it": (lambda dark: (dark / "9.png").symlink_to(dark / "0.png"), listing.LINKS),
    "a link to a test image": (
        lambda dark: (dark / "9.png").symlink_to(dark.parent.parent / "val" / "dark" / "0.png"),
        listing.LINKS,
    ),
    "links that lead to each other": (lambda dark: circle(dark), listing.LINKS),
}


def circle(dark: Path) -> None:
    (dark / "a").mkdir()
    (dark / "b").mkdir()
    (dark / "a" / "b").symlink_to(dark / "b")
    (dark / "b" / "a").symlink_to(dark / "a")


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_no_data_is_left_out_and_counted(case: str, pets: Path) -> None:
    clean = read(pets)
    assert clean[:2] == ([5, 5], [2, 2])
    assert clean[2].left_out == {}
    make, kind = FOREIGN[case]
    make(pets / "train" / "dark")
    train, test, reading = read(pets)
    assert (train, test) == ([5, 5], [2, 2])
    assert list(reading.left_out) == [kind]
    assert reading.left_out[kind].count == (2 if case == "links that lead to each other" else 1)
    assert reading.to_json()["left_out"][kind]["first"][0].startswith("train/")
    assert any(kind in line for line in reading.lines())


def test_no_image_is_trained_on_and_tested_with_through_links(pets: Path) -> None:
    shutil.rmtree(pets / "val")
    (pets / "val").symlink_to("train")
    with pytest.raises(UsageError, match=r"no images in .*val/dark.*links to what is read in its own place"):
        read(pets)


def test_a_split_or_a_class_may_lie_elsewhere(pets: Path) -> None:
    (pets / "train").rename(pets.parent / "elsewhere")
    (pets / "train").symlink_to(pets.parent / "elsewhere")
    (pets / "val" / "dark").rename(pets.parent / "dark")
    (pets / "val" / "dark").symlink_to("../../dark")
    train, test, reading = read(pets)
    assert (train, test, reading.left_out) == ([5, 5], [2, 2], {})


def test_a_pool_that_links_lead_to_is_read_once(pets: Path) -> None:
    pool = pets / "pool"
    fill(pool, 3, 90)
    dark = pets / "train" / "dark"
    for index in range(3):
        (dark / f"linked{index}.png").symlink_to(f"../../pool/{index}.png")
    (dark / "again").mkdir()
    (dark / "again" / "0.png").symlink_to(pool / "0.png")
    (pets / "val" / "dark" / "9.png").symlink_to(pool / "2.png")
    train, test, reading = read(pets)
    assert (train, test) == ([8, 5], [2, 2])
    assert reading.left_out[listing.LINKS].count == 2


def test_a_link_to_a_file_without_a_suffix_is_an_image(pets: Path) -> None:
    dark = pets / "train" / "dark"
    shutil.copy(dark / "0.png", dark / "blob")
    (dark / "5.png").symlink_to("blob")
    train, _, reading = read(pets)
    assert train == [6, 5]
    assert set(reading.left_out) == {listing.OTHER}


def test_hard_links_and_copies_are_images_of_their_own(pets: Path) -> None:
    os.link(pets / "train" / "dark" / "0.png", pets / "train" / "dark" / "5.png")
    assert read(pets)[0] == [6, 5]


def test_folders_below_a_class_belong_to_it(pets: Path) -> None:
    fill(pets / "train" / "dark" / "by night" / "far", 2, 40)
    assert read(pets)[0] == [7, 5]


def test_images_in_capital_letters_and_animations_count(pets: Path) -> None:
    Image.new("L", (8, 8)).save(pets / "train" / "dark" / "A.GIF")
    Image.new("L", (8, 8)).save(pets / "train" / "dark" / "B.JFIF", "JPEG")
    assert read(pets)[0] == [7, 5]


def test_a_class_with_hidden_images_alone_is_said_to_have_none(pets: Path) -> None:
    dark = pets / "train" / "dark"
    for path in dark.iterdir():
        path.rename(dark / f".{path.name}")
    with pytest.raises(UsageError, match=r"no images in .*train/dark \(1 of 2.*Left out there: 5 hidden files"):
        read(pets)


def test_a_class_folder_that_only_points_to_another_is_said(pets: Path) -> None:
    for split in ("train", "val"):
        (pets / split / "night").symlink_to("dark")
    with pytest.raises(UsageError, match=r"no images in .*train/night.*links to what is read in its own place"):
        read(pets)


@pytest.mark.parametrize("skip", [False, True])
def test_a_folder_that_cannot_be_listed_is_named(skip: bool, pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = pets / "train" / "dark" / "locked"
    fill(locked, 2, 60)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path) == str(locked):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    made = resolve_dataset(f"folder:{pets}", skip_corrupt=skip)
    if not skip:
        with pytest.raises(UsageError, match=r"cannot list the folder .*locked: Permission denied"):
            made.load(None, 8, False)
        return
    data = made.load(None, 8, False)
    assert len(data.train) + len(data.val) == 10
    assert data.corrupt == {locked}


def test_names_that_are_no_text_are_read_and_known_by_content(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nasbench.train import folders
    from nasbench.train.content import content_of

    dark = os.fsencode(pets / "train" / "dark")
    os.rename(dark + b"/0.png", dark + b"/caf\xe9.png")
    os.rename(dark + b"/1.png", dark + b"/two\nlines.png")
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    train, _, reading = read(pets)
    assert train == [5, 5]
    assert reading.left_out == {}
    assert len(content_of(Folder(pets).load(None, 8, False).train)) == 32


def test_an_identity_asks_each_file_once_for_its_size_and_time(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = Folder(pets, stream=True).load(None, 8, False).train
    before, asked, resolved = content_of(split, pets), list[str](), list[str]()
    stat, relpath = os.stat, os.path.relpath
    monkeypatch.setattr("nasbench.train.decoding.no_file", lambda _path: "")  # of images that are opened
    monkeypatch.setattr(os, "stat", lambda path, **more: asked.append(str(path)) or stat(path, **more))
    monkeypatch.setattr(os.path, "relpath", lambda *paths: resolved.append(str(paths[0])) or relpath(*paths))
    assert content_of(split, pets) == before
    assert sorted(path for path in asked if path.endswith(".png")) == sorted(map(str, split.paths))
    assert resolved == [], "a name from the root on is cut off, not worked out"


@pytest.mark.parametrize("start", ["data", "./data", "/data", "/data/", "data//", "data/../data"])
def test_a_name_from_the_root_on_is_what_it_was(start: str) -> None:
    for name in ("a/b.png", ".a/b.png", "../b.png", "a//b.png", "a/./b.png", "a/../b.png", "..b.png", "/b.png", "a.b"):
        path = os.path.join(start, "") + name
        for given in (path, f"other/{name}", os.path.normpath(path)):
            assert _below(given, os.path.join(start, ""), start) == os.path.relpath(given, start)

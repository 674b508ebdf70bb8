"""The identity of a data set: its content counts, in memory and in files; where it lies counts by its name alone."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.core.identity import changes
from nasbench.core.spec import Task
from nasbench.train import content, folders
from nasbench.train.content import content_of
from nasbench.train.data import FileSplit, Split
from nasbench.train.datasets import on_device_once, read_once
from nasbench.train.source import DataSource


@pytest.fixture(params=["in memory", "streamed"])
def pets(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes, in folders: decoded once, or read from files batch by batch."""
    if request.param == "streamed":
        monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    for split, count in (("train", 10), ("val", 3)):
        for name, red in (("cat", 200), ("dog", 20)):
            folder = tmp_path / "pets" / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                Image.new("RGB", (8, 8), (red, 0, index)).save(folder / f"{index:02d}.bmp")
    return tmp_path / "pets"


def identity(path: Path, test: bool = True, **options: Any) -> dict[str, Any]:
    """As another process would find it: nothing that was read before is kept."""
    read_once.cache_clear()
    on_device_once.cache_clear()
    found = dict(DataSource(f"folder:{path}", **options).identity(test))
    assert json.loads(json.dumps(found)) == found
    return found


def differing(before: dict[str, Any], now: dict[str, Any]) -> set[str]:
    return {name for name in {*before, *now} if before.get(name) != now.get(name)}


def edit_quietly(path: Path, red: int) -> None:
    """Another picture in a file of the same name, size and time of change."""
    known = path.stat()
    Image.new("RGB", (8, 8), (red, 0, 0)).save(path)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert path.stat().st_size == known.st_size


def test_a_copy_elsewhere_differs_by_its_name_alone(pets: Path) -> None:
    before = identity(pets)
    assert identity(pets) == before
    assert set(before) == {"name", "train", "val", "test"}
    assert "test" not in identity(pets, test=False)
    shutil.copytree(pets, pets.parent / "copied" / "elsewhere")
    copied = identity(pets.parent / "copied" / "elsewhere")
    assert differing(before, copied) == {"name"}


def test_swapped_class_folders_are_another_data_set(pets: Path) -> None:
    before = identity(pets)
    for split in ("train", "val"):
        (pets / split / "cat").rename(pets / split / "cow")
        (pets / split / "dog").rename(pets / split / "cat")
        (pets / split / "cow").rename(pets / split / "dog")
    assert differing(before, identity(pets)) == {"train", "val", "test"}


def test_an_edited_label_is_another_data_set(pets: Path) -> None:
    before = identity(pets)
    (pets / "val" / "cat" / "00.bmp").rename(pets / "val" / "dog" / "99.bmp")
    assert differing(before, identity(pets)) == {"test"}
    (pets / "train" / "cat" / "00.bmp").rename(pets / "train" / "dog" / "99.bmp")
    assert {"train", "test"} <= differing(before, identity(pets))


def test_an_edited_image_is_another_data_set_though_its_name_size_and_time_are_the_same(pets: Path) -> None:
    before = identity(pets)
    edit_quietly(pets / "val" / "dog" / "01.bmp", 99)
    assert differing(before, identity(pets)) == {"test"}
    edit_quietly(pets / "train" / "dog" / "01.bmp", 99)
    now = identity(pets)
    assert len(differing(before, now) & {"train", "val"}) == 1
    assert all(line.endswith("its content has changed") for line in changes(before, now))


def test_leaving_out_broken_files_is_another_data_set(pets: Path) -> None:
    before = identity(pets)
    assert differing(before, identity(pets, skip_corrupt=True)) == {"skip_corrupt"}
    (pets / "train" / "cat" / "05.bmp").write_bytes(b"no picture")
    now = identity(pets, skip_corrupt=True)
    assert differing(before, now) & {"train", "val"}
    assert "skip_corrupt was not set and is True" in changes(before, now)


def split_of(folder: Path) -> FileSplit:
    paths = tuple(sorted(folder.rglob("*.bmp")))
    return FileSplit(paths, tuple(int(path.parent.name == "dog") for path in paths))


def test_names_labels_sizes_and_times_of_every_file_count(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "SAMPLE", 1)  # the bytes of the first file alone
    split = split_of(pets / "train")
    before = content_of(split)
    assert content_of(split) == before
    assert content_of(split, pets) != before, "names count from there on"
    assert content_of(FileSplit(split.paths, (1, *split.labels[1:]))) != before
    assert content_of(FileSplit(split.paths[::-1], split.labels[::-1])) != before
    last = split.paths[-1]
    edit_quietly(last, 77)
    assert content_of(split) == before, "what is not in the sample is known by its name, size and time"
    known = last.stat()
    os.utime(last, ns=(known.st_atime_ns, known.st_mtime_ns + 1))
    touched = content_of(split)
    last.write_bytes(last.read_bytes() + b" ")
    os.utime(last, ns=(known.st_atime_ns, known.st_mtime_ns + 1))
    assert len({before, touched, content_of(split)}) == 3
    os.truncate(last, known.st_size)
    os.utime(last, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert content_of(split) == before


def test_images_in_memory_count_whole() -> None:
    split = Split(torch.zeros(200, 1, 4, 4, dtype=torch.uint8), torch.zeros(200).long())
    edited = split.images.clone()
    edited[-1, 0, 3, 3] = 1
    assert content_of(Split(edited, split.labels)) != content_of(split)
    strided = Split(split.images.permute(0, 1, 3, 2), split.labels)
    assert content_of(strided) == content_of(split), "how the numbers lie in memory does not count"


def test_a_source_reads_at_the_resolution_asked_for_and_says_what_is_wrong(pets: Path) -> None:
    source = DataSource(f"folder:{pets}", image_size=6)
    assert source.task() == Task(2, 6, 3)
    assert (source.read().image_size, source.read(4).image_size) == (6, 4)
    split, left_out = source.test()
    assert (len(split), left_out) == (6, set())
    source.check()
    with pytest.raises(UsageError, match="no directory at"):
        DataSource(f"folder:{pets / 'none'}").check()


def test_too_few_images_are_said() -> None:
    with pytest.raises(UsageError, match=r"data set 'unit\.test_train_source:One' has 1 training image: too few"):
        DataSource("unit.test_train_source:One").check()


class One:
    """A data set of one training image."""

    def task(self, data_dir: Path | None, image_size: int | None) -> Task:
        return Task(2, 8, 1)

    def load(self, data_dir: Path | None, image_size: int | None, download: bool) -> Any:
        from nasbench.train.data import ImageData

        one = Split(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(1).long())
        return ImageData("one", one, one, (0.5,), (0.5,), ("a", "b"), 8)

    def load_test(self, data_dir: Path | None, image_size: int | None, download: bool) -> Split:
        return Split(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(1).long())

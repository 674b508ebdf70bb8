"""Images in tar files are those of the same files in folders."""

import io
import tarfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.train.content import content_of
from nasbench.train.data import FileSplit, Split
from nasbench.train.datasets import resolve_dataset
from nasbench.train.folders import Folder
from nasbench.train.loader import eval_batches
from nasbench.train.location import check_present
from nasbench.train.shards import Shards
from nasbench.train.source import DataSource

CPU = torch.device("cpu")


def picture(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (10, 12), (value, 2 * value, 3)).save(file, "png")
    return file.getvalue()


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    """The same 22 pictures in folders and in shards, three of training."""
    folder, shards = tmp_path / "folder", tmp_path / "shards"
    for split, count in (("train", 9), ("val", 2)):
        (shards / split).mkdir(parents=True)
        for index in range(count):
            with tarfile.open(shards / split / f"{index % 3:05d}.tar", "a") as archive:
                for label, name in enumerate(("cat", "dög")):
                    value = 20 * label + index + 100 * (split == "val")
                    (folder / split / name).mkdir(parents=True, exist_ok=True)
                    (folder / split / name / f"{index}.png").write_bytes(picture(value))
                    add(archive, f"{name}/{index}.png", picture(value))
                    add(archive, f"{name}/._{index}.png", b"left by a file manager")
                    add(archive, f"{name}/{index}.txt", b"no image")
    return folder, shards


def colours(split: Split | FileSplit, data, batch: int = 3) -> set[tuple[int, int]]:
    found = set()
    for images, labels in eval_batches(split, data, CPU, batch):
        pixels = (images * torch.tensor(data.std).view(1, 3, 1, 1) + torch.tensor(data.mean).view(1, 3, 1, 1)) * 255
        found |= {(round(float(image[0, 4, 4])), int(label)) for image, label in zip(pixels, labels, strict=True)}
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_shards_hold_the_images_of_the_folder(both: tuple[Path, Path], stream: bool) -> None:
    sides = [Folder(both[0], stream=stream), Shards(both[1], stream=stream)]
    one, other = (each.load(None, 8, False) for each in sides)
    assert one.class_names == other.class_names == ("cat", "dög")
    assert (len(other.train), len(other.val)) == (len(one.train), len(one.val)) == (16, 2)
    every = [colours(data.train, data) | colours(data.val, data) for data in (one, other)]
    assert every[0] == every[1]
    assert len(every[0]) == 18
    tests = [colours(each.load_test(None, 8, False), one) for each in sides]
    assert tests[0] == tests[1]
    assert len(tests[0]) == 4


def test_a_class_is_a_number_in_a_file_of_the_same_key(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        with tarfile.open(tmp_path / split / "0.tar", "w") as archive:
            for index in range(6):
                add(archive, f"{index:06d}.cls", str(10 * (index % 2)).encode())
                add(archive, f"{index:06d}.img.png", picture(index))
    data = Shards(tmp_path).load(None, 8, False)
    assert data.num_classes == 11
    assert set(data.train.labels.tolist()) == {0, 10}
    assert resolve_dataset(f"shards:{tmp_path}").task(None, None).image_size == 10


def test_a_folder_of_digits_beside_folders_of_words_is_a_name(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        with tarfile.open(tmp_path / split / "0.tar", "w") as archive:
            for index in range(6):
                add(archive, f"{('007', 'cat')[index % 2]}/{index}.png", picture(index))
    assert Shards(tmp_path).load(None, 8, False).class_names == ("007", "cat")


def test_another_content_is_another_data_set(both: tuple[Path, Path]) -> None:
    split = Shards(both[1], stream=True).load(None, 8, False).train
    assert isinstance(split, FileSplit)
    before = content_of(split)
    assert before == content_of(Shards(both[1], stream=True).load(None, 8, False).train)
    shard = both[1] / "train" / "00000.tar"
    data = bytearray(shard.read_bytes())
    place = data.index(b"IDAT")
    data[place + 6] ^= 1
    shard.write_bytes(data)
    assert content_of(split) != before


def test_what_is_wrong_is_said(both: tuple[Path, Path], tmp_path: Path) -> None:
    shard = both[1] / "val" / "00000.tar"
    with tarfile.open(shard, "a") as archive:
        add(archive, "cow/1.png", picture(1))
    with pytest.raises(UsageError, match="has an image of class 'cow', which no training image has"):
        Shards(both[1]).load(None, 8, False)
    shard.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(UsageError, match=r"cannot read the shard .*00000\.tar.* Replace it"):
        Shards(both[1]).load(None, 8, False)
    with tarfile.open(shard, "w") as archive:
        add(archive, "1.png", picture(1))
    with pytest.raises(UsageError, match=r"does not say the class of 1\.png: a file 1\.cls"):
        Shards(both[1]).load(None, 8, False)
    with pytest.raises(UsageError, match=r"no \.tar files in .*train"):
        Shards(both[0]).load(None, 8, False)
    with pytest.raises(UsageError, match="shards needs the path of the shards: shards:PATH"):
        check_present("shards", None)
    with pytest.raises(UsageError, match=r"no directory at .*nowhere\. shards needs .*train/\*\.tar and"):
        DataSource(f"shards:{tmp_path / 'nowhere'}").task()


def test_what_is_no_image_is_left_out_and_counted(both: tuple[Path, Path]) -> None:
    with tarfile.open(both[1] / "val" / "00001.tar", "a") as archive:
        for name in ("./__MACOSX/cat/1.png", "../cat/2.png", "cat/.trash/3.png"):
            add(archive, name, picture(1))
        link = tarfile.TarInfo("cat/4.png")
        link.type, link.linkname = tarfile.SYMTYPE, "0.png"
        archive.addfile(link)
    source = DataSource(f"shards:{both[1]}")
    found = source.read()
    assert len(found.train.labels) + len(found.val.labels) == 18
    told = {name: kind["count"] for name, kind in source.reading.to_json()["left_out"].items()}
    assert told == {
        "hidden files and folders": 22 + 2,
        "files that are no images": 22,
        "files and folders of other programs": 1,
        "links to what is read in its own place": 1,
    }


def test_an_image_that_is_broken_is_named_with_its_shard(both: tuple[Path, Path]) -> None:
    with tarfile.open(both[1] / "val" / "00001.tar", "a") as archive:
        add(archive, "cat/broken.png", b"\x89PNG and no more")
    with pytest.raises(UsageError, match=r"00001\.tar/@\d+\+16/cat/broken\.png"):
        Shards(both[1]).load_test(None, 8, False)

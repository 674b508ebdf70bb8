"""Folders that were read before are the same data sets: the digests of nasbench 0.1.0, and what makes a new one."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nasbench.train import folders
from nasbench.train.content import content_of
from nasbench.train.data import FileSplit
from nasbench.train.datasets import read_once
from nasbench.train.source import DataSource

BEFORE = {
    2**30: {
        "train": "40b2683ebe220a8eab97389c530d2fd1",
        "val": "435276458958eece77cadeafa2273f07",
        "test": "9ac7a5e4e41c5d9c307eb6334dea3ecd",
    },
    100: {
        "train": "97e23c70b5892e9c084358d5d394cd95",
        "val": "a1f7f0673b8958f9855130c767a73578",
        "test": "41d046a7e753a44c93dd5b806e04f096",
    },
}
"""Bytes that fit in memory -> the digests of the folder below, taken with nasbench 0.1.0."""


@pytest.mark.parametrize("memory", BEFORE, ids=["in memory", "streamed"])
def test_a_folder_of_train_and_val_is_known_as_before(
    memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", memory)
    for split, count in (("train", 10), ("val", 3)):
        for name, red in (("cat", 200), ("dog", 20)):
            for index in range(count):
                path = Path("pets", split, name, *(["more"] if index % 3 == 0 else []), f"{index}.bmp")
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (9, 8), (red, 9 * index, 255 - index)).save(path)
                os.utime(path, ns=(10**18, 10**18))
    read_once.cache_clear()
    assert DataSource("folder:pets").identity(test=True) == {"name": "folder:pets", **BEFORE[memory]}
    read_once.cache_clear()


def test_files_that_are_read_another_way_than_before_are_another_data_set(tmp_path: Path) -> None:
    plain, deep = tmp_path / "8.png", tmp_path / "16.png"
    Image.new("L", (8, 8), 9).save(plain)
    Image.fromarray(np.full((8, 8), 9, "uint16")).save(deep)
    for path in (plain, deep):
        os.utime(path, ns=(10**18, 10**18))
    import hashlib

    for path, same in ((plain, True), (deep, False)):
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{path.name}\0{0}\0{path.stat().st_size}\0{10**18}\n".encode())
        digest.update(path.read_bytes())
        assert (content_of(FileSplit((path,), (0,))) == digest.hexdigest()) == same


def test_files_that_cannot_be_read_have_an_identity(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("nothing")
    assert len(content_of(FileSplit((tmp_path / "a.png",), (0,)))) == 32

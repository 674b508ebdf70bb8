"""How many training images are for validation; none, if all are to train."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.train.data import FileSplit, Split
from nasbench.train.folders import Folder
from nasbench.train.source import DataSource


def test_all_training_images_are_for_training() -> None:
    own, whole = DataSource("digits").read(), DataSource("digits", val_share=0.0).read()
    assert isinstance(own.train, Split)
    assert isinstance(own.val, Split)
    assert isinstance(whole.train, Split)
    assert (len(whole.train), len(whole.val)) == (1500, 0)
    assert torch.equal(whole.train.images, torch.cat((own.val.images, own.train.images)))
    half = DataSource("digits", val_share=0.5)
    assert (len(half.read().train), len(half.read().val)) == (750, 750)
    assert half.identity(test=True) != DataSource("digits", val_share=0.0).identity(test=True)
    DataSource("digits", val_share=0.0).check()


def fill(root: Path, *splits: str) -> None:
    for split in splits:
        for name in ("cat", "dog"):
            (root / split / name).mkdir(parents=True)
            for index in range(10):
                Image.new("RGB", (8, 8), (index, 0, 0)).save(root / split / name / f"{index}.png")


def test_files_stay_files_and_the_test_split_is_the_same(tmp_path: Path) -> None:
    fill(tmp_path, "train", "val")
    data = Folder(tmp_path, stream=True).load(None, 8, False)
    whole = data.divided(0.0)
    assert isinstance(whole.train, FileSplit)
    assert (len(data.train), len(data.val), len(whole.train), len(whole.val)) == (18, 2, 20, 0)
    assert sorted(whole.train.paths) == sorted((*data.train.paths, *data.val.paths))
    assert whole.shown == data.shown
    assert whole.preprocessing() == data.preprocessing()


def test_images_that_are_set_aside_for_validation_stay_aside(tmp_path: Path) -> None:
    fill(tmp_path, "train", "val", "test")
    with pytest.raises(UsageError, match="validation images in a place of their own: leave --val-split out"):
        Folder(tmp_path).load(None, 8, False).divided(0.0)

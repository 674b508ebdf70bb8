"""Which image belongs to which split, however the folders are laid out; what was chosen is told."""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.train import folders
from nasbench.train.data import AnySplit, FileSplit, Split
from nasbench.train.datasets import resolve_dataset
from nasbench.train.folders import Folder
from nasbench.train.layout import split_by_name
from nasbench.train.loader import TrainBatches
from nasbench.train.source import DataSource


def fill(directory: Path, count: int, level: int, first: int = 0) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for index in range(first, first + count):
        Image.new("RGB", (8, 8), (level, index // 256, index % 256)).save(directory / f"{index:03d}.png")


def numbers(split: AnySplit) -> set[tuple[int, int]]:
    """Level and number of each image: which file it is."""
    assert isinstance(split, Split)
    return {(int(image[0, 0, 0]), int(image[1, 0, 0]) * 256 + int(image[2, 0, 0])) for image in split.images}


def splits(root: Path) -> tuple[set[tuple[int, int]], set[tuple[int, int]], set[tuple[int, int]]]:
    folder = Folder(root)
    data, test = folder.load(None, 8, False), folder.load_test(None, 8, False)
    for split in (data.train, data.val, test):
        assert isinstance(split, Split)
        assert torch.equal(split.labels == 1, split.images[:, 0, 0, 0] == 180)
    return numbers(data.train), numbers(data.val), numbers(test)


def classes(root: Path, count: int = 100) -> Path:
    for name, level in (("dark", 60), ("light", 180)):
        fill(root / name, count, level)
    return root


def told(root: Path) -> str:
    folder = Folder(root)
    folder.load(None, 8, False)
    return folder.reading.lines()[0]


def test_class_folders_alone_are_split_by_name(tmp_path: Path) -> None:
    train, val, test = splits(classes(tmp_path))
    assert len(train | val | test) == len(train) + len(val) + len(test) == 200
    for split in (val, test):
        for level in (60, 180):
            assert 4 <= sum(each == level for each, _ in split) <= 17, "about a tenth of each class"
    assert "split by a hash of their names" in told(tmp_path)
    assert f"{len(train)} training, {len(val)} validation and {len(test)} test images" in told(tmp_path)


def test_images_that_are_added_move_no_other(tmp_path: Path) -> None:
    before = splits(classes(tmp_path / "pets"))
    fill(tmp_path / "pets" / "dark", 60, 60, first=100)
    fill(tmp_path / "pets" / "light", 3, 180, first=100)
    after = splits(tmp_path / "pets")
    for old, new in zip(before, after, strict=True):
        assert old < new
    shutil.move(tmp_path / "pets", tmp_path / "moved")
    assert splits(tmp_path / "moved") == after


def test_small_classes_have_an_image_in_each_split(tmp_path: Path) -> None:
    train, val, test = splits(classes(tmp_path, count=3))
    for split in (train, val, test):
        assert sorted(level for level, _ in split) == [60, 180]


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_images_for_three_splits_are_refused(count: int, tmp_path: Path) -> None:
    classes(tmp_path, count)
    with pytest.raises(UsageError, match=r"none for the .* split\. Put three images or more into each class"):
        Folder(tmp_path).load(None, 8, False)


def test_a_name_alone_decides() -> None:
    names = [f"c/{index}.png" for index in range(500)]
    train, val, test = split_by_name(names, [0] * 500)
    assert sorted([*train, *val, *test]) == list(range(500))
    assert train != sorted(train), "the first images of a split are as good as any"
    half = split_by_name(names[::2], [0] * 250)
    assert {names[index] for index in test} >= {names[::2][index] for index in half[2]}
    assert {names[index] for index in val} >= {names[::2][index] for index in half[1]}


def test_streamed_class_folders_have_the_same_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes(tmp_path, 30)
    decoded = Folder(tmp_path).load(None, 8, False)
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    streamed = Folder(tmp_path).load(None, 8, False)
    assert isinstance(streamed.train, FileSplit)
    assert isinstance(decoded.train, Split)
    assert list(streamed.train.labels) == decoded.train.labels.tolist()
    recipe = Recipe("test", 1, epochs=1, batch_size=4, lr_peak=0.1)
    assert next(TrainBatches(streamed, recipe, 0, torch.device("cpu")).epoch(0))[0].shape == (4, 3, 8, 8)


def split_folders(root: Path, *names: str) -> Path:
    """A folder for each split, with numbers of their own: 20 images a class from 0, 100, 200 on."""
    for index, split in enumerate(names):
        for name, level in (("dark", 60), ("light", 180)):
            fill(root / split / name, 20, level, first=100 * index)
    return root


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_train_val_and_test_are_what_they_are_called(val: str, tmp_path: Path) -> None:
    train, valid, test = splits(split_folders(tmp_path, "train", val, "test"))
    assert [len(each) for each in (train, valid, test)] == [40, 40, 40]
    assert {number // 100 for _, number in train} == {0}
    assert {number // 100 for _, number in valid} == {1}
    assert {number // 100 for _, number in test} == {2}
    assert f"{val}/ is the validation split, test/ the test split" in told(tmp_path)


def test_the_first_images_of_given_splits_are_a_random_sample(tmp_path: Path) -> None:
    data = Folder(split_folders(tmp_path, "train", "val", "test")).load(None, 8, False)
    for split in (data.train, data.val):
        assert 0 < int(split.first(20).labels.sum()) < 20  # type: ignore[union-attr]


@pytest.mark.parametrize("other", ["val", "test", "valid"])
def test_beside_train_alone_the_other_is_the_test_split(other: str, tmp_path: Path) -> None:
    train, val, test = splits(split_folders(tmp_path, "train", other))
    assert (len(train), len(val), len(test)) == (36, 4, 40)
    assert {number // 100 for _, number in test} == {1}
    assert f"{other}/ is the test split; validation is a part of train/" in told(tmp_path)


def test_images_to_classify_without_labels_are_no_test_split(tmp_path: Path) -> None:
    split_folders(tmp_path, "train", "val")
    fill(tmp_path / "test", 5, 60)
    _, _, test = splits(tmp_path)
    assert {number // 100 for _, number in test} == {1}
    assert "test/ is not read: it has no class folders" in told(tmp_path)


def test_imagenets_test_folder_is_not_read(tmp_path: Path) -> None:
    from dataclasses import replace

    split_folders(tmp_path, "train", "val", "test")
    imagenet = resolve_dataset("imagenet")
    assert isinstance(imagenet, Folder)
    small = replace(imagenet, num_classes=2)
    data, test = small.load(tmp_path, 8, False), small.load_test(tmp_path, 8, False)
    assert (len(data.train), len(data.val)) == (36, 4)
    assert isinstance(test, FileSplit)
    assert {path.parent.parent.name for path in test.paths} == {"val"}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    classes(tmp_path, 10)
    fill(tmp_path / "train", 10, 90)
    assert Folder(tmp_path).load(None, 8, False).class_names == ("dark", "light", "train")


WRONG = {
    "capitals": (("Train", "Test"), r"no directory at .*train, but Test, Train\. Call the folders of the splits"),
    "test alone": (("test",), "no directory at .*train, but test"),
    "two for validation": (("train", "val", "valid"), "val and valid in .* both say"),
    "train alone": (("train",), r"no directory at .*val or .*test"),
    "one folder too high": (("pets/train", "pets/val", "more/train"), r"Is the data set in .*pets\?"),
}


@pytest.mark.parametrize("case", WRONG)
def test_folders_that_look_like_something_else_are_not_taken_for_classes(case: str, tmp_path: Path) -> None:
    names, message = WRONG[case]
    split_folders(tmp_path, *names)
    with pytest.raises(UsageError, match=message):
        Folder(tmp_path).load(None, 8, False)


def test_every_split_needs_the_same_classes(tmp_path: Path) -> None:
    split_folders(tmp_path, "train", "val", "test")
    shutil.rmtree(tmp_path / "test" / "light")
    with pytest.raises(UsageError, match=r"test lacks light \(1 of 2 classes\)|only one class in .*test"):
        Folder(tmp_path).load(None, 8, False)
    (tmp_path / "test" / "grey").mkdir()
    with pytest.raises(UsageError, match=r"test lacks light .*val lacks grey .*train lacks grey.*grey is empty"):
        Folder(tmp_path).load(None, 8, False)


def test_the_split_is_in_the_identity(tmp_path: Path) -> None:
    before = DataSource(f"folder:{split_folders(tmp_path / 'a', 'train', 'val')}").identity(test=True)
    shutil.copytree(tmp_path / "a" / "val", tmp_path / "a" / "test")
    from nasbench.train.datasets import read_once

    read_once.cache_clear()
    now = DataSource(f"folder:{tmp_path / 'a'}").identity(test=True)
    assert before["train"] != now["train"]
    assert before["val"] != now["val"]


@pytest.mark.parametrize(
    ("case", "said"),
    [("flat", r"train: .* has 1 image outside any class folder\. "), ("empty", r"train: .* is empty\. "), ("none", "")],
)
def test_what_is_no_layout_is_told_all_layouts(case: str, said: str, tmp_path: Path) -> None:
    root = tmp_path / case
    if case != "none":
        root.mkdir()
    if case == "flat":
        (root / "a.png").write_bytes(b"")
    layouts = r"folder needs in .*: train/<class> with val/<class> or test/<class> or both, or <class> folders alone"
    with pytest.raises(UsageError, match=said + layouts):
        Folder(root).load(None, 8, False)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UsageError, match=r"file: it is a file\. " + layouts):
        Folder(tmp_path / "file").load(None, 8, False)


def test_what_was_left_out_of_an_empty_class_keeps_its_name(tmp_path: Path) -> None:
    split_folders(tmp_path, "train", "val")
    (tmp_path / "train" / "night" / "__MACOSX").mkdir(parents=True)
    (tmp_path / "train" / "night" / "Thumbs.db").write_text("")
    (tmp_path / "train" / "night" / "notes.txt").write_text("")
    shutil.copytree(tmp_path / "train" / "dark", tmp_path / "val" / "night")
    with pytest.raises(UsageError) as caught:
        Folder(tmp_path).load(None, 8, False)
    assert "Thumbs.db" in str(caught.value)
    assert "__MACOSX" in str(caught.value)
    assert str(caught.value).casefold().count("left out there") == 1

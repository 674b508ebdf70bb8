"""Whatever is evaluated is shown in one way: of equal files a network sees the same, whichever split they are in."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from nasbench.train import folders
from nasbench.train.data import CROP_SHARE, AnySplit, FileSplit, ImageData, Split
from nasbench.train.datasets import read_once
from nasbench.train.folders import Folder
from nasbench.train.loader import eval_batches
from nasbench.train.source import DataSource

SIDE = 16


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Twelve training and four test images, all of them the same file."""
    picture = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype("uint8")).save(picture)
    for split, count in (("train", 6), ("val", 2)):
        for name in ("cat", "dog"):
            (tmp_path / "pets" / split / name).mkdir(parents=True)
            for index in range(count):
                shutil.copy(picture, tmp_path / "pets" / split / name / f"{index}.png")
    return tmp_path / "pets"


def seen(split: AnySplit, data: ImageData) -> Tensor:
    images, _ = next(eval_batches(split.first(1), data, torch.device("cpu"), 1))
    return images[0]


def fits(num_images: int) -> int:
    """Bytes that so many images take."""
    return num_images * 3 * SIDE * SIDE


@pytest.mark.parametrize("layout", ["train and val", "three splits", "classes"])
@pytest.mark.parametrize("memory", [0, fits(5), fits(100)], ids=["all streamed", "the test in memory", "all in memory"])
def test_validation_and_test_see_the_same(
    memory: int, layout: str, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layout == "three splits":
        shutil.copytree(pets / "val", pets / "test")
    root = pets / "train" if layout == "classes" else pets
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", memory)
    folder = Folder(root)
    data, test = folder.load(None, SIDE, False), folder.load_test(None, SIDE, False)
    assert isinstance(test, FileSplit if memory == 0 else Split)
    assert torch.equal(seen(data.val, data), seen(test, data))
    assert data.shown == (1.0 if memory == fits(100) else CROP_SHARE)


def test_a_large_test_split_is_shown_as_the_small_training_split(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(2, 40):
        shutil.copy(pets / "val" / "cat" / "0.png", pets / "val" / "cat" / f"{index}.png")
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", fits(15))
    folder = Folder(pets)
    data, test = folder.load(None, SIDE, False), folder.load_test(None, SIDE, False)
    assert isinstance(data.val, Split)
    assert isinstance(test, FileSplit)
    assert torch.equal(seen(data.val, data), seen(test, data))
    read_once.cache_clear()
    assert DataSource(f"folder:{pets}", image_size=SIDE).identity(test=True)["test_shown"] == 1.0
    read_once.cache_clear()


@pytest.mark.parametrize("own", [None, SIDE])
def test_a_network_that_sees_more_pixels_is_shown_as_much_of_an_image(
    own: int | None, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", fits(100))
    read_once.cache_clear()
    source = DataSource(f"folder:{pets}", image_size=own)
    small = source.read()
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 3 * 40 * 40 * 20 if own is None else fits(20))
    large = source.read(64)
    test, _ = source.test(64)
    assert isinstance(small.val, Split)
    assert isinstance(large.val, FileSplit)
    assert isinstance(test, Split if own is None else FileSplit) or len(test) == 4
    assert small.shown == large.shown == 1.0
    assert torch.equal(seen(large.val, large), seen(test, large))
    monkeypatch.undo()
    read_once.cache_clear()


def test_the_usual_centre_of_photographs_is_kept(pets: Path) -> None:
    imagenet = folders.Folder(pets, stream=True, side=224)
    data = imagenet.load(None, 224, False)
    from torchvision.transforms import v2

    usual = v2.Compose([v2.Resize(256, antialias=True), v2.CenterCrop(224), v2.PILToTensor()])
    with Image.open(pets / "val" / "cat" / "0.png") as image:
        pixels = usual(image.convert("RGB"))
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (data.mean, data.std))
    assert torch.allclose(seen(data.val, data), (pixels / 255 - mean) / std, atol=1e-5)

"""The record beside weights: wherever weights are, the way in which evaluation shows images, in torch alone too."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import FILE, Preprocessing, Seen, read_preprocessing, write_preprocessing
from nasbench.engine.parts.preprocess_source import with_preprocessing
from nasbench.nn.preprocess import preprocessed
from nasbench.train.data import FileSplit, at_size, normalise
from nasbench.train.datasets import resolve_dataset
from nasbench.train.loader import eval_batches
from nasbench.train.single import network_input
from nasbench.train.source import DataSource

CPU = torch.device("cpu")
PHOTOS = Preprocessing(32, Seen((0.5, 0.4, 0.3), (0.2, 0.3, 0.4), "bicubic", 0.875), ("cat", "dog"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photographs of several shapes and two classes."""
    rng = np.random.default_rng(1)
    for split in ("train", "val"):
        for label, name in enumerate(("cat", "dog")):
            (tmp_path / split / name).mkdir(parents=True)
            for index, shape in enumerate(((48, 64), (70, 40), (33, 33), (90, 91))):
                pixels = rng.integers(0, 256, (*shape, 3), dtype=np.uint8) // (1 + label)
                Image.fromarray(pixels).save(tmp_path / split / name / f"{index}.png")
    return tmp_path


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    write_preprocessing(tmp_path, PHOTOS)
    assert read_preprocessing(tmp_path) == PHOTOS
    record = json.loads((tmp_path / FILE).read_text())
    assert record["classes"] == ["cat", "dog"]
    assert (record["image_size"], record["resize_shorter_side_to"], record["channel_order"]) == (32, 37, "RGB")
    assert (record["interpolation"], record["crop"], record["crop_share"]) == ("bicubic", "centre", 0.875)
    (tmp_path / FILE).write_text('{"image_size": 3}')
    with pytest.raises(UsageError, match=r"preprocessing.json cannot be read: not a preprocessing record"):
        read_preprocessing(tmp_path)
    assert read_preprocessing(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("shown_as", [None, PHOTOS.seen])
def test_one_image_is_seen_as_evaluation_sees_it(folder: Path, stream: bool, shown_as: Seen | None) -> None:
    """Bit for bit, for images that are read batch by batch and for those that stay in memory."""
    from dataclasses import replace

    dataset = replace(resolve_dataset(f"folder:{folder}", shown_as=shown_as), stream=stream)
    data = dataset.load(None, 32, False)
    data = data if shown_as is None else data.shown_as(shown_as)
    files = replace(dataset, stream=True).load_test(None, 32, False)
    assert isinstance(files, FileSplit)
    ((images, _),) = eval_batches(dataset.load_test(None, 32, False), data, CPU, 100)
    record = data.preprocessing()
    assert record.classes == ("cat", "dog")
    for path, expected in zip(files.paths, images, strict=True):
        assert torch.equal(network_input(path, record)[0], expected)


@pytest.mark.parametrize("side", [8, 12])
def test_images_in_memory_are_seen_alike_from_a_file(side: int, tmp_path: Path) -> None:
    data = DataSource("digits", image_size=side).read()
    assert data.preprocessing().classes == tuple("0123456789")
    Image.fromarray(data.val.images[0, 0].numpy()).save(tmp_path / "digit.png")
    found = network_input(tmp_path / "digit.png", data.preprocessing())
    expected = normalise(at_size(data.val.images[:1], side), data.mean, data.std)
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("shape", [(48, 64), (70, 40), (37, 37), (20, 50)])
def test_torch_alone_shows_an_image_as_pillow_does(interpolation: str, shape: tuple[int, int], tmp_path: Path) -> None:
    """But for rounding: Pillow resizes rows and columns one after the other, with whole numbers between."""
    seen = Seen((0.5,) * 3, (0.5,) * 3, interpolation, 0.875)
    record = Preprocessing(32, seen, ("a", "b"))
    y, x = np.mgrid[: shape[0], : shape[1]]
    pixels = np.stack([y * 3 % 256, x * 3 % 256, (x + y) * 2 % 256], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    module = ModuleType("model")
    exec(with_preprocessing("import torch\n", record), module.__dict__)
    assert module.CLASSES == ("a", "b")
    image = torch.from_numpy(pixels).permute(2, 0, 1)
    found = module.preprocess(image)
    expected = network_input(tmp_path / "image.png", record)[0]
    assert found.shape == expected.shape == (3, 32, 32)
    assert (found - expected).abs().mean() < 1.5 / 127.5
    assert torch.equal(module.preprocess(image[None])[0], found)


def test_colours_become_grey_and_grey_is_repeated() -> None:
    grey = torch.randint(0, 256, (1, 8, 8), dtype=torch.uint8)
    mono = preprocessed(grey, 8, 8, "bilinear", True, (0.5,), (0.5,))
    assert torch.equal(preprocessed(grey.expand(3, 8, 8), 8, 8, "bilinear", True, (0.5,), (0.5,)), mono)
    assert torch.equal(preprocessed(grey, 8, 8, "bilinear", True, (0.5,) * 3, (0.5,) * 3), mono.expand(3, 8, 8))


def test_weights_with_other_channels_leave_mean_and_deviation() -> None:
    data = DataSource("digits").read()
    shown = data.shown_as(Seen((0.1, 0.2, 0.3), (1.0, 1.0, 1.0), "bicubic", 0.5))
    assert (shown.mean, shown.std, shown.interpolation, shown.shown) == (data.mean, data.std, "bicubic", 1.0)


def test_how_images_are_shown_is_a_part_of_the_identity() -> None:
    plain, shown = DataSource("digits"), DataSource("digits", shown_as=Seen((0.5,), (0.5,)))
    assert plain.identity() != shown.identity()
    assert {name for name in shown.identity() if name not in plain.identity()} == {"shown_as"}

"""Data sets: splits, sizes, and what is said when something is missing."""

import pickle
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nasbench.core.errors import UsageError
from nasbench.core.registry import datasets
from nasbench.core.spec import Task
from nasbench.train.data import ImageData, Split, at_size, carve, normalise, validation_size
from nasbench.train.datasets import DataSet, _digits, resolve_dataset, task_of
from nasbench.train.location import default_data_dir


def rows(split: Split) -> set[bytes]:
    return {image.numpy().tobytes() for image in split.images}


def test_carving_is_disjoint_complete_and_fixed():
    train, val = carve(50_000, 5_000)
    assert len(train) == 45_000
    assert len(val) == 5_000
    assert torch.equal(torch.cat([train, val]).sort().values, torch.arange(50_000))
    assert val[:5].tolist() == [3412, 25849, 6809, 429, 44480]  # a change here changes every result


def test_carving_touches_no_global_generator():
    before = torch.get_rng_state()
    carve(100, 10)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("images", "val"), [(50_000, 5_000), (60_000, 6_000), (2, 1), (3, 1), (10, 1), (15, 2)])
def test_validation_sizes(images, val):
    assert validation_size(images) == val


def test_digits_splits():
    digits = resolve_dataset("digits")
    data = digits.load(None, None, False)
    test = digits.load_test(None, None, False)
    assert isinstance(data.train, Split)
    assert isinstance(data.val, Split)
    assert isinstance(test, Split)
    assert (len(data.train), len(data.val), len(test)) == (1200, 300, 297)
    assert data.train.images.shape[1:] == (1, 8, 8)
    assert rows(data.train).isdisjoint(rows(data.val))
    assert rows(data.train).isdisjoint(rows(test))
    assert rows(data.val).isdisjoint(rows(test))
    assert data.task == digits.task(None, None) == Task(10, 8, 1)
    again = digits.load(None, None, False)
    assert torch.equal(data.val.images, again.val.images)
    assert torch.equal(data.train.labels, again.train.labels)
    assert int(data.train.images.max()) == 255


def test_digits_are_all_scans_of_scikit_learn():
    """Read from its file: the package itself is not imported for them."""
    code = """
import sys
from nasbench.train.datasets import _digits
scans = _digits()
assert not {"sklearn", "scipy", "pandas"} & set(sys.modules)
from sklearn.datasets import load_digits
import torch
theirs = load_digits()
assert torch.equal(scans.images[:, 0], torch.from_numpy(theirs.images).mul(255 / 16).round().to(torch.uint8))
assert scans.labels.tolist() == theirs.target.tolist()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_digits_that_scikit_learn_does_not_hold(monkeypatch, tmp_path):
    _digits.cache_clear()
    found = [None, SimpleNamespace(submodule_search_locations=[str(tmp_path)])]
    monkeypatch.setattr("nasbench.train.datasets.find_spec", lambda name: found.pop(0))
    for said in ("missing", str(tmp_path)):
        with pytest.raises(UsageError, match=rf"\({said}\): pip install --force-reinstall scikit-learn"):
            _digits()


def test_normalised_digits_have_zero_mean_and_unit_deviation():
    data = resolve_dataset("digits").load(None, None, False)
    pixels = normalise(at_size(data.train.images, 8), data.mean, data.std)
    assert abs(float(pixels.mean())) < 0.02
    assert abs(float(pixels.std()) - 1) < 0.02


def test_images_are_resized_to_the_size_asked_for():
    assert task_of("digits", None, 20) == Task(10, 20, 1)
    assert resolve_dataset("digits").load(None, 20, False).task == Task(10, 20, 1)
    flat = torch.full((2, 1, 8, 8), 100, dtype=torch.uint8)
    assert torch.allclose(at_size(flat, 20), torch.full((2, 1, 20, 20), 100.0))
    checks = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).repeat(8, 8).view(1, 1, 16, 16)
    assert torch.allclose(
        at_size(checks, 4).mean(), torch.tensor(127.5)
    )  # antialiased: a bare bilinear picks few pixels
    assert torch.equal(at_size(checks, 16), checks.float())


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "mnist", "fashion-mnist"])
def test_missing_data_say_what_to_put_where(name, tmp_path):
    with pytest.raises(UsageError) as error:
        resolve_dataset(name).load(tmp_path, None, False)
    for part in (name, str(tmp_path), "--download", "--data-dir", "NASBENCH_DATA"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "task"), [("cifar10", Task(10, 32, 3)), ("cifar100", Task(100, 32, 3)), ("mnist", Task(10, 28, 1))]
)
def test_the_task_is_known_without_the_data(name, task, tmp_path):
    assert task_of(name, tmp_path, None) == task


def test_the_data_directory_comes_from_the_environment_or_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("NASBENCH_DATA", str(tmp_path / "here"))
    assert default_data_dir() == tmp_path / "here"
    monkeypatch.delenv("NASBENCH_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "nasbench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_data_dir().name == "nasbench"


def write_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files laid out as the official ones, 40 images in each, every pixel of an image telling which it is."""
    import torchvision

    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        pixels = np.repeat(np.arange(40, dtype=np.uint8)[:, None] + 40 * number, 3072, axis=1)
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": [i % 10 for i in range(40)]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"class {i}" for i in range(10)]}))
    monkeypatch.setattr(
        torchvision.datasets.CIFAR10, "_check_integrity", lambda self: True
    )  # these are not the official bytes
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda path, md5: True)


def test_cifar_files_are_read_into_three_disjoint_splits(tmp_path, monkeypatch):
    write_cifar10(tmp_path, monkeypatch)
    cifar = resolve_dataset("cifar10")
    data, test = cifar.load(tmp_path, None, False), cifar.load_test(tmp_path, None, False)
    assert isinstance(data.train, Split)
    assert isinstance(data.val, Split)
    assert isinstance(test, Split)
    assert (len(data.train), len(data.val), len(test)) == (180, 20, 40)
    assert data.train.images.shape[1:] == (3, 32, 32)
    assert data.class_names[3] == "class 3"
    which = [set(split.images[:, 0, 0, 0].tolist()) for split in (data.train, data.val, test)]
    assert which[0] | which[1] == set(range(200))
    assert which[2] == set(range(200, 240))
    for split in (data.train, data.val):
        assert torch.equal(split.images[:, 0, 0, 0] % 40 % 10, split.labels.to(torch.uint8))


def write_idx(path: Path, values: np.ndarray) -> None:
    path.write_bytes(
        struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()
    )


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_mnist_files_are_read_into_three_splits(name, folder, tmp_path):
    raw = tmp_path / folder / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 50), ("t10k", 20)):
        pixels = np.repeat(np.arange(count), 28 * 28).reshape(count, 28, 28)
        write_idx(raw / f"{part}-images-idx3-ubyte", pixels)
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(count) % 10)
    made = resolve_dataset(name)
    data, test = made.load(tmp_path, None, False), made.load_test(tmp_path, None, False)
    assert isinstance(data.train, Split)
    assert (len(data.train), len(data.val), len(test)) == (45, 5, 20)
    assert data.train.images.shape[1:] == (1, 28, 28)
    assert torch.equal(data.train.images[:, 0, 0, 0] % 10, data.train.labels.to(torch.uint8))
    assert data.task == made.task(tmp_path, None)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'cifar10'"):
        resolve_dataset("cifar1")


class TinyData:
    """A data set of one's own."""

    def task(self, data_dir, image_size):
        return Task(2, image_size or 4, 1)

    def load(self, data_dir, image_size, download):
        split = Split(torch.zeros(6, 1, 4, 4, dtype=torch.uint8), torch.zeros(6, dtype=torch.int64))
        return ImageData("tiny", split, split, (0.5,), (0.5,), ("a", "b"), image_size or 4)

    def load_test(self, data_dir, image_size, download):
        return self.load(data_dir, image_size, download).val


def test_a_data_set_of_ones_own_by_import_path(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    made = resolve_dataset("test_data_sets:TinyData")
    assert made.load(None, 8, False).task == Task(2, 8, 1)
    with pytest.raises(UsageError, match="is no data set"):
        resolve_dataset("test_data_sets:Path")


@pytest.mark.parametrize("name", [name for name in datasets.names() if name not in ("folder", "shards")])
def test_every_named_data_set_obeys_the_protocol(name):
    assert isinstance(resolve_dataset(name), DataSet)

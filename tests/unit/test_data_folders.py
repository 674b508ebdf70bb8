"""Images in folders: what is read, and what is said of a folder that is not as it should be."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Task
from nasbench.train import folders
from nasbench.train.data import FileSplit, Split
from nasbench.train.datasets import resolve_dataset, task_of
from nasbench.train.loader import TrainBatches, eval_batches
from nasbench.train.replicas import Replicas

CPU = torch.device("cpu")
RECIPE = Recipe("test", 1, epochs=1, batch_size=4, lr_peak=0.1, random_resized_crop=0.5, flip=True)


def fill(
    directory: Path, count: int, colour: tuple[int, int, int], size: tuple[int, int] = (12, 10), suffix: str = ".png"
) -> None:
    directory.mkdir(parents=True)
    for index in range(count):
        Image.new("RGB", size, (*colour[:2], index)).save(directory / f"{index:02d}{suffix}")


@pytest.fixture
def pets(tmp_path):
    for name, colour in (("cat", (200, 0, 0)), ("dog", (0, 200, 0))):
        fill(tmp_path / "train" / name, 10, colour)
        fill(tmp_path / "val" / name, 3, colour)
    return tmp_path


def load(path: Path, image_size: int | None = None):
    return resolve_dataset(f"folder:{path}").load(None, image_size, False)


def test_validation_is_carved_from_train_and_val_is_the_test_split(pets):
    data, test = load(pets), resolve_dataset(f"folder:{pets}").load_test(None, None, False)
    assert isinstance(data.train, Split)
    assert isinstance(data.val, Split)
    assert isinstance(test, Split)
    assert (len(data.train), len(data.val), len(test)) == (18, 2, 6)
    assert data.class_names == ("cat", "dog")
    seen = {(int(image[0, 0, 0]), int(image[2, 0, 0])) for image in torch.cat([data.train.images, data.val.images])}
    assert len(seen) == 20
    for split in (data.train, data.val, test):
        assert torch.equal(split.labels == 0, split.images[:, 0, 0, 0] == 200)


def test_images_are_decoded_at_the_size_asked_for(pets):
    assert load(pets).task == task_of(f"folder:{pets}", None, None) == Task(2, 10, 3)  # the shorter side
    assert load(pets, 6).train.images.shape == (18, 3, 6, 6)
    assert task_of(f"folder:{pets}", None, 6) == Task(2, 6, 3)


def test_large_folders_stream_in_a_seeded_order(pets, monkeypatch):
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    data = load(pets, 8)
    assert isinstance(data.train, FileSplit)
    assert isinstance(data.val, FileSplit)
    assert set(data.train.paths).isdisjoint(data.val.paths)
    before = torch.get_rng_state()
    first, again = (list(TrainBatches(data, RECIPE, 3, CPU).epoch(0)) for _ in range(2))
    other = list(TrainBatches(data, RECIPE, 4, CPU).epoch(0))
    assert torch.equal(before, torch.get_rng_state())
    assert [images.shape for images, _ in first] == [(4, 3, 8, 8)] * 4
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(first, other, strict=True))
    val = list(eval_batches(data.val, data, CPU, 1))
    assert [int(labels) for _, labels in val] == list(data.val.labels)


def test_streamed_and_decoded_images_are_nearly_the_same(pets, monkeypatch):
    decoded = load(pets, 8)
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    streamed = load(pets, 8)
    for (a, y), (b, z) in zip(
        eval_batches(decoded.val, decoded, CPU, 2), eval_batches(streamed.val, streamed, CPU, 2), strict=True
    ):
        assert torch.equal(y, z)
        assert torch.allclose(a, b, atol=0.05)  # flat colours: the crop does not matter


@pytest.mark.slow
def test_the_number_of_worker_processes_changes_nothing(pets, monkeypatch):
    from nasbench.train import loader
    from nasbench.train.file_batches import FileBatches

    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    data = load(pets, 8)
    assert isinstance(data.train, FileSplit)
    keys = [(index, 100 + index) for index in range(8)]
    batches = {}
    for device in ("cpu", "meta"):  # any device but the CPU gets worker processes
        files = FileBatches(data.train, loader._train_transform(8, RECIPE), torch.device(device))
        files._device = CPU
        batches[device] = [next(iter([images])) for images, _ in files(keys, 4)]
    assert all(torch.equal(a, b) for a, b in zip(batches["cpu"], batches["meta"], strict=True))


def test_imagenet_lies_in_the_data_directory_and_streams(pets):
    imagenet = resolve_dataset("imagenet")
    assert isinstance(imagenet, folders.Folder)
    data = replace(imagenet, num_classes=2).load(pets, None, False)
    assert isinstance(data.train, FileSplit)
    assert data.image_size == 224
    for ask in (imagenet.task, lambda *path: imagenet.load(*path, False)):
        with pytest.raises(UsageError, match=r"have 2 class folders; imagenet has 1,000 classes.*--dataset folder:"):
            ask(pets, 8)


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as error:
        load(path)
    return str(error.value)


def test_folder_needs_a_path():
    with pytest.raises(UsageError, match="folder:PATH"):
        resolve_dataset("folder")


def test_a_missing_directory(tmp_path):
    message = refused(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in message
    assert "train/<class>" in message


def test_no_train(tmp_path):
    assert str(tmp_path / "train") in refused(tmp_path)


def test_no_class_folders(tmp_path):
    (tmp_path / "train").mkdir()
    assert "no class folders" in refused(tmp_path)


def test_one_class_only(tmp_path):
    fill(tmp_path / "train" / "cat", 3, (1, 2, 3))
    message = refused(tmp_path)
    assert "only one class" in message
    assert "'cat'" in message


def test_classes_that_differ(pets):
    fill(pets / "train" / "bird", 2, (0, 0, 9))
    message = refused(pets)
    assert "lacks bird (1 of 3 classes)" in message
    assert str(pets / "val") in message


def test_many_classes_that_differ_are_counted_and_some_are_named(pets):
    for name in "abcdefg":
        fill(pets / "val" / name, 1, (0, 0, 9))
    (pets / "val" / "cat").rename(pets / "val" / "kitten")
    message = refused(pets)
    assert f"{pets / 'val'} lacks cat (1 of 10 classes)" in message
    assert f"{pets / 'train'} lacks a, b, c, d, e, ... (8 of 10 classes)" in message


def test_a_class_without_images(pets):
    (pets / "train" / "bird").mkdir()
    assert str(pets / "train" / "bird") in refused(pets)


@pytest.mark.parametrize("split", ["train", "val"])
def test_classes_without_images_are_counted_before_anything_is_trained(pets, split):
    for path in [*(pets / split / "cat").iterdir(), *(pets / split / "dog").iterdir()]:
        path.unlink()
    assert f"no images in {pets / split / 'cat'}, {pets / split / 'dog'} (2 of 2 class folders)" in refused(pets)


def test_no_val(pets):
    shutil.rmtree(pets / "val")
    message = refused(pets)
    assert str(pets / "val") in message
    assert str(pets / "test") in message


def test_a_corrupt_image_is_named(pets):
    broken = pets / "train" / "dog" / "99.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no image")
    assert str(broken) in refused(pets)


def test_corrupt_images_are_counted_together(pets):
    for name in ("00", "01", "02", "03", "04", "05"):
        (pets / "train" / "cat" / f"{name}.png").write_bytes(b"no image")
    message = refused(pets)
    assert f"6 of 20 images cannot be read ({pets / 'train' / 'cat' / '00.png'}, " in message
    assert "04.png, ...). The first: cannot read the image" in message
    assert "--skip-corrupt" in message


def test_a_truncated_image_is_named(pets):
    whole = pets / "train" / "dog" / "98.jpg"
    Image.effect_noise((64, 64), 50).convert("RGB").save(whole)
    whole.write_bytes(whole.read_bytes()[:600])
    assert str(whole) in refused(pets)


def test_a_corrupt_image_is_named_when_it_streams(pets, monkeypatch):
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    broken = pets / "train" / "cat" / "00.png"
    broken.write_bytes(b"no image")
    data = load(pets, 8)
    with pytest.raises(UsageError, match=r"^1 of 18 images cannot be read \(.*00\.png"):
        list(TrainBatches(data, replace(RECIPE, batch_size=18), 0, CPU).epoch(0))


@pytest.mark.parametrize("memory", [2**30, 100], ids=["in memory", "streaming"])
def test_corrupt_images_are_left_out_counted_and_named_where_that_was_asked(pets, monkeypatch, memory):
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", memory)
    broken = {pets / "train" / name / "00.png" for name in ("cat", "dog")}
    for path in broken:
        path.write_bytes(b"no image")
    data = resolve_dataset(f"folder:{pets}", skip_corrupt=True).load(None, 8, False)
    batches = TrainBatches(data, replace(RECIPE, batch_size=len(data.train)), 0, CPU)
    seen = sum(len(labels) for _, labels in batches.epoch(0))
    seen += sum(len(labels) for _, labels in eval_batches(data.val, data, CPU, 1))
    assert seen == 18
    assert data.corrupt == broken


def test_a_replica_whose_part_of_a_batch_cannot_be_read_does_not_leave_the_others_waiting(pets, monkeypatch):
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    for path in (pets / "train" / "cat").iterdir():
        path.write_bytes(b"no image")
    data = resolve_dataset(f"folder:{pets}", skip_corrupt=True).load(None, 8, False)
    recipe = replace(RECIPE, batch_size=2)
    assert sum(len(labels) for _, labels in TrainBatches(data, recipe, 0, CPU).epoch(0)) == sum(data.train.labels)
    with pytest.raises(UsageError, match="all images of a batch that this process"):
        list(TrainBatches(data, recipe, 0, CPU, Replicas(1, 2)).epoch(0))


@pytest.mark.parametrize("memory", [2**30, 100], ids=["in memory", "streaming"])
def test_replicas_take_the_parts_of_the_batches_of_one_process(pets, monkeypatch, memory):
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", memory)
    data = load(pets, 8)
    recipe = (
        RECIPE if memory == 100 else replace(RECIPE, random_resized_crop=0.0, flip=False)
    )  # a file's augmentation is its own
    alone = list(TrainBatches(data, recipe, 3, CPU).epoch(1))
    parts = [list(TrainBatches(data, recipe, 3, CPU, Replicas(rank, 2)).epoch(1)) for rank in range(2)]
    assert len(alone) == len(parts[0]) == len(parts[1]) == 4
    for (images, labels), *halves in zip(alone, *parts, strict=True):
        assert torch.equal(images, torch.cat([half for half, _ in halves]))
        assert torch.equal(labels, torch.cat([half for _, half in halves]))


def test_ilsvrcs_layout_with_a_thousand_classes(tmp_path):
    names = [f"n{index:08d}" for index in range(1000)]
    picture = tmp_path / "picture.png"
    Image.new("RGB", (12, 10), (9, 9, 9)).save(picture)
    for split in ("train", "val"):
        for name in names:
            (tmp_path / split / name).mkdir(parents=True)
            for copy in range(2 if split == "train" else 1):
                os.link(picture, tmp_path / split / name / f"{name}_{copy}.png")
    imagenet = resolve_dataset("imagenet")
    assert imagenet.task(tmp_path, 16) == Task(1000, 16, 3)
    data = imagenet.load(tmp_path, 16, False)
    assert isinstance(data.train, FileSplit)
    assert data.class_names == tuple(names)
    assert (len(data.train), len(data.val), len(imagenet.load_test(tmp_path, 16, False))) == (1800, 200, 1000)
    images, labels = next(TrainBatches(data, replace(RECIPE, batch_size=8), 0, CPU).epoch(0))
    assert images.shape == (8, 3, 16, 16)
    assert labels.shape == (8,)
    broken = tmp_path / "train" / names[7] / f"{names[7]}_0.png"
    broken.unlink()
    broken.write_bytes(b"no image")
    assert broken in data.train.paths
    with pytest.raises(UsageError, match=rf"^1 of 1,800 images cannot be read \({broken}\)"):
        list(TrainBatches(data, replace(RECIPE, batch_size=1800), 0, CPU).epoch(0))
    leaving_out = resolve_dataset("imagenet", skip_corrupt=True).load(tmp_path, 16, False)
    (_, labels), *_ = TrainBatches(leaving_out, replace(RECIPE, batch_size=1800), 0, CPU).epoch(0)
    assert (len(labels), leaving_out.corrupt) == (1799, {broken})
    shutil.rmtree(tmp_path / "val" / names[3])
    with pytest.raises(UsageError, match=r"val lacks n00000003 \(1 of 1,000 classes\)"):
        imagenet.load(tmp_path, 16, False)
    shutil.rmtree(tmp_path / "train" / names[3])
    with pytest.raises(UsageError, match="have 999 class folders; imagenet has 1,000 classes"):
        imagenet.task(tmp_path, 16)


def test_grey_and_transparent_images_become_rgb(pets):
    Image.new("L", (12, 10), 7).save(pets / "train" / "dog" / "grey.png")
    Image.new("RGBA", (12, 10), (1, 2, 3, 4)).save(pets / "train" / "dog" / "clear.png")
    assert len(load(pets).train) + len(load(pets).val) == 22

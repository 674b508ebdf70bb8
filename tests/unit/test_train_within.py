"""A training that dies within an epoch goes on there, to the last bit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.recipe import Recipe
from nasbench.nn.drop_path import DropPath
from nasbench.train.data import FileSplit, ImageData
from nasbench.train.datasets import resolve_dataset
from nasbench.train.device import isolated_rng
from nasbench.train.trainer import fit

CPU = torch.device("cpu")
RECIPE = Recipe(
    "within",
    1,
    epochs=2,
    batch_size=16,
    lr_peak=0.1,
    nesterov=True,
    train_images=128,
    val_images=50,
    pad_crop=1,
    flip=True,
    cutout=2,
    mixup=0.2,
    cutmix=0.5,
    drop_path=0.2,
    ema_decay=0.9,
)


class Net(nn.Module):
    """Draws numbers and keeps statistics. It fails at training step `dies`, or in evaluation, if asked to."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.drop_path, self.dropout, self.head = DropPath(), nn.Dropout(0.2), nn.Linear(8, 10)
        self.dies, self.steps, self.fails_evaluation = 0, 0, False

    def forward(self, images: Tensor) -> Tensor:
        self.steps += self.training
        if (self.training and self.steps == self.dies) or (self.fails_evaluation and not self.training):
            raise RuntimeError("the power went off")
        return self.head(self.dropout(self.drop_path(self.body(images)).mean(dim=(2, 3))))


def net(channels: int = 1) -> Net:
    with isolated_rng(CPU, 0):
        return Net(channels)


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return resolve_dataset("digits").load(None, None, False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ImageData:
    """Random pictures in files, one of which cannot be read."""
    folder, generator = tmp_path_factory.mktemp("images"), torch.Generator().manual_seed(0)
    paths = []
    for index in range(48):
        paths.append(folder / f"{index}.png")
        Image.fromarray(torch.randint(256, (9, 9, 3), dtype=torch.uint8, generator=generator).numpy()).save(paths[-1])
    paths[5].write_bytes(b"nothing")
    split = FileSplit(tuple(paths), tuple(index % 10 for index in range(48)), set())
    return ImageData("files", split, split.first(8), (0.5,) * 3, (0.3,) * 3, tuple("0123456789"), 8, set())


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.mark.parametrize("dies", [2, 6, 8, 13])
def test_it_goes_on_within_the_epoch_to_the_last_bit(digits: ImageData, dies: int, tmp_path: Path) -> None:
    whole, checkpoint = net(), tmp_path / "checkpoint.pt"
    expected = fit(whole, digits, RECIPE, seed=3, device=CPU, keep_best=True)
    first, second = net(), net()
    first.dies = dies
    with pytest.raises(TrialFailed, match="the power went off"):
        fit(first, digits, RECIPE, seed=3, device=CPU, keep_best=True, checkpoint=checkpoint, save_every=3)
    found = fit(second, digits, RECIPE, seed=3, device=CPU, keep_best=True, checkpoint=checkpoint, save_every=3)
    assert found == expected
    assert same(whole, second)
    lost = (dies - 1) % 8 % 3
    assert second.steps == 16 - (dies - 1 - lost)


def test_files_are_read_on_from_there(files: ImageData, tmp_path: Path) -> None:
    recipe = replace(RECIPE, train_images=None, batch_size=1, random_resized_crop=0.3, pad_crop=0, epochs=1)
    whole, checkpoint = net(3), tmp_path / "checkpoint.pt"
    expected = fit(whole, files, recipe, seed=3, device=CPU)
    first, second = net(3), net(3)
    first.dies = 45  # by then the file that cannot be read, a batch of its own, has been passed over or not
    with pytest.raises(TrialFailed):
        fit(first, files, recipe, seed=3, device=CPU, checkpoint=checkpoint, save_every=2)
    assert fit(second, files, recipe, seed=3, device=CPU, checkpoint=checkpoint, save_every=2) == expected
    assert same(whole, second)
    assert second.steps == 3


def test_an_epoch_is_not_lost_to_its_evaluation(digits: ImageData, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    first, second = net(), net()
    first.fails_evaluation = True
    with pytest.raises(TrialFailed):
        fit(first, digits, RECIPE, seed=3, device=CPU, checkpoint=checkpoint, keep_best=True, save_every=5)
    fit(second, digits, RECIPE, seed=3, device=CPU, checkpoint=checkpoint, keep_best=True, save_every=5)
    assert second.steps == 8, "the first epoch is evaluated, and only the second is trained"


def test_short_epochs_are_saved_at_their_end_alone(digits: ImageData, tmp_path: Path) -> None:
    first = net()
    first.dies = 7
    with pytest.raises(TrialFailed):
        fit(first, digits, RECIPE, seed=3, device=CPU, checkpoint=tmp_path / "checkpoint.pt")
    assert not (tmp_path / "checkpoint.pt").exists()

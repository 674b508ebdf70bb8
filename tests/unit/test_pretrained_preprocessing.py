"""Published weights see images as they were trained on them: mean and deviation, size, interpolation and crop."""

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

import zoo
import zoo.families.mobilenet
from nasbench.cli import main
from nasbench.core.preprocessing import read_preprocessing
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.engine.config import Data
from nasbench.engine.training.pretrained import as_weights_saw, published_preprocessing
from nasbench.train.training import Training
from zoo.published import PublishedWeights

HALF = {
    "inception_resnet_v2",
    "inception_v4",
    "xception",
    "mobilenet_v1",
    "nasnetalarge",
    "pnasnet5large",
    "gmlp_s",
    "mixer_b16",
    "mixer_l16",
    "efficientnetv2_s",
    "efficientnetv2_m",
    "efficientnetv2_l",
}
"""The networks whose weights were trained with mean and deviation 0.5."""
recipes.register("pretrained_test")(
    Recipe("pretrained_test", 1, epochs=1, batch_size=4, lr_peak=0.001, train_images=4, val_images=2)
)


def test_every_entry_says_how_its_weights_saw_images() -> None:
    found = {name: entry.load_pretrained for name, entry in zoo.entries().items() if entry.load_pretrained}
    assert all(isinstance(weights, PublishedWeights) for weights in found.values())
    records = {name: weights.preprocessing() for name, weights in found.items()}
    assert {name for name, record in records.items() if record.seen.mean == (0.5,) * 3} == HALF
    assert all(len(record.classes) == 1000 for record in records.values())
    assert records["inception_v3"].image_size == 299
    assert records["efficientnet_b2"].image_size == 288  # torchvision's; the paper's is 260
    assert (records["nasnetalarge"].image_size, records["nasnetalarge"].seen.crop_share) == (331, 0.911)
    assert records["vit_h_14"].resized_to == 224
    assert records["resnet18"].seen.interpolation == "bilinear"
    assert records["mobilenet_v1"].seen.interpolation == "bicubic"


@pytest.fixture
def black_and_white(tmp_path: Path) -> Path:
    for split in ("train", "val"):
        for name, level in (("black", 0), ("white", 255)):
            (tmp_path / "images" / split / name).mkdir(parents=True)
            for index in range(4):
                pixels = np.full((72, 80, 3), level, np.uint8)
                Image.fromarray(pixels).save(tmp_path / "images" / split / name / f"{index}.png")
    return tmp_path / "images"


def test_a_transfer_shows_images_as_the_weights_saw_them(
    black_and_white: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Black is -1 and white 1 for weights of mean and deviation 0.5. Random weights stand for the published ones."""
    states = {"mobilenetv1_100": timm.create_model("mobilenetv1_100").state_dict()}
    monkeypatch.setattr(zoo.families.mobilenet, "timm_state", lambda tag: states[tag.split(".")[0]])
    seen: list[tuple[float, float]] = []
    losses = Training._losses

    def spy(self: Training, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append((float(images.min()), float(images.max())))
        return losses(self, images, labels)

    monkeypatch.setattr(Training, "_losses", spy)
    monkeypatch.chdir(tmp_path)
    asked = ["--dataset", f"folder:{black_and_white}", "--image-size", "65", "--recipe", "pretrained_test"]
    more = ["--pretrained", "--freeze", "all-but-head", "--device", "cpu", "--wandb", "off", "--run", "run"]
    assert main(["transfer", "zoo:mobilenet_v1", *asked, *more]) == 0
    assert seen[0] == pytest.approx((-1.0, 1.0))
    record = read_preprocessing(Path("run/best"))
    assert record is not None
    assert (record.seen.mean, record.seen.std, record.seen.interpolation) == ((0.5,) * 3, (0.5,) * 3, "bicubic")
    assert (record.seen.crop_share, record.image_size, record.classes) == (0.875, 65, ("black", "white"))
    notes = json.loads(Path("run/run.json").read_text())["plan"]["notes"]
    assert "mean 0.5, 0.5, 0.5" in notes[0]
    assert "trained at 224 pixels; images are seen at 65" in notes[1]
    assert notes[0] in capsys.readouterr().err
    (kept,) = Path("runs/trained").iterdir()
    assert read_preprocessing(kept) == record
    assert main(["predict", "run", str(black_and_white / "val"), "--json", "--device", "cpu"]) == 0
    images = json.loads(capsys.readouterr().out)["images"]
    assert len(images) == 8
    assert sum(each["probability"] for each in images[0]["classes"]) == pytest.approx(1.0)

    seen.clear()
    again = ["--weights", "run", "--device", "cpu", "--wandb", "off", "--run", "again"]
    assert main(["transfer", "zoo:mobilenet_v1", *asked, *again]) == 0
    assert seen[0] == pytest.approx((-1.0, 1.0)), "weights of one's own bring their preprocessing too"
    assert json.loads(Path("again/run.json").read_text())["plan"]["notes"][0].endswith(notes[0].split(" saw them: ")[1])
    assert read_preprocessing(Path("again/best")) == record


def test_the_size_of_the_weights_is_taken_unless_one_is_asked_for(black_and_white: Path) -> None:
    photos, asked = Data(dataset=f"folder:{black_and_white}"), Data(f"folder:{black_and_white}", image_size=100)
    assert as_weights_saw("zoo:inception_v4", photos)[0].image_size == 299
    assert as_weights_saw("zoo:inception_v4", asked)[0].image_size == 100
    assert as_weights_saw("zoo:inception_v4", Data(dataset="digits"))[0].image_size is None
    assert published_preprocessing("zoo:resnet20") is None
    assert as_weights_saw("space:nasnet:nasnet-a", photos) == (photos, photos.source, ())

"""A folder with a picture of every kind: it trains, and what was read, scaled, turned and left out is told."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.core.registry import recipes
from nasbench.train import datasets, decoding, folders, listing
from nasbench.train.datasets import on_device_once, read_once
from unit.pictures import GREYS, array, bomb, frames, full, grey, turned

BROKEN = (
    "empty.png",
    "text.jpg",
    "cut.png",
    "bomb.png",
    "drawing.png",
    "integers-70000.tif",
    "floats-1.5.tif",
    "to.png",
)
FLAGS = ["--image-size", "32", "--recipe", "quick", "--epochs", "1", "--wandb", "off"]


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A light and a dark class with every kind of file, and 20 plain pictures each; a plain test split."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("dark", 60), ("light", 180)):
        folder, test = Path("zoo/train", name), Path("zoo/val", name)
        folder.mkdir(parents=True)
        test.mkdir(parents=True)
        for kind, write in GREYS.items():
            write(folder / kind, value)
        for index in range(20):
            grey(value).save(folder / f"{index}.png")
            if index < 4:
                grey(value).save(test / f"{index}.png")
    odd(Path("zoo/train/dark"))
    as_another_process()
    yield tmp_path
    as_another_process()


def as_another_process() -> None:
    """Forgets what this one has read."""
    for cache in (read_once, on_device_once, datasets._reading_of):
        cache.cache_clear()


def odd(folder: Path) -> None:
    """What is turned, broken, huge, hidden, linked, or no image."""
    for orientation in (3, 6):
        turned(folder / f"turned-{orientation}.jpg", orientation)
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "plain.png").read_bytes()[:50])
    bomb(folder / "bomb.png")
    grey(0).save(folder / "drawing.png", "EPS")
    array(folder / "integers-70000.tif", full(70_000, "int32"))
    array(folder / "floats-1.5.tif", full(1.5, "float32"))
    (folder / "to.png").symlink_to("nothing")
    (folder / "link.png").symlink_to("plain.png")
    (folder / "all").symlink_to(".")
    (folder / ".ipynb_checkpoints").mkdir()
    shutil.copy(folder / "plain.png", folder / ".ipynb_checkpoints" / "plain-checkpoint.png")
    (folder / "__MACOSX").mkdir()
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    os.mkfifo(folder / "pipe.png")


def train(*more: str, run: str = "run") -> int:
    command = ["train", "zoo:lenet5", "--dataset", "folder:zoo", *FLAGS, "--trained-dir", f"{run}-trained"]
    return main([*command, "--run", run, *more])


def record(run: str = "run") -> dict[str, Any]:
    return dict(json.loads(Path(run, "run.json").read_text())["data"])


def test_a_folder_with_every_kind_of_file_trains_and_says_what_it_met(
    zoo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 2
    message = capsys.readouterr().err
    assert (
        f"{len(BROKEN)} of {2 * len(GREYS) + 42 + len(BROKEN)} images cannot be read (zoo/train/dark/bomb.png"
        in message
    )
    assert "--skip-corrupt" in message
    assert not Path("run").exists()
    assert train("--skip-corrupt", "--json") == 0
    told = capsys.readouterr().err
    check(record(), told)
    assert record()["images"] == {"training": 92, "validation": 10, "test": 8}


def check(data: dict[str, Any], told: str) -> None:
    counts = {kind: found["count"] for kind, found in data["read_as"].items()}
    assert counts == {
        decoding.SCALED: 12,
        decoding.SCALED_COLOUR: 8,
        decoding.NEGATIVE: 2,
        decoding.FLOATS: 2,
        decoding.WIDE: 4,
        decoding.FIRST_FRAME: 8,
        decoding.TRANSPARENT: 12,
        decoding.CONVERTED: 6,
        decoding.TURNED: 2,
    }
    left_out = {kind: found["count"] for kind, found in data["left_out"].items()}
    kinds = {listing.HIDDEN: 1, listing.SYSTEM: 2, listing.OTHER: 1, listing.LINKS: 2, listing.SPECIAL: 1}
    assert left_out == kinds
    assert data["unreadable"]["count"] == len(BROKEN)
    assert set(data["unreadable"]["files"]) == {f"zoo/train/dark/{name}" for name in BROKEN}
    assert "196000000 pixels" in data["unreadable"]["files"]["zoo/train/dark/bomb.png"]
    assert data["layout"] == "val/ is the test split; validation is a part of train/"
    lines = [line for line in told.splitlines() if line.startswith("nasbench: ")]
    for kind, count in {**counts, **left_out}.items():
        assert sum(f"{kind}: {count} (" in line for line in lines) == 1, kind
    assert sum(f"left out files that cannot be read: {len(BROKEN)} (" in line for line in lines) == 1


def test_the_same_is_told_at_the_end_of_images_that_are_read_batch_by_batch(
    zoo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    whole = recipes.get("quick")
    monkeypatch.setattr(recipes, "get", lambda _: replace(whole, batch_size=1))  # no image is left over in an epoch
    assert train("--skip-corrupt", "--json") == 0
    captured = capsys.readouterr()
    check(record(), captured.err)


def test_a_training_that_was_done_before_tells_what_it_met(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    assert train("--skip-corrupt", "--json") == 0
    as_another_process()
    assert train("--skip-corrupt", "--json", "--resume") == 0
    assert record()["unreadable"]["count"] == len(BROKEN)


@pytest.mark.parametrize("command", ["search", "transfer", "compare", pytest.param("scale", marks=pytest.mark.slow)])
def test_every_command_that_reads_images_leaves_out_what_it_was_told_to(command: str, zoo: Path) -> None:
    commands = {
        "search": ["search", "--space", "nasnet", "--cells", "1", "--filters", "4", "--strategy", "random"],
        "transfer": ["transfer", "zoo:lenet5", "--trained-dir", "trained"],
        "compare": ["compare", "zoo:lenet5", "zoo:resnet20", "--ensemble", "--trained-dir", "trained"],
        "scale": ["scale", "--search", "--base", "mobilenet_v1", "--strategy", "random", "--front-runners", "0"],
    }
    trials = ["--trials", "1"] if command in ("search", "scale") else []
    flags = [*commands[command], *trials, "--dataset", "folder:zoo", *FLAGS]
    assert main([*flags, "--run", "stops"]) == 2
    assert not Path("stops").exists()
    assert main([*flags, "--run", "goes-on", "--skip-corrupt"]) == 0
    assert record("goes-on")["unreadable"]["count"] == len(BROKEN)


def test_an_ensemble_on_files_leaves_out_the_labels_of_what_cannot_be_read(
    zoo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(folders, "IN_MEMORY_BYTES", 100)
    Path("zoo/val/dark/0.png").write_bytes(b"no picture")
    frames(Path("zoo/val/light/moving.gif"), 180)
    models = ["compare", "zoo:lenet5", "zoo:resnet20", "--ensemble", "--skip-corrupt"]
    assert main([*models, "--dataset", "folder:zoo", *FLAGS, "--trained-dir", "trained", "--run", "run"]) == 0
    ensemble = json.loads(Path("run/run.json").read_text())["ensemble"]
    assert ensemble["accuracies"][0] * 8 == pytest.approx(round(ensemble["accuracies"][0] * 8))


def test_a_test_split_without_a_readable_image_is_said(
    zoo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in Path("zoo/val").rglob("*.png"):
        path.write_bytes(b"no picture")
    assert train("--skip-corrupt") == 2
    assert "8 of 8 images cannot be read" in capsys.readouterr().err

"""A found cell on another data set: built anew, trained, killed and gone on with, fine-tuned, in several processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from nasbench.cli import main
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import resolve
from nasbench.evaluators.building import build_seeded
from nasbench.train.datasets import resolve_dataset
from nasbench.train.trainer import evaluate

DRIVER = Path(__file__).parent / "drivers" / "transfer.py"
CLASSES = "ant", "bee", "cat", "dog", "elk", "fox"
IMAGES = ["--dataset", "folder:pictures", "--image-size", "32", "--device", "cpu", "--wandb", "off"]
SMALL = [*IMAGES, "--cells", "1", "--filters", "8", "--recipe", "transfer:EVERYTHING"]


def pictures(root: Path) -> None:
    """Eight to train on and two to test on of each class: noise around a colour of its own."""
    generator = torch.Generator().manual_seed(0)
    for index, name in enumerate(CLASSES):
        colour = torch.tensor([40 * index, 200 - 30 * index, 25 * index])
        for split, count in (("train", 8), ("val", 2)):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                noise = torch.randint(0, 56, (36, 40, 3), generator=generator)
                Image.fromarray((noise + colour).clamp(max=255).to(torch.uint8).numpy()).save(
                    root / split / name / f"{number}.png"
                )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory to stand in, with pictures and a finished search of one child."""
    directory = tmp_path_factory.mktemp("transfer")
    pictures(directory / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        search = [
            "--dataset",
            "digits",
            "--recipe",
            "little:LITTLE",
            "--epochs",
            "1",
            "--trials",
            "1",
            "--filters",
            "2",
            "--wandb",
            "off",
        ]
        assert main(["search", *search, "--run", "found"]) == 0
        assert main(["transfer", "found", *SMALL, "--run", "undisturbed", "--trained-dir", "undisturbed/trained"]) == 0
        yield directory


@pytest.fixture
def here(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workplace)
    return workplace


def training(run: str) -> Path:
    (folder,) = (path.parent for path in Path(run).glob("trained/*/curve.jsonl"))
    return folder


def curve(run: str) -> list[dict[str, Any]]:
    """The lines of a training's curve, less what depends on the clock."""
    lines = [json.loads(line) for line in (training(run) / "curve.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "images_per_second"} for line in lines]


def test_a_found_cell_takes_the_other_data_sets_form(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transfer", "--run", "undisturbed", "--resume"]) == 0
    printed = capsys.readouterr().out
    assert "found: imagenet skeleton, N = 1, F = 8, 32 px" in printed
    assert "top-1 " in printed
    assert ", top-5 " in printed
    assert main(["transfer", "--run", "undisturbed", "--resume", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["size"]["depth"], record["size"]["width"], record["size"]["skeleton"]) == (1, 8, "imagenet")
    network = build_seeded(resolve(str(training("undisturbed")), ModelOverrides()), 0)
    network.load_state_dict(load_file(training("undisturbed") / "weights.safetensors"))
    dataset = resolve_dataset("folder:pictures")
    data, test = dataset.load(None, 32, False), dataset.load_test(None, 32, False)
    result = evaluate(network, test, data, torch.device("cpu"))
    assert (
        (record["top1"], record["top5"]) == (result.accuracy, result.top5) == (record["test_accuracy"], record["top5"])
    )
    assert record["params"] == sum(parameter.numel() for parameter in network.parameters())


def test_a_training_leaves_its_best_as_a_search_does(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transfer", "--run", "undisturbed", "--resume"]) == 0
    best = Path("undisturbed") / "best"
    assert {path.name for path in best.iterdir()} >= {
        "architecture.json",
        "metrics.json",
        "weights.safetensors",
        "model.py",
        "cell.svg",
    }
    capsys.readouterr()
    assert main(["export", "undisturbed", "--formats", "model.py,safetensors", "--out", "shipped", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["weights"] == str(best / "weights.safetensors")
    assert max(record["checked"].values()) < 1e-4


MOMENTS = {"step:1": 0, "step:2": 0, "saved:1": 1, "step:4": 1, "saved:2": 2, "saved:3": 3}
"""Moment -> the epoch after which the training is gone on with; an epoch has two steps."""


@pytest.mark.parametrize(
    "moment", [pytest.param(each, marks=[pytest.mark.slow] * (each != "step:4")) for each in MOMENTS]
)
def test_killed_and_gone_on_with(here: Path, moment: str) -> None:
    run = moment.replace(":", "-")
    arguments = ["transfer", "found", *SMALL, "--run", run, "--trained-dir", f"{run}/trained"]
    done = subprocess.run(
        [sys.executable, str(DRIVER), moment, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == -9, done.stderr
    assert main([*arguments, "--resume"]) == 0
    same_as_undisturbed(run, [MOMENTS[moment]])


@pytest.mark.slow
def test_killed_at_one_moment_after_another(here: Path) -> None:
    """In every epoch once: where it dies twice without getting any farther, it would be a failed trial."""
    arguments = ["transfer", "found", *SMALL, "--run", "often", "--trained-dir", "often/trained"]
    for index, moment in enumerate(("step:2", "step:3", "step:3")):
        resume = ["--resume"] if index else []
        done = subprocess.run(
            [sys.executable, str(DRIVER), moment, *arguments, *resume], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == -9, done.stderr
    with open(training("often") / "curve.jsonl", "a") as file:
        file.write('{"epoch": 3, "train_l')  # as if the disk had taken half a line
    assert main([*arguments, "--resume"]) == 0
    same_as_undisturbed("often", [0, 1, 2])


def same_as_undisturbed(run: str, cuts: list[int]) -> None:
    """The curve and the network, to the last bit; curve, result and the run's log say where it was cut."""
    lines = curve(run)
    assert [line for line in lines if "epoch" in line] == curve("undisturbed")
    assert [line["cut_off_after"] for line in lines if "epoch" not in line] == cuts
    mine, others = (load_file(training(each) / "weights.safetensors") for each in (run, "undisturbed"))
    assert list(mine) == list(others)
    assert all(torch.equal(mine[name], others[name]) for name in mine)
    (trial,) = [json.loads(line) for line in Path(run, "trials.jsonl").read_text().splitlines()]
    assert (
        trial["metrics"]["cut_off_after"]
        == cuts
        == json.loads((training(run) / "result.json").read_text())["cut_off_after"]
    )


def test_a_resumed_run_keeps_its_configuration(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, fragments in {
        ("--cells", "2"): ["--cells 2", "has 1"],
        ("--epochs", "9"): ["--epochs 9", "has None"],
        ("--aux-head",): ["--aux-head True", "has False"],
        ("--freeze", "all-but-head"): ["--freeze all-but-head", "has none"],
    }.items():
        assert main(["transfer", "--run", "undisturbed", "--resume", *flags]) == 2
        message = capsys.readouterr().err
        assert all(fragment in message for fragment in [*fragments, "contradicts the run in undisturbed"]), message


@pytest.fixture(scope="module")
def earlier(workplace: Path) -> Path:
    """Weights of a ResNet-20 that has another first layer and another head than one for the pictures."""
    file = workplace / "earlier.safetensors"
    save_file(build_seeded(resolve("resnet20", ModelOverrides(classes=10, image_size=32)), 5).state_dict(), file)
    return file


@pytest.mark.parametrize("freeze", ["all-but-head", "stages:2", "none"])
def test_probe_partial_and_full_fine_tuning_are_one_flag_apart(
    freeze: str, here: Path, earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = f"tuned-{freeze.replace(':', '-')}"
    flags = ["--weights", str(earlier), "--freeze", freeze, "--recipe", "quick", "--epochs", "1"]
    assert (
        main(["transfer", "zoo:resnet20", *IMAGES, *flags, "--run", run, "--trained-dir", f"{run}/trained", "--json"])
        == 0
    )
    record = json.loads(capsys.readouterr().out)
    before, after = load_file(earlier), load_file(training(run) / "weights.safetensors")
    trained = {name for name in after if name.endswith(("weight", "bias"))}
    head = {"head.2.weight", "head.2.bias"}
    kept = {name for name in trained - head if torch.equal(after[name], before[name])}
    assert record["carried_params"] == sum(after[name].numel() for name in trained - head)
    if freeze == "all-but-head":
        assert kept == trained - head
    elif freeze == "none":
        assert not kept
    else:
        assert kept
        assert kept < trained - head


def test_a_corrupt_file_ends_the_run_unless_it_may_be_left_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(Path("holes"))
    for name in ("train/ant/3.png", "val/fox/1.png"):
        Path("holes", name).write_bytes(b"no picture")
    command = [
        "transfer",
        "lenet5",
        "--dataset",
        "folder:holes",
        "--image-size",
        "32",
        "--recipe",
        "quick",
        "--epochs",
        "1",
        "--wandb",
        "off",
    ]
    assert main([*command, "--run", "stops"]) == 2
    message = capsys.readouterr().err
    assert "1 of 48 images cannot be read (holes/train/ant/3.png)" in message
    assert "--skip-corrupt" in message
    assert not Path("stops").exists()
    assert main([*command, "--run", "goes-on", "--skip-corrupt", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["corrupt_files"] == 2
    assert "left out 2 files that cannot be read: holes/train/ant/3.png, holes/val/fox/1.png" in captured.err


BAD = {
    "two kinds of weights": (
        ["resnet20", *IMAGES, "--pretrained", "--weights", "found"],
        ["--pretrained and --weights"],
    ),
    "no weights": (["resnet20", *IMAGES, "--weights", "pictures"], ["no weights at", "--weights takes"]),
    "a freeze that means nothing": (
        ["resnet20", *IMAGES, "--freeze", "body"],
        ["--freeze takes none, all-but-head", "'body'"],
    ),
    "no parts": (["resnet20", *IMAGES, "--accumulate", "0"], ["--accumulate takes a whole number from 1 on; got 0"]),
    "too small for the skeleton": (["found", *SMALL, "--image-size", "8"], ["too small for the imagenet skeleton"]),
    "an auxiliary head that does not fit": (
        ["found", *SMALL, "--aux-head"],
        ["auxiliary head does not fit", "pixels or more"],
    ),
    "stack and cells": (["found", *IMAGES, "--stack", "1@192", "--cells", "1"], ["not both"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_answered_before_any_work(case: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, fragments = BAD[case]
    assert main(["transfer", *arguments, "--run", "bad"]) == 2
    message = capsys.readouterr().err
    assert all(fragment in message for fragment in fragments), message
    assert not Path("bad").exists()


@pytest.mark.slow
def test_torchrun_trains_in_two_processes(here: Path) -> None:
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "--",
        "nasbench",
    ]
    arguments = [
        "transfer",
        "found",
        *SMALL,
        "--seeds",
        "2",
        "--run",
        "both",
        "--trained-dir",
        "both/trained",
        "--json",
    ]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(DRIVER.parent), str(DRIVER.parents[3])]),
    }
    done = subprocess.run([*torchrun, *arguments], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seeds"] == 2
    results = [json.loads(path.read_text())["metrics"] for path in Path("both").glob("trained/*/result.json")]
    assert [result["replicas"] for result in results] == [2, 2]


@pytest.mark.slow
def test_ray_train_workers_go_on_where_one_of_them_died(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """LeNet-5 normalises nothing, so that two replicas have the losses of one process."""
    model = [
        "transfer",
        "lenet5",
        "--dataset",
        "transfer:MortalDigits",
        "--image-size",
        "16",
        "--recipe",
        "transfer:PLAIN",
        "--wandb",
        "off",
    ]
    assert main([*model, "--run", "alone", "--trained-dir", "alone/trained"]) == 0
    capsys.readouterr()
    assert main([*model, "--workers", "2", "--run", "ray", "--trained-dir", "ray/trained", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert Path("died").exists()
    lines = curve("ray")
    assert [line["cut_off_after"] for line in lines if "epoch" not in line] == [1]
    for mine, other in zip([line for line in lines if "epoch" in line], curve("alone"), strict=True):
        assert mine["epoch"] == other["epoch"]
        assert mine["train_loss"] == pytest.approx(other["train_loss"], rel=1e-4)
    assert json.loads((training("ray") / "result.json").read_text())["metrics"]["replicas"] == 2
    assert 0.5 < record["top1"] <= record["top5"] <= 1

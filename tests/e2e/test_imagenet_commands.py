"""README's two commands for ImageNet on few images: two processes come to the end, and have the losses of one."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

README = Path(__file__).parents[2] / "README.md"
STILL = """
from dataclasses import replace
from nasbench.core.recipe import recipe_named

def still(name):
    drawn = {"dropout": 0.0, "drop_path": 0.0, "random_resized_crop": 0.0, "flip": False, "policy": ""}
    return replace(recipe_named(name), name="still", **drawn)

NASNET, B0 = still("nasnet_mobile"), still("efficientnet")
"""
"""README's recipes without what each process draws for itself."""
FEW = "--dataset folder:few --image-size 224 --epochs 1 --batch-size 8 --loaders 1 --device cpu --wandb off --json"
"""In place of ImageNet, and of settings for GPUs."""


def commands() -> list[list[str]]:
    """What README tells to run, after torchrun's own flags, without the data set, the loaders and the run."""
    lines = [line.strip() for line in README.read_text(encoding="utf-8").splitlines()]
    found = [shlex.split(line.partition(" -- nasbench ")[2]) for line in lines if line.startswith("torchrun ")]
    for words in found:
        for flag in ("--dataset", "--data-dir", "--loaders", "--run"):
            place = words.index(flag)
            del words[place : place + 2]
    return found


def pictures(root: Path) -> None:
    """Four to train on and one to test on of each class: noise around a colour of its own, of several sides."""
    generator = torch.Generator().manual_seed(0)
    for index, name in enumerate(("ant", "bee", "cat", "dog")):
        for split, count in (("train", 4), ("val", 1)):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                noise = torch.randint(0, 96, (240 + 8 * number, 260, 3), generator=generator)
                colour = torch.tensor([40 * index, 150 - 30 * index, 25 * index])
                Image.fromarray((noise + colour).to(torch.uint8).numpy()).save(root / split / name / f"{number}.jpg")


def trained(here: Path, words: list[str], processes: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The curve and the result of a command that so many processes run together."""
    name = f"{processes}-{len(list(here.iterdir()))}"
    place = ["--run", f"run-{name}", "--trained-dir", f"trained-{name}"]
    group = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*group, "-m", "--", "nasbench", *words, *FEW.split(), *place]
    subprocess.run(command, check=True, cwd=here, stdout=subprocess.PIPE, timeout=3600)
    (curve,) = here.glob(f"trained-{name}/*/curve.jsonl")
    lines = [json.loads(line) for line in curve.read_text(encoding="utf-8").splitlines()]
    result = json.loads((curve.parent / "result.json").read_text(encoding="utf-8"))
    return [line for line in lines if "epoch" in line], result["metrics"]


def test_the_commands_are_those_of_two_networks() -> None:
    assert [words[:2] for words in commands()] == [
        ["transfer", "space:nasnet:nasnet-a"],
        ["transfer", "zoo:efficientnet_b0"],
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("which", "recipe"), [(0, "NASNET"), (1, "B0")], ids=["nasnet-mobile", "efficientnet-b0"])
def test_two_processes_come_to_the_end_with_the_losses_of_one(which: int, recipe: str, tmp_path: Path) -> None:
    """On a CPU each process normalises its own half of a batch, as one process does that takes batches in two parts."""
    pictures(tmp_path / "few")
    words = commands()[which]
    _, metrics = trained(tmp_path, words, 2)
    assert metrics["replicas"] == 2
    assert 0 <= metrics["test_accuracy"] <= 1
    (tmp_path / "few_images.py").write_text(STILL, encoding="utf-8")
    words[words.index("--recipe") + 1] = f"few_images:{recipe}"
    alone, one = trained(tmp_path, [*words, "--accumulate", "2"], 1)
    together, two = trained(tmp_path, words, 2)
    assert (one["replicas"], two["replicas"]) == (1, 2)
    assert two["params"] == one["params"]
    assert [line["epoch"] for line in together] == [line["epoch"] for line in alone] == [1]
    for mine, other in zip(together, alone, strict=True):
        assert mine["train_loss"] == pytest.approx(other["train_loss"], rel=1e-3)

"""A search over a space of one's own: what it leaves, and why it leaves no more."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import nasbench
from nasbench.cli import main
from nasbench.core.recipe import Recipe
from nasbench.core.registry import recipes
from nasbench.train.source import DataSource

recipes.register("own_space_test")(
    Recipe("own_space_test", 1, epochs=1, batch_size=64, lr_peak=0.05, train_images=128, val_images=64)
)


def test_what_has_no_source_says_so_and_leaves_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["search", "--space", "examples.toy_space:ToySpace", "--dataset", "digits", "--strategy", "random"]
    more = ["--recipe", "own_space_test", "--trials", "1", "--device", "cpu", "--wandb", "off", "--run", "run"]
    assert main([*asked, *more]) == 0
    said = capsys.readouterr().err
    record = json.loads(Path("run/run.json").read_text())
    assert len(record["left_out"]) == 2
    assert all(line in said for line in record["left_out"])
    assert "has no method source()" in record["left_out"][0]
    assert "model.pt2 holds the network for torch.export.load" in record["left_out"][0]
    assert "has no method graphs()" in record["left_out"][1]
    assert "has no method graphs()" in Path("run/report.html").read_text()
    best = Path("run/best")
    assert {path.name for path in best.iterdir()} == {
        "architecture.json",
        "metrics.json",
        "model.pt2",
        "preprocessing.json",
        "weights.safetensors",
    }
    images = DataSource("digits").test()[0].images
    network, x = nasbench.load("run", trust=True), torch.randn(3, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(torch.export.load(best / "model.pt2").module()(x), network(x), atol=1e-5)
    assert set(load_file(best / "weights.safetensors")) == set(network.state_dict())
    Image.fromarray(images[0, 0].numpy()).save("digit.png")
    assert main(["predict", "run", "digit.png", "--trust", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"][0]["classes"]) == 5


def test_spaces_that_write_their_source_leave_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["search", "--space", "nasbench201", "--evaluator", "table:nasbench201-cifar10", "--strategy", "random"]
    assert main([*asked, "--trials", "1", "--wandb", "off", "--run", "r"]) == 0
    assert "left_out" not in json.loads(Path("r/run.json").read_text())
    assert "has no method" not in capsys.readouterr().err

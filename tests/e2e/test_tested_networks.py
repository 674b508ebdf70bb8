"""Trainings that are tested with several views, and ensembles of them: one training, however often it is tested."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.train.datasets import resolve_dataset
from nasbench.train.views import evaluate_views

LENET = ["lenet5", "--dataset", "digits", "--recipe", "quick", "--epochs", "1", "--wandb", "off"]


def trained(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    assert main(["train", *LENET, *flags, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_one_training_is_tested_in_many_ways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    usual = trained(capsys)
    [folder] = (tmp_path / "runs" / "trained").iterdir()
    before = (folder / "result.json").read_bytes()
    data, network = resolve_dataset("digits").load(None, None, False), nasbench.load(folder)
    test = resolve_dataset("digits").load_test(None, None, False)
    for views in ("10", "multiscale", "dense"):
        record = trained(capsys, "--views", views)
        expected = evaluate_views(network, test, data, torch.device("cpu"), views)[0].accuracy
        assert (record["views"], record["test_accuracy"]) == (views, expected)
        kept = load_file(folder / f"predictions-{views}.safetensors")
        assert float((kept["probabilities"].argmax(1) == kept["labels"]).double().mean()) == pytest.approx(
            expected, abs=0.01
        )
        plan = json.loads((Path(record["run"]) / "run.json").read_text())
        assert plan["identity"]["views"] == views
        assert any("tested with the views" in note for note in plan["plan"]["notes"])
    assert [each.name for each in (tmp_path / "runs" / "trained").iterdir()] == [folder.name]
    assert (folder / "result.json").read_bytes() == before
    assert "views" not in usual
    assert "views" not in json.loads((Path(usual["run"]) / "run.json").read_text())["identity"]
    with pytest.raises(UsageError, match="views"):
        nasbench.train("lenet5", dataset="digits", recipe="quick", run=usual["run"], resume=True, views="10")


@pytest.mark.slow
def test_ensembles(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = trained(capsys, "--seeds", "2", "--ensemble")
    kept = [load_file(file) for file in sorted(tmp_path.glob("runs/trained/*/predictions.safetensors"))]
    labels, mean = kept[0]["labels"], torch.stack([each["probabilities"].float() for each in kept]).mean(0)
    assert record["ensemble"]["test_accuracy"] == pytest.approx(float((mean.argmax(1) == labels).double().mean()))
    assert record["ensemble"]["members"] == 2
    weighted = trained(capsys, "--seeds", "2", "--ensemble", "--ensemble-weights", "validation")
    assert sum(weighted["ensemble"]["weights"]) == pytest.approx(1.0, abs=1e-3)
    flags = ["--seeds", "2", "--ensemble", "--ensemble-seeds", "--ensemble-weights", "validation", "--json"]
    assert main(["compare", "resnet20", *LENET, *flags]) == 0
    rows = {row["model"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert list(rows) == [
        *("resnet20", "lenet5", "ensemble of 2, weighted"),
        *("resnet20, ensemble of 2 seeds, weighted", "lenet5, ensemble of 2 seeds, weighted"),
    ]
    assert rows["lenet5, ensemble of 2 seeds, weighted"]["mean"] == weighted["ensemble"]["test_accuracy"]
    assert rows["lenet5, ensemble of 2 seeds, weighted"]["params"] == 2 * rows["lenet5"]["params"]
    for command, flag in (("train", "--ensemble"), ("compare", "--ensemble-seeds")):
        models = ["resnet20"] if command == "compare" else []
        assert main([command, *models, *LENET, flag]) == 2
        assert f"{flag} averages the trainings of a network under several seeds" in capsys.readouterr().err

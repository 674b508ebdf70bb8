"""Exports of folded networks, and in 8 bits."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import write_preprocessing
from nasbench.core.spec import Task
from nasbench.engine.config import ExportConfig
from nasbench.engine.export.command import export
from nasbench.train.checkpoint import save_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.trainer import evaluate, fit
from unit.test_export import SPECS, read

CPU = torch.device("cpu")


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Path, nn.Module]:
    """A folder with a network that was trained on a few digits."""
    from nasbench.core.recipe import recipe_named
    from nasbench.evaluators.building import build_seeded

    spec = replace(SPECS["resnet20"], task=Task(10, 8, 1))
    data, network = resolve_dataset("digits").load(None, None, False), build_seeded(spec, 0)
    fit(network, data, replace(recipe_named("quick", 1), train_images=512), seed=0, device=CPU)
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "architecture.json").write_text(json.dumps(spec.to_json()))
    save_weights(folder / "weights.safetensors", network)
    write_preprocessing(folder, data.preprocessing())
    return folder, network.eval()


@pytest.mark.slow
def test_a_folded_and_a_quantised_file(trained: tuple[Path, nn.Module], tmp_path: Path) -> None:
    folder, network = trained
    asked = {"model": str(folder), "formats": ("onnx", "safetensors"), "dataset": "digits"}
    result = export(ExportConfig.of(**asked, fold=True, quantize="int8", out=str(tmp_path / "out")))
    assert result.kept_norms == ()
    assert result.checked["fold"] < 1e-5
    assert "bn" not in "".join(node.op_type for node in _nodes(tmp_path / "out" / "model.onnx")).lower()
    stored = load_file(tmp_path / "out" / "weights.safetensors")
    assert stored.keys() == network.state_dict().keys(), "weights stay those of the network in architecture.json"
    data = resolve_dataset("digits")
    test = data.load_test(None, None, False)
    expected = evaluate(network, test, data.load(None, None, False), CPU).accuracy
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert found == result.quantized
    assert found["float_accuracy"] == expected > 0.5
    assert found["int8_accuracy"] == pytest.approx(expected, abs=0.05)
    assert found["int8_bytes"] < 0.6 * found["float_bytes"]
    assert any(node.op_type == "QuantizeLinear" for node in _nodes(tmp_path / "out" / "model.int8.onnx"))
    assert read("onnx", tmp_path / "out")(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    with pytest.raises(UsageError, match=r"already holds .*model\.int8\.onnx"):
        export(ExportConfig.of(**asked, quantize="int8", out=str(tmp_path / "out")))
    fixed = export(ExportConfig.of(**asked, quantize="int8", batch=50, out=str(tmp_path / "fixed")))
    assert fixed.quantized is not None
    assert fixed.quantized["int8_accuracy"] == pytest.approx(expected, abs=0.05), "297 images in batches of 50"


def _nodes(path: Path) -> list[object]:
    import onnx

    return list(onnx.load(path).graph.node)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int8"}, "name the data set that the model was trained on, --dataset NAME"),
        ({"dataset": "digits"}, "--dataset is for --quantize int8"),
        ({"quantize": "int8", "dataset": "digit"}, "Did you mean 'digits'"),
        ({"quantize": "int8", "dataset": "digits"}, "--quantize needs trained weights"),
    ],
)
def test_what_quantising_needs(options: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        export(ExportConfig.of(model="lenet5", out=str(tmp_path / "out"), **options))
    assert not (tmp_path / "out").exists()

"""The export command: its weights, what is checked before it is called done, nothing half-written, bad input."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import nasbench
from nasbench.cli import main
from nasbench.core.errors import RunFailed, UsageError
from nasbench.engine.config import ExportConfig, ModelOverrides
from nasbench.engine.export import formats as export_formats
from nasbench.engine.export.command import export, specify
from nasbench.engine.export.formats import FORMATS
from nasbench.engine.parts.models import build, resolve
from nasbench.evaluators.building import build_seeded
from unit.test_export import SPECS, read, trained

SHUFFLENET = ["export", "shufflenet_v2_x0_5", "--image-size", "32", "--classes", "10"]


def test_fresh_weights_are_said_to_be_fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "lenet5", "--out", str(tmp_path / "lenet"), "--seed", "3", "--json"]) == 0
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert "left out preprocessing.json, without which nasbench predict cannot use the folder" in captured.err
    assert record["weights"] == "newly initialised from seed 3"
    assert record["files"] == {name: str(tmp_path / "lenet" / form.file) for name, form in FORMATS.items()}
    assert set(record["checked"]) == set(FORMATS)
    stored, expected = (
        load_file(tmp_path / "lenet" / "weights.safetensors"),
        build_seeded(resolve("lenet5", ModelOverrides()), 3).state_dict(),
    )
    assert all(torch.equal(stored[key], value) for key, value in expected.items()), "and not those that the check stirs"
    x = torch.randn(5, 1, 32, 32)
    with torch.no_grad():
        outputs = [read(name, tmp_path / "lenet")(x) for name in ("model.py", "torch-export", "onnx")]
    assert all(torch.allclose(outputs[0], other, rtol=1e-4, atol=1e-5) for other in outputs[1:])


def test_weights_of_another_form_are_not_taken(tmp_path: Path) -> None:
    trained(tmp_path, SPECS["resnet20"])
    result = export(
        ExportConfig.of(model=str(tmp_path), classes=7, out=str(tmp_path / "out"), formats=("safetensors",))
    )
    assert result.weights.startswith("newly initialised from seed 0; those in")
    assert load_file(tmp_path / "out" / "weights.safetensors")["head.2.bias"].shape == (7,)


def test_a_fixed_batch(tmp_path: Path) -> None:
    export(ExportConfig.of(model="lenet5", out=str(tmp_path / "out"), formats=("onnx", "torch-export"), batch=2))
    assert read("onnx", tmp_path / "out").session.get_inputs()[0].shape == [2, 1, 32, 32]
    assert read("torch-export", tmp_path / "out")(torch.zeros(2, 1, 32, 32)).shape == (2, 10)


def test_trainings_and_scaled_models_are_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = trained(tmp_path, SPECS["scaled efficientnet"])
    loaded = nasbench.load(str(tmp_path))
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in loaded.state_dict().items())
    assert (
        main(["scale", "--base", "mobilenet_v1", "--image-size", "32", "--depth", "0.5", "--width", "0.5", "--json"])
        == 0
    )
    (tmp_path / "scaled.json").write_text(capsys.readouterr().out)
    found = resolve(str(tmp_path / "scaled.json"), ModelOverrides())
    assert (found.name, found.size.depth, found.size.width) == ("mobilenet_v1", 0.5, 0.5)
    plain = specify(ExportConfig.of(model="mobilenet_v1", image_size=32, depth=0.5, width=0.5))
    assert found == replace(plain, size=replace(plain.size, dropout=0.2, own_resolution=True)), "as the law has it"
    assert resolve(str(tmp_path / "scaled.json"), ModelOverrides(image_size=48)).size.resolution is None


def test_what_a_library_builds_leaves_without_model_py(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*SHUFFLENET, "--out", str(tmp_path / "out"), "--formats"]
    assert main([*arguments, "model.py,safetensors"]) == 2
    assert "built by torchvision" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_formats_that_nobody_named_are_left_out_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*SHUFFLENET, "--out", str(tmp_path / "out")]
    assert main([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert "model.py" not in record["files"]
    assert len(record["files"]) == 3
    assert "built by torchvision" in record["skipped"]["model.py"]
    assert "left out model.py" in captured.err


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_differs_is_not_left(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_formats, "TOLERANCE", -1.0)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("kept")
    with pytest.raises(RunFailed, match=f"^{name}: its outputs differ"):
        export(ExportConfig.of(model="lenet5", out=str(tmp_path / "out"), formats=(name,)))
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_a_network_that_cannot_be_exported_names_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2)) if float(x.sum()) > 0 else x.sum(dim=(1, 2))

    monkeypatch.setattr(type(build(resolve("lenet5", ModelOverrides()))), "forward", forward)
    with pytest.raises(RunFailed, match=r"^torch-export: this network cannot be exported so"):
        export(ExportConfig.of(model="lenet5", out=str(tmp_path / "out"), formats=("torch-export",)))
    assert list(tmp_path.iterdir()) == []


def test_files_are_not_replaced_unless_asked(tmp_path: Path) -> None:
    config = ExportConfig.of(model="lenet5", out=str(tmp_path), formats=("safetensors",))
    export(config)
    before = (tmp_path / "weights.safetensors").read_bytes()
    with pytest.raises(UsageError, match=r"already holds weights\.safetensors.*--overwrite"):
        export(replace(config, seed=1))
    assert (tmp_path / "weights.safetensors").read_bytes() == before
    export(replace(config, seed=1, overwrite=True))
    assert (tmp_path / "weights.safetensors").read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5", "--formats", "onxn"], "no format named 'onxn'. Did you mean 'onnx'?"),
        (["lenet5", "--batch", "0"], "--batch takes a whole number from 1 on"),
        (["lenet55"], "Did you mean 'lenet5'?"),
        (["space:nasnet:nasnet"], "Did you mean 'nasnet-a'?"),
        (["lenet5", "--width", "2"], "cannot be scaled in width"),
        (["lenet5", "--cells", "2"], "networks of cells"),
        (["resnet20", "--image-size", "224"], "small images only"),
        (["nowhere.json"], "no such file"),
        (["--formats", "onnx"], "needs a model first"),
    ],
)
def test_bad_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["export", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path)]) == 2
    assert "no best/architecture.json" in capsys.readouterr().err


def test_out_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        export(ExportConfig.of(model="lenet5", out=str(tmp_path / "out")))


def test_a_missing_library_is_named_with_its_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    config = ExportConfig.of(model="lenet5", out=str(tmp_path / "out"))
    with pytest.raises(
        UsageError,
        match=r"'onnx' needs onnxruntime: pip install 'nasbench\[export\]'.*--formats "
        r"model.py,safetensors,torch-export",
    ):
        export(config)
    export(replace(config, formats=("model.py", "safetensors")))

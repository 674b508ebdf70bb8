"""Networks in forms that need nothing of nasbench: equal to the network, checked before they are called done, nothing
half-written.
"""

import ast
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import nasbench
import zoo
from nasbench.cli import main
from nasbench.core.arch import sample
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ExportConfig, Form
from nasbench.engine.export import formats as export_formats
from nasbench.engine.export.command import export, specify, stirred
from nasbench.engine.export.formats import FORMATS
from nasbench.engine.parts.models import build, resolve, space_named
from nasbench.evaluators.building import build_seeded, task_of_spec
from nasbench.train.checkpoint import save_weights
from zoo.source import source

ALONE = ("model.py", "safetensors")


def random_cell(seed: int = 0) -> ModelSpec:
    """One cell a stack, with both ways to combine in each kind of cell."""
    space = space_named("nasnet")
    rng = Random(seed)
    while True:
        architecture = sample(space.name, space.choices, rng)
        genes = architecture.genes
        combines = [
            {gene for name, gene in genes.items() if name.startswith(kind) and gene in ("add", "concat")}
            for kind in ("normal", "reduce")
        ]
        if combines == [{"add", "concat"}] * 2:
            return ModelSpec("space:nasnet", Size(1, 8, skeleton="cifar"), Task(10, 32, 3), architecture=architecture)


def sampled(space_name: str, size: Size) -> ModelSpec:
    space = space_named(space_name)
    return ModelSpec(
        f"space:{space_name}", size, Task(10, 32, 3), architecture=sample(space.name, space.choices, Random(0))
    )


SPECS = {
    "resnet20": resolve("resnet20", Form()),
    "random cell": random_cell(),
    "nasnet-a": resolve("space:nasnet:nasnet-a", Form(cells=1, filters=8)),
    "amoebanet-a": resolve("space:nasnet:amoebanet-a", Form(cells=1, filters=8)),
    "scaled efficientnet": specify(
        ExportConfig(model="efficientnet_b0", classes=10, image_size=32, depth=1.2, width=0.5)
    ),
}
MORE = {
    "odd sides": resolve(
        "space:nasnet:amoebanet-a", Form(cells=1, filters=8, skeleton="imagenet", classes=7, image_size=75)
    ),
    "auxiliary head": resolve("space:nasnet:nasnet-a", Form(cells=1, filters=8, aux_head=True)),
    "enas": resolve("space:nasnet:enas", Form(cells=1, filters=8)),
    "nasbench201": sampled("nasbench201", Size(1, 8, skeleton="cifar")),
    "mbconv": sampled("mbconv", Size(0.3, 0.3)),
    "stochastic depth": resolve("resnet110_stochastic_depth", Form()),
    "scaled resnet": specify(ExportConfig(model="resnet18", classes=10, image_size=32, width=0.25)),
    "library": resolve("shufflenet_v2_x0_5", Form(classes=10, image_size=32)),
}


def trained(folder: Path, spec: ModelSpec, seed: int = 1) -> nn.Module:
    """Makes `folder` that of a training, with weights that are no longer fresh; the network."""
    network = stirred(build_seeded(spec, seed), seed).eval()
    save_weights(folder / "weights.safetensors", network)
    (folder / "result.json").write_text(json.dumps({"spec": spec.to_json(), "metrics": {}}))
    return network


def read(name: str, folder: Path) -> nn.Module:
    """What an exported folder holds, by nothing of nasbench."""
    path = folder / FORMATS[name].file
    if name == "torch-export":
        return torch.export.load(path).module()
    if name == "model.py":
        network = run(path.read_text()).build()
        network.load_state_dict(load_file(folder / "weights.safetensors"))
        return network.eval()
    return Onnx(path)


class Onnx(nn.Module):
    def __init__(self, path: Path) -> None:
        super().__init__()
        onnxruntime = pytest.importorskip("onnxruntime")
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(self.session.run(None, {"images": x.numpy()})[0])


def run(text: str) -> ModuleType:
    module = ModuleType("model")
    exec(compile(text, "model.py", "exec"), module.__dict__)
    return module


def check_export(spec: ModelSpec, names: Sequence[str], folder: Path) -> None:
    """Exports a trained network and holds what lies there against it, with images that the export has not seen."""
    training = folder / "training"
    training.mkdir()
    network = trained(training, spec)
    result = export(ExportConfig(model=str(training), out=str(folder / "out"), formats=(",".join(names),)))
    assert result.weights == str(training / "weights.safetensors")
    assert set(result.files) == set(result.checked) == set(names)
    assert sorted(path.name for path in (folder / "out").iterdir()) == sorted(FORMATS[name].file for name in names)
    assert all(difference < 1e-4 for difference in result.checked.values())
    task = task_of_spec(spec)
    for batch in (1, 4):
        x = torch.randn(
            batch, task.channels, task.image_size, task.image_size, generator=torch.Generator().manual_seed(batch)
        )
        with torch.no_grad():
            expected = network(x)
            for name in set(names) - {"safetensors"}:
                found = read(name, folder / "out")(x)
                assert float((found - expected).abs().max() / expected.abs().max()) < 1e-4, (name, batch)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "resnet20")) for name in SPECS]
)
def test_every_format_equals_the_network(name: str, tmp_path: Path) -> None:
    check_export(SPECS[name], list(FORMATS), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_every_format_equals_more_networks(name: str, tmp_path: Path) -> None:
    check_export(MORE[name], [form for form in FORMATS if not (name == "library" and form == "model.py")], tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "random cell",
        "nasnet-a",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("amoebanet-a", "scaled efficientnet")),
    ],
)
def test_stand_alone_files_equal_the_network(name: str, tmp_path: Path) -> None:
    check_export(SPECS[name], ALONE, tmp_path)


def names_of_the_zoo() -> list[object]:
    quick = (
        "lenet5",
        "lenet5_original",
        "alexnet_two_tower",
        "googlenet_aux",
        "plain20",
        "preresnet20",
        "se_resnet20",
        "wrn_16_8",
    )
    quick += (
        "shufflenet_v1_g3",
        "s2mlp_wide",
        "mobilenet_v2",
        "resnet50",
        "nasnetalarge",
        "vit_b_16",
        "densenet_40_12",
        "vgg16_c",
    )
    return [pytest.param(name, marks=[pytest.mark.slow] * (name not in quick)) for name in zoo.entries()]


@pytest.mark.parametrize("name", names_of_the_zoo())
def test_the_zoos_own_networks_stand_alone_and_others_name_their_library(name: str) -> None:
    entry = zoo.entry(name)
    if entry.card.origin != "own":
        with pytest.raises(
            UsageError, match=f"built by {entry.card.origin}: its model.py would not import torch alone"
        ):
            source(name, Size(), entry.card.task)
        return
    text = source(name, Size(), entry.card.task)
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    packages = {(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports}
    assert packages <= {"torch"} | sys.stdlib_module_names
    with torch.device("meta"):
        alone, network = run(text).build(), entry.build(entry.card.task)
    assert [(key, value.shape) for key, value in alone.state_dict().items()] == [
        (key, value.shape) for key, value in network.state_dict().items()
    ]


def test_fresh_weights_are_said_to_be_fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "lenet5", "--out", str(tmp_path / "lenet"), "--seed", "3", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["weights"] == "newly initialised from seed 3"
    assert record["files"] == {name: str(tmp_path / "lenet" / form.file) for name, form in FORMATS.items()}
    assert set(record["checked"]) == set(FORMATS)
    stored, expected = (
        load_file(tmp_path / "lenet" / "weights.safetensors"),
        build_seeded(resolve("lenet5", Form()), 3).state_dict(),
    )
    assert all(torch.equal(stored[key], value) for key, value in expected.items()), "and not those that the check stirs"
    x = torch.randn(5, 1, 32, 32)
    with torch.no_grad():
        outputs = [read(name, tmp_path / "lenet")(x) for name in ("model.py", "torch-export", "onnx")]
    assert all(torch.allclose(outputs[0], other, rtol=1e-4, atol=1e-5) for other in outputs[1:])


def test_weights_of_another_form_are_not_taken(tmp_path: Path) -> None:
    trained(tmp_path, SPECS["resnet20"])
    result = export(ExportConfig(model=str(tmp_path), classes=7, out=str(tmp_path / "out"), formats=("safetensors",)))
    assert result.weights.startswith("newly initialised from seed 0; those in")
    assert load_file(tmp_path / "out" / "weights.safetensors")["head.2.bias"].shape == (7,)


def test_a_fixed_batch(tmp_path: Path) -> None:
    export(ExportConfig(model="lenet5", out=str(tmp_path / "out"), formats=("onnx", "torch-export"), batch=2))
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
    found = resolve(str(tmp_path / "scaled.json"), Form())
    assert (found.name, found.size.depth, found.size.width) == ("mobilenet_v1", 0.5, 0.5)
    assert found == specify(ExportConfig(model="mobilenet_v1", image_size=32, depth=0.5, width=0.5))
    assert resolve(str(tmp_path / "scaled.json"), Form(image_size=48)).size.resolution is None


def test_what_a_library_builds_leaves_without_model_py(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "export",
        "shufflenet_v2_x0_5",
        "--image-size",
        "32",
        "--classes",
        "10",
        "--out",
        str(tmp_path / "out"),
        "--formats",
    ]
    assert main([*arguments, "model.py,safetensors"]) == 2
    assert "built by torchvision" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_formats_that_nobody_named_are_left_out_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "export",
        "shufflenet_v2_x0_5",
        "--image-size",
        "32",
        "--classes",
        "10",
        "--out",
        str(tmp_path / "out"),
    ]
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
        export(ExportConfig(model="lenet5", out=str(tmp_path / "out"), formats=(name,)))
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_a_network_that_cannot_be_exported_names_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2)) if float(x.sum()) > 0 else x.sum(dim=(1, 2))

    monkeypatch.setattr(type(build(resolve("lenet5", Form()))), "forward", forward)
    with pytest.raises(RunFailed, match=r"^torch-export: this network cannot be exported so"):
        export(ExportConfig(model="lenet5", out=str(tmp_path / "out"), formats=("torch-export",)))
    assert list(tmp_path.iterdir()) == []


def test_files_are_not_replaced_unless_asked(tmp_path: Path) -> None:
    config = ExportConfig(model="lenet5", out=str(tmp_path), formats=("safetensors",))
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
        (["resnet20", "--width", "2"], "cannot be scaled in width and depth"),
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
        export(ExportConfig(model="lenet5", out=str(tmp_path / "out")))


def test_a_missing_library_is_named_with_its_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    config = ExportConfig(model="lenet5", out=str(tmp_path / "out"))
    with pytest.raises(
        UsageError,
        match=r"'onnx' needs onnxruntime: pip install 'nasbench\[export\]'.*--formats "
        r"model.py,safetensors,torch-export",
    ):
        export(config)
    export(replace(config, formats=("model.py", "safetensors")))

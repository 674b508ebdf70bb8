"""Networks in forms that need nothing of nasbench: each equals the network."""

import ast
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import zoo
from nasbench.blank import blank
from nasbench.core.arch import sample
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ExportConfig, ModelOverrides
from nasbench.engine.export.command import export, specify, with_random_bn_stats
from nasbench.engine.export.formats import FORMATS
from nasbench.engine.parts.models import resolve
from nasbench.evaluators.building import build_seeded
from nasbench.train.checkpoint import save_weights
from zoo.source import source

ALONE = ("model.py", "safetensors")


def random_cell(seed: int = 0) -> ModelSpec:
    """One cell a stack, with both ways to combine in each kind of cell."""
    space = spaces.make("nasnet")
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
    space = spaces.make(space_name)
    return ModelSpec(
        f"space:{space_name}", size, Task(10, 32, 3), architecture=sample(space.name, space.choices, Random(0))
    )


SPECS = {
    "resnet20": resolve("resnet20", ModelOverrides()),
    "random cell": random_cell(),
    "nasnet-a": resolve("space:nasnet:nasnet-a", ModelOverrides(cells=1, filters=8)),
    "amoebanet-a": resolve("space:nasnet:amoebanet-a", ModelOverrides(cells=1, filters=8)),
    "scaled efficientnet": specify(
        ExportConfig.of(model="efficientnet_b0", classes=10, image_size=32, depth=1.2, width=0.5)
    ),
}
MORE = {
    "odd sides": resolve(
        "space:nasnet:amoebanet-a", ModelOverrides(cells=1, filters=8, skeleton="imagenet", classes=7, image_size=75)
    ),
    "auxiliary head": resolve("space:nasnet:nasnet-a", ModelOverrides(cells=1, filters=8, aux_head=True)),
    "enas": resolve("space:nasnet:enas", ModelOverrides(cells=1, filters=8)),
    "darts": resolve("space:nasnet:darts-v2", ModelOverrides(cells=1, filters=8)),
    "nasbench201": sampled("nasbench201", Size(1, 8, skeleton="cifar")),
    "mbconv": sampled("mbconv", Size(0.3, 0.3)),
    "stochastic depth": resolve("resnet110_stochastic_depth", ModelOverrides()),
    "scaled resnet": specify(ExportConfig.of(model="resnet18", classes=10, image_size=32, width=0.25)),
    "library": resolve("shufflenet_v2_x0_5", ModelOverrides(classes=10, image_size=32)),
}


def trained(folder: Path, spec: ModelSpec, seed: int = 1) -> nn.Module:
    """Makes `folder` that of a training, with weights that are no longer fresh; the network."""
    network = with_random_bn_stats(build_seeded(spec, seed), seed).eval()
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
        import onnxruntime

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
    result = export(ExportConfig.of(model=str(training), out=str(folder / "out"), formats=(",".join(names),)))
    assert result.weights == str(training / "weights.safetensors")
    assert set(result.files) == set(result.checked) == set(names)
    assert sorted(path.name for path in (folder / "out").iterdir()) == sorted(FORMATS[name].file for name in names)
    assert all(difference < 1e-4 for difference in result.checked.values())
    task = spec.seen_task
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
            UsageError, match=f"built by {entry.card.origin}: its model.py would import more than torch"
        ):
            source(name, Size(), entry.card.task)
        return
    text = source(name, Size(), entry.card.task)
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    packages = {(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports}
    assert packages <= {"torch"} | sys.stdlib_module_names
    with blank():
        alone, network = run(text).build(), entry.build(entry.card.task)
    assert [(key, value.shape) for key, value in alone.state_dict().items()] == [
        (key, value.shape) for key, value in network.state_dict().items()
    ]

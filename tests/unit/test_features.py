"""Features of a trained network: layers, stages, probes, and the command that writes and draws them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import nasbench
import zoo
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.train.data import normalise
from nasbench.train.datasets import resolve_dataset
from nasbench.train.features import first_filters, layer_shapes, outputs, peaks, pooled, stages
from nasbench.train.probes import neighbour_accuracy, probe_accuracy
from unit.exported import exported


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("network"), "resnet20")


def test_stages_end_where_maps_shrink_and_at_linear_layers() -> None:
    assert stages(zoo.create("resnet20", 10, 32).eval(), torch.zeros(1, 3, 32, 32)) == [
        *("units.2", "units.5", "units", "head.2"),
    ]
    lenet = zoo.create("lenet5", 10, 32).eval()
    shapes = layer_shapes(lenet, torch.zeros(1, 1, 32, 32))
    assert [shapes[name] for name in stages(lenet, torch.zeros(1, 1, 32, 32))][-3:] == [(120,), (84,), (10,)]
    squeezing = zoo.create("se_resnet20", 10, 32).eval()
    assert len(stages(squeezing, torch.zeros(1, 3, 32, 32))) == 4, "a layer that squeezes channels is no stage"


def test_outputs_are_those_of_the_layer_though_a_later_one_works_in_place() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(12, 2)).eval()
    images, labels = torch.randn(5, 1, 4, 4), torch.arange(5)
    batches = [(images[:3], labels[:3]), (images[3:], labels[3:])]
    found, told = outputs(network, ["0", "3"], batches, pool=False)
    with torch.no_grad():
        torch.testing.assert_close(found["0"], network[0](images))
        torch.testing.assert_close(found["3"], network(images))
        torch.testing.assert_close(pooled(network[0](images)), network[0](images).mean(dim=(2, 3)))
    assert told.tolist() == labels.tolist()
    assert first_filters(network, images[:1])[0] == "0"
    with pytest.raises(UsageError, match="no convolution"):
        first_filters(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), images[:1])


def test_probes_see_what_is_there() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = {split: torch.randint(0, 3, (90,), generator=generator) for split in ("train", "val", "test")}
    noise = {split: torch.randn(90, 4, generator=generator) for split in labels}
    told = {
        split: torch.cat((3.0 * torch.eye(3)[each] + noise[split][:, :3], noise[split]), 1)
        for split, each in labels.items()
    }
    constant = {split: torch.cat((each, torch.ones(90, 1)), 1) for split, each in told.items()}
    for accuracy in (probe_accuracy, neighbour_accuracy):
        assert accuracy(told, labels) > 0.75 > 0.55 > accuracy(noise, labels)
        assert accuracy(constant, labels) == accuracy(told, labels)


@pytest.mark.slow
def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["features", str(folder), "--dataset", "digits", "--images", "40", "--device", "cpu"]
    files = {
        name: str(tmp_path / file)
        for name, file in {"filters": "f.svg", "activating": "a.png", "plot": "p.svg"}.items()
    }
    flags = [word for name, file in files.items() for word in (f"--{name}", file)]
    out = tmp_path / "out.safetensors"
    assert main([*asked, *flags, "--layer", "units.5", "--out", str(out), "--probe", "--knn", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["files"] == {**files, "features": str(out)}
    assert [stage["layer"] for stage in record["stages"]] == ["units.2", "units.5", "units", "head.2"]
    assert all(0.0 <= stage[what] <= 1.0 for stage in record["stages"] for what in ("probe", "knn"))
    assert [stage["features"] for stage in record["stages"]] == [16, 32, 64, 10]
    stored, data = load_file(out), resolve_dataset("digits")
    test = data.load_test(None, None, False).first(40)
    network = nasbench.load(folder)
    found, _ = outputs(
        network, ["units.5"], [(normalise(test.images.float(), (0.3053,), (0.3760,)), test.labels)], False
    )
    torch.testing.assert_close(stored["features"], found["units.5"])
    assert stored["labels"].tolist() == test.labels.tolist()
    assert (tmp_path / "f.svg").read_text().startswith("<svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_function(folder: Path, tmp_path: Path) -> None:
    listed = nasbench.features(folder, list_layers=True)
    assert listed.layers["units.8"] == (64, 2, 2)
    assert listed.stages[-1].probe is None
    place = tmp_path / "out.safetensors"
    averaged = nasbench.features(
        folder, layer="units.5", out=place, dataset="digits", images=10, pool=True, split="val"
    )
    assert averaged.features is not None
    assert averaged.features.shape == (10, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "say what to show"),
        ({"out": "x.safetensors"}, "--out needs --layer"),
        ({"layer": "units.5", "probe": True}, "--layer is for --out"),
        ({"plot": "x.svg", "filters": "y.svg"}, "--plot draws accuracies by stage"),
        ({"filters": "x.gif"}, r"ends in \.svg or \.png; got 'x.gif'"),
        ({"layer": "unit.5", "out": "x.safetensors"}, r"'unit\.5'\. Did you mean 'units\.5'.*--list-layers"),
        ({"probe": True, "dataset": "digits", "image_size": 16}, "saw images of 8 pixels"),
    ],
)
def test_bad_input(
    options: dict[str, Any], message: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"(?s){message}"):
        nasbench.features(folder, **options)
    assert not list(tmp_path.iterdir())


def test_a_network_without_trained_weights() -> None:
    with pytest.raises(UsageError, match=r"lenet5 has no trained weights.*--pretrained"):
        nasbench.features("lenet5", list_layers=True)


def test_tokens_are_places_of_their_channels() -> None:
    tokens = torch.tensor([[[1.0, -2.0], [3.0, -4.0], [2.0, -6.0]]])  # (N, T, C)
    assert peaks(tokens).tolist() == [[3.0, -2.0]]
    assert pooled(tokens).tolist() == [[2.0, -4.0]]
    assert peaks(tokens.transpose(1, 2)[..., None]).tolist() == [[3.0, -2.0]], "the same as a map (N, C, T, 1)"

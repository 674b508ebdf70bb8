"""`nasbench profile`: what it prints of the networks whose counts the literature agrees on, in wide and in narrow
terminals; CSV, JSON.
"""

import csv
import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console

import zoo
from nasbench.blank import blank
from nasbench.cli import main
from nasbench.profile import Layer, Profile, profile
from nasbench.report.models.profile_table import layer_table, shape, type_table


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> list[list[str]]:
    """What the command prints for people, its lines as words."""
    assert main(["profile", *argv]) == 0
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def drawn(table: object, width: int) -> list[str]:
    """The lines of a table in a terminal of that width."""
    console = Console(file=io.StringIO(), width=width, legacy_windows=False)
    console.print(table)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def profile_of(name: str) -> Profile:
    with blank():
        return profile(zoo.create(name), zoo.entry(name).card.task)


PARAMS = {
    "lenet5_original": 60_000,
    "alexnet_two_tower": 60_965_224,
    "vgg16_c": 133_638_952,
    "vgg16": 138_357_544,
    "googlenet": 6_998_552,
    "googlenet_aux": 13_378_280,
    "resnet20": 269_722,
    "wrn_28_10": 36_479_194,
    "resnext29_8x64d": 34_426_698,
    "densenet_40_12": 1_019_722,
    "shufflenet_v1_g3": 1_865_728,
    "cyclemlp_b1": 15_155_400,
}
DEEP_PARAMS = {
    "resnet110": 1_727_962,
    "resnet1202": 19_421_274,
    "densenet_bc_100_12": 769_162,
    "senet154": 115_088_984,
    "vit_h_14": 632_045_800,
}


@pytest.mark.parametrize(
    "name",
    [*PARAMS, *(pytest.param(name, marks=pytest.mark.slow) for name in DEEP_PARAMS)],
    ids=[*PARAMS, *DEEP_PARAMS],
)
def test_it_prints_the_parameters_that_the_literature_gives(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    params = {**PARAMS, **DEEP_PARAMS}[name]
    lines = printed(capsys, f"zoo:{name}")
    assert lines[-1][:3] == ["total:", f"{params:,}", "params,"]
    assert lines[-1][3:5] == [f"{zoo.entry(name).card.macs:,}", "MACs,"]


def test_it_prints_vgg16_as_lectures_do(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "vgg16")
    rows = {line[0]: line[1:] for line in lines if line}
    assert rows["vgg16,"][-2:] == ["(150,528", "numbers)"]
    assert rows["features.0"] == ["Conv2d", "64x224x224", "3,211,264", "1,728", "1,792", "86,704,128", "12,544", "3"]
    assert rows["classifier.0"][2:5] == ["4,096", "102,760,448", "102,764,544"]
    activations = [int(rows[kind][1].replace(",", "")) for kind in ("Conv2d", "MaxPool2d", "Linear")]
    assert (
        150_528 + sum(activations) == 15_237_608
    )  # the rows of the lectures: image, convolutions, poolings, dense layers
    assert rows["all"][3] == "138,357,544"


@pytest.mark.parametrize(("name", "macs"), [("inception_naive", "854,196,224"), ("inception_reduced", "271,351,808")])
def test_it_prints_the_lectures_inception_example(name: str, macs: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, name)
    assert next(line for line in lines if line[:1] == ["Conv2d"])[-1] == macs


def test_three_stacked_3x3_see_seven_pixels(capsys: pytest.CaptureFixture[str]) -> None:
    convolutions = [line for line in printed(capsys, "plain20") if line[1:2] == ["Conv2d"]]
    assert [line[-1] for line in convolutions[:3]] == ["3", "5", "7"]


@pytest.mark.parametrize(
    ("name", "width"), [("vgg16", 100), ("inception_v3", 100), ("resnet50", 80), ("cyclemlp_b1", 90)]
)
def test_no_count_is_cut_in_a_narrow_terminal(name: str, width: int) -> None:
    found = profile_of(name)
    table, left_out = layer_table(found.layers, width)
    lines = drawn(table, width)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    assert left_out in ((), ("weights",), ("weights", "activations"))
    words = " ".join(lines).split()
    assert {count for layer in found.layers for count in (shape(layer), f"{layer.params:,}", f"{layer.macs:,}")} <= set(
        words
    )


def test_vgg16_keeps_all_its_columns_in_100_characters() -> None:
    table, left_out = layer_table(profile_of("vgg16").layers, 100)
    assert left_out == ()
    assert len(table.columns) == 9


def test_what_no_layer_holds_stands_apart() -> None:
    found = profile_of("lenet5_original")  # coefficients and biases of its subsampling are no layer's
    lines = [line.split() for line in drawn(type_table(found), 100) if line]
    outside = next(line for line in lines if line[0] == "outside")
    assert outside[2] == f"{2 * 6 + 2 * 16}"
    assert lines[-1][-2:] == ["60,000", f"{found.macs:,}"]


def test_the_layers_that_hold_most() -> None:
    found = profile_of("vgg16")
    assert [layer.name for layer in found.largest("params")] == ["classifier.0", "classifier.3", "classifier.6"]
    assert [layer.name for layer in found.largest("activation_bytes", 2)] == [
        "features.0",
        "features.2",
    ]  # features.1 is an in-place ReLU
    none = Profile((Layer("relu", "ReLU", (1,), 0, 0, 0, 1, 4, 1),), 0, 0, 4)
    assert none.largest("params") == ()


def test_json_and_csv_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "layers.csv"
    assert main(["profile", "lenet5", "--json", "--csv", str(file)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert set(record) >= {
        "model",
        "input",
        "layers",
        "params",
        "macs",
        "activation_bytes",
        "most_memory",
        "most_params",
    }
    assert record["input"] == [1, 32, 32]
    assert record["most_params"] == ["fc3", "fc4", "conv2"]
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["name"] for row in rows] == [layer["name"] for layer in record["layers"]]
    assert [row["output"] for row in rows] == ["x".join(map(str, layer["output"])) for layer in record["layers"]]
    assert sum(int(row["params"]) for row in rows) == record["params"] == 61_706
    assert all(math.prod(layer["output"]) == layer["activations"] for layer in record["layers"])
    own = [layer["activation_bytes"] for layer in record["layers"] if not layer["shares_memory"]]
    assert sum(own) == record["activation_bytes"]


def test_a_shape_reads_as_people_write_it() -> None:
    assert shape(Layer("conv", "Conv2d", (64, 224, 224), 1, 1, 1, 1, 4, 3)) == "64x224x224"

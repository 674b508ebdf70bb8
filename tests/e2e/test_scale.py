"""`nasbench scale`: what it prints, what it refuses, and the training of a scaled model beside its base."""

import json
from pathlib import Path

import pytest

import nasbench
from nasbench.cli import main

CELLS = ["--base", "space:nasnet:nasnet-a", "--cells", "1", "--filters", "2", "--image-size", "8"]
FIELDS = {
    "base",
    "phi",
    "alpha",
    "beta",
    "gamma",
    "product",
    "depth",
    "width",
    "resolution",
    "stages",
    "params",
    "macs",
    "macs_ratio",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _record(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["scale", *arguments, "--json"]) == 0
    record: dict[str, object] = json.loads(capsys.readouterr().out)
    return record


def test_json_of_the_default_base(capsys: pytest.CaptureFixture[str]) -> None:
    record = _record(["--phi", "3"], capsys)
    assert set(record) >= FIELDS
    assert (record["base"], record["phi"], record["params"], record["resolution"]) == (
        "efficientnet_b0",
        3,
        16_338_888,
        341,
    )
    depth, width, times, product = (
        float(str(record[name])) for name in ("depth", "width", "resolution_multiplier", "product")
    )
    assert depth * width**2 * times**2 == pytest.approx(product**3, rel=1e-9)
    assert record["macs_ratio"] == pytest.approx(8.425, rel=0.015)
    stages = record["stages"]
    assert isinstance(stages, list)
    assert [stage["repeats"] for stage in stages if stage["operator"] == "mbconv"] == [2, 4, 4, 6, 6, 7, 2]
    assert all(set(stage) >= {"operator", "channels", "repeats", "kernel", "stride"} for stage in stages)


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "--phi", "1"]) == 0
    text = capsys.readouterr().out
    for piece in (
        "= 1.9203",
        "depth 1.2, width 1.1, resolution 1.15 (224 -> 258 px)",
        "5,288,548",
        "9,109,994",
        "2^phi = 2;",
        "Counted to law: 1.340 = ",
        "Nearest published: B2",
        "--published b2",
        "come from a table",
        "mbconv x6",
    ):
        assert piece in text, f"{piece!r} is not in: {text}"


def test_published_multipliers_build_the_real_one(capsys: pytest.CaptureFixture[str]) -> None:
    record = _record(["--published", "B1"], capsys)
    assert (record["phi"], record["alpha"], record["product"]) == (None, None, None)
    assert (record["depth"], record["width"], record["resolution"], record["params"]) == (1.1, 1.0, 240, 7_794_184)


def test_a_network_of_cells_has_no_stages(capsys: pytest.CaptureFixture[str]) -> None:
    record = _record([*CELLS, "--phi", "1"], capsys)
    assert record["stages"] is None
    assert main(["scale", *CELLS, "--phi", "1"]) == 0
    assert "N, normal cells a stack" in capsys.readouterr().out


def test_budget_and_single_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--base", "mobilenet_v2", "--image-size", "32", "--classes", "10"]
    record = _record([*small, "--target-macs", "120M", "--dims", "width"], capsys)
    assert isinstance(record["macs"], int)
    assert 100_000_000 < record["macs"] <= 120_000_000
    assert (record["depth"], record["resolution"], record["dims"]) == (1, 32, "width")


def test_from_python() -> None:
    result = nasbench.scale(base="mobilenet_v1", image_size=32, classes=10, depth=2.0)
    assert result.scaled.size.depth == 2
    with pytest.raises(ValueError, match="Did you mean 'phi'"):
        nasbench.scale(phy=2)


def test_the_scaled_model_is_trained_beside_its_base(capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        *CELLS,
        "--resolution",
        "1.5",
        "--train",
        "--dataset",
        "digits",
        "--recipe",
        "little:LITTLE",
        "--epochs",
        "1",
        "--wandb",
        "off",
    ]
    record = _record([*command, "--run", "first"], capsys)
    assert [row["model"] for row in record["trained"]] == [  # type: ignore[attr-defined]
        "space:nasnet:nasnet-a",
        "space:nasnet:nasnet-a with resolution x 1.5",
    ]
    trained = [json.loads(path.read_text()) for path in Path("runs/trained").glob("*/result.json")]
    assert {row["spec"]["size"]["resolution"] for row in trained} == {None, 12}
    assert {row["metrics"]["macs"] for row in trained} == {record["macs"], record["base_macs"]}
    before = {path: path.stat().st_mtime_ns for path in Path("runs/trained").glob("*/result.json")}
    assert main(["scale", *command, "--run", "second"]) == 0
    assert "test accuracy" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before, "nothing is trained twice"


BAD = {
    "alpha below 1": (["--alpha", "0.9"], ["alpha", "from 1 on", "0.9"]),
    "product far from 2": (["--alpha", "3"], ["= 4.801", "1.8 to 2.2", "--depth D"]),
    "nothing grows": (["--alpha", "1", "--beta", "1", "--gamma", "1"], ["= 1 with", "--alpha 1.21"]),
    "phi and budget": (["--phi", "2", "--target-macs", "1G"], ["--phi and --target-macs", "one of them"]),
    "phi and multipliers": (["--phi", "2", "--depth", "2"], ["--phi and --depth", "one of them"]),
    "published and phi": (["--published", "b3", "--phi", "1"], ["--phi and --published"]),
    "published and dims": (["--published", "b3", "--dims", "depth"], ["--dims", "--published says all"]),
    "published of another base": (
        ["--published", "b3", "--base", "resnet50"],
        ["--published", "efficientnet_b0", "resnet50"],
    ),
    "unknown published": (["--published", "b9"], ["'b9'", "b0, b1"]),
    "multipliers and dims": (["--width", "2", "--dims", "width"], ["--dims", "multiplier outright"]),
    "multipliers and alpha": (["--width", "2", "--alpha", "1.2"], ["--alpha", "multiplier outright"]),
    "multiplier below zero": (["--depth=-1"], ["--depth takes a number above 0", "-1"]),
    "multiplier beyond reason": (["--width", "50"], ["width would grow 50 times", "32"]),
    "resolution below the strides": (["--resolution", "0.05"], ["11 px", "17 px or more"]),
    "phi below the strides": (["--phi=-20"], ["14 px", "17 px or more"]),
    "phi beyond reason": (["--phi", "60"], ["depth would grow", "32 times"]),
    "phi is no number": (["--phi", "nan"], ["--phi takes a number"]),
    "phi is a word": (["--phi", "two"], ["--phi"]),
    "unknown base": (["--base", "mobilnet_v2"], ["'mobilnet_v2'", "Did you mean 'mobilenet_v2'"]),
    "base that cannot be scaled": (["--base", "googlenet"], ["'googlenet' cannot be scaled", "mobilenet_v1"]),
    "cells of a base without": (["--cells", "3"], ["--cells", "networks of cells"]),
    "coefficients of no run": (["--coefficients", "no_such_run"], ["no_such_run", "nasbench scale --search"]),
    "coefficients of another run": (["--coefficients", "."], ["no best/coefficients.json", "nasbench scale --search"]),
    "coefficients twice": (["--coefficients", ".", "--alpha", "1.2"], ["--coefficients RUN gives alpha"]),
    "budget is a word": (["--target-macs", "lots"], ["--target-macs", "400M", "'lots'"]),
    "budget out of reach": (
        ["--base", "mobilenet_v1", "--image-size", "32", "--target-macs", "10k"],
        ["out of reach", "the least is"],
    ),
    "run without training": (["--run", "somewhere"], ["--run", "--train"]),
    "classes of a data set": (["--train", "--dataset", "digits", "--classes", "5"], ["--classes", "data set's own"]),
    "what only a search heeds": (
        ["--trials", "5", "--to-the-end"],
        ["--trials and --to-the-end are for what searches", "--search"],
    ),
    "what only trainings heed": (["--dataset", "digits"], ["--dataset is for what trains", "--train or --search"]),
    "unknown dims": (["--dims", "deep"], ["deep"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments, fragments = BAD[case]
    try:
        status = main(["scale", *arguments])
    except SystemExit as stop:  # the flag parser's own way out
        status = stop.code  # type: ignore[assignment]
    captured = capsys.readouterr()
    message = " ".join(captured.err.replace("│", " ").split())
    assert status == 2, message
    assert captured.out == ""
    assert "Traceback" not in message
    for fragment in fragments:
        assert fragment in message, f"{fragment!r} is not in: {message}"
    assert not list(tmp_path.iterdir()), "nothing was begun"

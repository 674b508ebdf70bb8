"""The file of a scaled model walks through the commands with one size: trained, transferred, compared, exported."""

import json
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.recipe import Recipe

BASE = ["--base", "tinynet_e", "--image-size", "12"]
TRAINS = ["--dataset", "digits", "--recipe", f"{__name__}:LITTLE", "--wandb", "off"]
LITTLE = Recipe(name="little", version=1, epochs=1, batch_size=256, lr_peak=0.05)
HOW_FAR = {
    "phi 1": ["--phi", "1"],
    "phi 3": ["--phi", "3"],
    "multipliers": ["--depth", "0.5", "--width", "0.25", "--resolution", "1.5"],
    "one size": ["--width", "0.25"],
    "a law": ["--law", "dWr", "--phi", "1"],
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main([*arguments, "--json"]) == 0, capsys.readouterr().err
    record: dict[str, object] = json.loads(capsys.readouterr().out)
    return record


@pytest.mark.slow
@pytest.mark.parametrize("case", HOW_FAR)
def test_a_scaled_model_walks(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(["scale", *BASE, *HOW_FAR[case], "--out", "scaled.json"], capsys)
    assert _json(["profile", "scaled.json"], capsys)["macs"] == told["macs"]
    digits = _json(["profile", "scaled.json", "--classes", "10"], capsys)
    trained = _json(["train", "scaled.json", *TRAINS, "--run", "trained"], capsys)
    (result,) = [json.loads(path.read_text()) for path in Path("runs/trained").glob("*/result.json")]
    assert result["spec"]["size"]["resolution"] == told["resolution"]
    assert result["spec"]["size"]["dropout"] == told["dropout"]
    one_channel = 9 * (_stem_pixels(result["spec"]["size"]["resolution"])) * _stem_channels(told)
    assert trained["macs"] == digits["macs"] - 2 * one_channel  # type: ignore[operator]

    transferred = _json(["transfer", "scaled.json", *TRAINS, "--run", "transferred"], capsys)
    assert transferred["macs"] == trained["macs"]
    assert transferred["size"]["resolution"] == told["resolution"]  # type: ignore[index]
    compared = _json(["compare", "scaled.json", "lenet5", *TRAINS, "--seeds", "1", "--run", "compared"], capsys)
    rows = {row["model"]: row["macs"] for row in compared["rows"]}  # type: ignore[attr-defined]
    assert rows["scaled.json"] == trained["macs"]
    exported = _json(["export", "scaled.json", "--formats", "model.py", "--out", "exported"], capsys)
    assert exported["files"]
    (code,) = Path("exported").rglob("model.py")
    text = code.read_text()
    assert f"x {told['resolution']} x {told['resolution']}." in text
    assert f"dropout={told['dropout']}" in text
    assert f"module.final = {told['drop_path']}" in text
    made: dict[str, object] = {"__name__": "exported"}
    exec(compile(text, str(code), "exec"), made)
    network = made["build"]()  # type: ignore[operator]
    assert {module.final for module in network.modules() if type(module).__name__ == "DropPath"} == {told["drop_path"]}


@pytest.mark.slow
def test_what_scale_trains_is_what_the_file_trains(capsys: pytest.CaptureFixture[str]) -> None:
    form = [*BASE, "--width", "0.25"]
    assert main(["scale", *form, "--train", *TRAINS, "--out", "scaled.json", "--run", "scaled"]) == 0
    before = {path: path.stat().st_mtime_ns for path in Path("runs/trained").glob("*/result.json")}
    assert len(before) == 2
    capsys.readouterr()
    _json(["train", "scaled.json", *TRAINS, "--run", "trained"], capsys)
    after = {path: path.stat().st_mtime_ns for path in Path("runs/trained").glob("*/result.json")}
    assert after == before, "nothing is trained twice"


def _stem_pixels(side: int) -> int:
    return side**2  # of images up to 64 px the stem keeps the side


def _stem_channels(told: dict[str, object]) -> int:
    return int(told["stages"][0]["channels"])  # type: ignore[index]

"""For each command: what is asked for on the command line stands in run.json, reaches every line of the log, and is
what the report speaks of.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.core.store import RunStore

TOY = ["--space", "nasbench.testing:ToySpace", "--strategy", "random"]
DIGITS = ["--dataset", "digits", "--image-size", "12", "--recipe", "little:LITTLE", "--epochs", "1", "--wandb", "off"]
SCALED = ["--base", "mobilenet_v1", "--dataset", "digits", "--image-size", "32", "--wandb", "off"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A directory to stand in, with a finished search."""
    directory = tmp_path_factory.mktemp("travels")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        assert main(["search", *TOY, *DIGITS, "--trials", "2", "--seed", "5", "--run", "search"]) == 0
        yield directory


def _run(command: list[str], name: str) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """run.json, the log and the page of a run of a command."""
    if command:
        assert main([*command, "--run", name]) == 0
    lines = [json.loads(line) for line in Path(name, "trials.jsonl").read_text().splitlines()]
    return json.loads(Path(name, "run.json").read_text()), lines, Path(name, "report.html").read_text()


def _check(record: dict[str, Any], command: str, **config: Any) -> None:
    assert record["command"] == command
    assert {name: record["config"][name] for name in config} == config
    assert record["ended"]


def _reported_again(name: str, page: str) -> None:
    """`nasbench report` writes the very page that the command wrote."""
    assert main(["report", name]) == 0
    again = Path(name, "report.html").read_text()
    times = [line for line in zip(page.splitlines(), again.splitlines(), strict=True) if line[0] != line[1]]
    assert not [line for line in times if "wall time" not in line[0]], times


def test_search(here: Path) -> None:
    record, lines, page = _run([], "search")
    _check(record, "search", space="nasbench.testing:ToySpace", dataset="digits", epochs=1, seed=5, trials=2)
    assert [(line["seed"], line["epochs"], line["data"]) for line in lines] == [(5, 1, "digits")] * 2
    assert record["plan"]["task"]["image_size"] == 12
    assert "seed 5" in page
    _reported_again("search", page)


def test_train(here: Path) -> None:
    record, lines, page = _run(["train", "lenet5", *DIGITS, "--seeds", "2", "--seed", "7"], "train")
    _check(record, "train", model="lenet5", dataset="digits", image_size=12, seeds=2, seed=7)
    assert [(line["name"], line["seed"], line["epochs"], line["data"]) for line in lines] == [
        ("lenet5", 7, 1, "digits"),
        ("lenet5", 8, 1, "digits"),
    ]
    assert [line["model"]["task"]["image_size"] for line in lines] == [12, 12]
    assert [line["architecture"] for line in lines] == [None, None]
    assert "Trainings" in page
    assert "lenet5" in page
    assert Path("train/curves.svg").exists()
    _reported_again("train", page)


def test_transfer(here: Path) -> None:
    record, lines, page = _run(["transfer", "search", *DIGITS, "--seed", "3", "--accumulate", "2"], "transfer")
    _check(record, "transfer", model="search", dataset="digits", seed=3, accumulate=2)
    assert [(line["name"], line["seed"], line["data"]) for line in lines] == [("search", 3, "digits")]
    found = RunStore.read(Path("search"))
    assert lines[0]["model"]["architecture"] in [trial.proposed.to_json() for trial in found.trials]
    assert record["plan"]["recipe"]["accumulate"] == 2
    assert "Trainings" in page
    _reported_again("transfer", page)


def test_compare(here: Path) -> None:
    command = ["compare", "search", "zoo:lenet5", "--controls", "1", *DIGITS, "--seed", "2"]
    record, lines, page = _run(command, "compare")
    _check(record, "compare", models=["search", "zoo:lenet5"], controls=1, seed=2)
    assert record["plan"]["sources"] == {"search": "found", "zoo:lenet5": "baseline", "random cell 1": "random"}
    assert [(line["name"], line["seed"]) for line in lines] == [
        ("search", 2),
        ("zoo:lenet5", 2),
        ("random cell 1", 2),
    ]
    assert "Verdict" in page
    _reported_again("compare", page)


def test_scale_search(here: Path) -> None:
    flags = ["--recipe", "little:LITTLE", "--epochs", "1", "--trials", "2", "--seeds", "1", "--seed", "4"]
    record, lines, page = _run(["scale", "--search", *SCALED, *flags, "--front-runners", "1"], "scale")
    _check(record, "scale", base="mobilenet_v1", search=True, trials=2, seeds=1, seed=4)
    assert all((line["seed"], line["data"]) == (4, "digits") for line in lines)
    assert all(line["model"]["name"] == "mobilenet_v1" for line in lines)
    candidates, compared = lines[:2], lines[2:]
    assert all(line["architecture"]["space"] == "compound" for line in candidates)
    assert {line["name"] for line in compared} >= {"published coefficients", "depth alone"}
    assert all(line["metrics"]["resolution"] == line["model"]["size"]["resolution"] for line in lines)
    assert "At equal multiply-adds" in page
    _reported_again("scale", page)


def test_race(here: Path) -> None:
    record, lines, page = _run(
        ["race", "--trials", "5", "--seeds", "2", "--seed", "6", "--strategies", "random"], "race"
    )
    _check(record, "race", strategies=["random"], trials=5, seeds=2, seed=6)
    assert [(line["name"], line["seed"], line["metrics"]["evaluations"]) for line in lines] == [
        ("random", 6, 5),
        ("random", 7, 5),
    ]
    assert "random" in page
    _reported_again("race", page)


def test_a_scaled_specification_keeps_its_pixels_through_every_command(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scale = [
        "scale",
        "--base",
        "mobilenet_v1",
        "--image-size",
        "32",
        "--classes",
        "10",
        "--depth",
        "0.4",
        "--width",
        "0.25",
    ]
    assert main([*scale, "--resolution", "1.5", "--json"]) == 0
    scaled = json.loads(capsys.readouterr().out)
    Path("s.json").write_text(json.dumps(scaled))
    assert scaled["resolution"] == 48

    assert main(["profile", "s.json", "--json"]) == 0
    profiled = json.loads(capsys.readouterr().out)
    assert (profiled["macs"], profiled["params"], profiled["input"]) == (scaled["macs"], scaled["params"], [3, 48, 48])

    digits = ["--dataset", "digits", "--recipe", "little:LITTLE", "--epochs", "1", "--wandb", "off"]
    for name, command in {
        "s-train": ["train", "s.json"],
        "s-transfer": ["transfer", "s.json"],
        "s-compare": ["compare", "s.json", "zoo:lenet5"],
    }.items():
        assert main([*command, *digits, "--run", name]) == 0
        line = json.loads(Path(name, "trials.jsonl").read_text().splitlines()[0])
        assert (line["model"]["size"]["resolution"], line["model"]["task"]["image_size"]) == (48, 32), name
        # one channel in place of three: the stem alone differs
        assert 0 < scaled["macs"] - line["metrics"]["macs"] < 0.05 * scaled["macs"], name
    capsys.readouterr()
    assert main(["export", "s.json", "--formats", "safetensors,model.py", "--out", "shipped", "--json"]) == 0
    spec = json.loads(capsys.readouterr().out)["spec"]
    assert (spec["size"]["resolution"], spec["task"]["image_size"]) == (48, 32)

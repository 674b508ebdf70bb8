"""Commands on a real file system that is too small, or read-only: one error, status 1 or 2, and no part of a file."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nasbench.cli import main

pytestmark = pytest.mark.slow

DIGITS = ["--dataset", "digits", "--recipe", "quick", "--epochs", "2", "--wandb", "off"]
TABLE = ["--space", "nasbench201", "--evaluator", "table:nasbench201-cifar10"]
CHILDREN = ["--space", "examples.toy_space:ToySpace", "--strategy", "random", "--control", "0"]
RUNS = {
    "search": (["search", *CHILDREN, *DIGITS, "--trials", "3"], "100k"),
    "search, curves and log alone": (
        ["search", *CHILDREN, "--evaluator", "unit.made_up:Reporting", "--trials", "99", "--wandb", "off"],
        "20k",
    ),
    "race": (["race", *TABLE, "--strategies", "random,evolution", "--seeds", "2", "--trials", "20"], "40k"),
    "train, its checkpoint": (["train", "lenet5", *DIGITS, "--trained-dir", "{}/t"], "300k"),
    "train, its weights": (["train", "lenet5", *DIGITS, "--trained-dir", "{}/t"], "900k"),
    "compare": (["compare", "lenet5", "plain20", *DIGITS, "--trained-dir", "{}/t"], "1500k"),
    "transfer": (["transfer", "lenet5", *DIGITS, "--trained-dir", "{}/t"], "900k"),
    "scale": (
        ["scale", "--search", "--base", "mobilenet_v1", *DIGITS, "--trials", "1", "--front-runners", "0"],
        "200k",
    ),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a file system of a size, or changes it."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here: that takes root, and a kernel that lets it")

    def mount(options: str) -> Path:
        subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)
        return place

    yield mount
    subprocess.run(["umount", "-l", place], check=True)  # W&B keeps its own log open


def one_error(capsys: pytest.CaptureFixture[str], place: Path) -> str:
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert not list(place.rglob("*.part"))
    return said.splitlines()[-1]


@pytest.mark.parametrize("name", RUNS)
def test_a_command_stops_when_the_disk_is_full_and_goes_on_when_it_is_not(name, disk, capsys):
    (command, *flags), size = RUNS[name]
    place = disk(f"size={size}")
    run = ["--run", str(place / "run")]
    assert main([command, *[flag.format(place) for flag in flags], *run]) == 1
    said = one_error(capsys, place)
    assert said.startswith(f"nasbench: cannot write {place}/")
    assert ": no space left on the device. Make room there. " in said
    assert said.endswith(f"Then go on with: nasbench {command} --run {place}/run --resume")
    assert json.loads((place / "run" / "run.json").read_text())["ended"] is None
    disk("size=60m")
    assert main([command, *run, "--resume"]) == 0
    assert json.loads((place / "run" / "run.json").read_text())["ended"]
    assert (place / "run" / "report.html").exists()


@pytest.mark.parametrize("formats", ["model.py,safetensors", "onnx", "torch-export"])
def test_an_export_that_does_not_fit_leaves_nothing(formats, disk, capsys):
    place = disk("size=200k")
    assert main(["export", "lenet5", "--formats", formats, "--out", str(place / "out")]) == 1
    assert one_error(capsys, place).startswith(f"nasbench: cannot write {place}/out/")
    assert list(place.iterdir()) == []


def test_tables_and_pictures_that_do_not_fit(disk, capsys):
    place = disk("size=12k")
    (place / "fill").write_bytes(bytes(12 * 1024))
    for arguments in (["profile", "resnet20", "--csv"], ["zoo", "--plot", "complexity", "--out"]):
        for suffix in (".svg", ".png") if "zoo" in arguments else (".csv",):
            assert main([*arguments, str(place / f"a{suffix}")]) == 1
            assert "no space left on the device" in one_error(capsys, place)
    assert [path.name for path in place.iterdir()] == ["fill"]


def test_a_read_only_place_is_refused_before_any_work(disk, capsys):
    place = disk("ro")
    for arguments, flag in (
        (["search", *CHILDREN, *DIGITS, "--run"], "--run"),
        (["export", "lenet5", "--out"], "--out"),
        (["profile", "lenet5", "--csv"], "--csv"),
        (["zoo", "--plot", "ilsvrc", "--out"], "--out"),
        (["train", "lenet5", *DIGITS, "--trained-dir"], "--trained-dir"),
    ):
        assert main([*arguments, str(place / "a.svg")]) == 2
        said = one_error(capsys, place)
        assert "the file system is read-only" in said
        assert said.endswith(f"Choose another with {flag}.")


def test_a_tracker_whose_disk_is_full_stops_no_search(disk, tmp_path, monkeypatch, capfd):
    place = disk("size=12k")
    monkeypatch.setenv("WANDB_DIR", str(place))
    made_up = ["--evaluator", "unit.made_up:MadeUp", "--trials", "3", "--wandb", "offline"]
    assert main(["search", *CHILDREN, *made_up, "--run", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["ended"]
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "WandbTracker failed and is left out from here on" in said


def test_a_full_disk_in_a_group_of_processes_ends_the_run():
    from nasbench.core.errors import NotWritten
    from nasbench.executors.ray_train import fault_of

    told = NotWritten("cannot write checkpoint.pt: no space left on the device.")
    group = type("WorkerGroupError", (Exception,), {"worker_failures": {0: ValueError("a peer has gone"), 1: told}})
    assert fault_of(group()) is told
    assert fault_of(ValueError()) is None

"""The main job, whole: from one command to a network that somebody can use."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file

import nasbench
from nasbench.cli import main
from nasbench.core.store import RunStore
from nasbench.train.datasets import resolve_dataset

ROOT = Path(__file__).parents[2]


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("found_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("search") / "run"
    phases = ["--filters", "4", "--control", "1", "--retrain-top", "1", "--retrain-epochs", "3"]
    common = [
        "--dataset",
        "digits",
        "--recipe",
        "little:LITTLE",
        "--epochs",
        "1",
        "--trials",
        "3",
        "--wandb",
        "off",
        "--run",
        str(directory),
    ]
    assert main(["search", *common, *phases]) == 0
    return directory


def test_the_log_holds_the_search_its_control_and_its_retraining(run: Path) -> None:
    trials = RunStore.read(run).trials
    assert [trial.number for trial in trials] == [1, 2, 3, 4, 5]
    assert trials[3].note["control"]
    best_of_search = max(trials[:3], key=lambda trial: trial.score or 0.0)
    assert trials[4].note["retrain_of"] == best_of_search.number
    assert trials[4].key == best_of_search.key
    assert trials[4].epochs == 3


def test_the_stand_alone_network_gives_the_recorded_accuracy_again(run: Path) -> None:
    metrics = json.loads((run / "best" / "metrics.json").read_text())
    source = (run / "best" / "model.py").read_text()
    assert "nasbench" not in "\n".join(line for line in source.splitlines() if "import" in line)
    network = _import(run / "best" / "model.py").build()
    network.load_state_dict(load_file(run / "best" / "weights.safetensors"), strict=True)
    network.eval()
    data = resolve_dataset("digits").load(None, None, False)
    correct = 0
    with torch.no_grad():
        for images, labels in zip(data.val.images.split(64), data.val.labels.split(64), strict=True):
            mean, std = (torch.tensor(value).view(1, -1, 1, 1) for value in (data.mean, data.std))
            correct += int((network((images / 255.0 - mean) / std).argmax(dim=1) == labels).sum())
    assert correct / len(data.val.labels) == metrics["val_accuracy"]


def test_what_is_left_is_complete(run: Path) -> None:
    left = {path.name for path in (run / "best").iterdir()}
    assert {"architecture.json", "model.py", "weights.safetensors", "metrics.json", "cell.svg"} <= left
    report = (run / "report.html").read_text()
    assert "<svg" in report
    assert len(list((run / "checkpoints").glob("*.safetensors"))) == 1, "only the best one's weights stay"
    record = json.loads((run / "run.json").read_text())
    assert record["ended"]
    assert record["plan"]["recipe"]["name"] == "little"
    assert record["plan"]["recipe"]["train_images"]
    assert record["versions"]["torch"]


def test_a_run_directory_is_a_model(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = json.loads((run / "best" / "metrics.json").read_text())
    assert main(["profile", str(run), "--json"]) == 0
    profiled = json.loads(capsys.readouterr().out)
    assert (profiled["params"], profiled["macs"]) == (metrics["params"], metrics["macs"])
    found = nasbench.load(str(run))
    alone = _import(run / "best" / "model.py").build().eval()
    alone.load_state_dict(load_file(run / "best" / "weights.safetensors"))
    image = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(found(image), alone(image))
    larger = nasbench.load(
        str(run / "best" / "architecture.json"), nasbench.ModelOverrides(cells=2, filters=16, image_size=32)
    )
    assert sum(p.numel() for p in larger.parameters()) > metrics["params"]


def test_resuming_a_finished_run_adds_nothing(run: Path) -> None:
    before = (run / "trials.jsonl").read_bytes()
    assert main(["search", "--resume", "--run", str(run)]) == 0
    assert (run / "trials.jsonl").read_bytes() == before


def test_the_report_is_rebuilt_from_the_log(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "report.html").unlink()
    assert main(["report", str(run), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert set(record) == {"run", "files"}
    assert str(run / "report.html") in record["files"]
    assert (run / "report.html").exists()


@pytest.mark.parametrize("signum", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_an_interrupted_search_says_how_to_go_on(tmp_path: Path, signum: signal.Signals) -> None:
    directory = tmp_path / "run"
    toy = [
        "--space",
        "examples.toy_space:ToySpace",
        "--strategy",
        "random",
        "--dataset",
        "digits",
        "--recipe",
        "quick",
        "--wandb",
        "off",
    ]
    command = [sys.executable, "-m", "nasbench", "search", *toy, "--trials", "500", "--run", str(directory)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    log = directory / "trials.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signum)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert output == ""
    assert f"--run {directory} --resume" in errors
    assert "Traceback" not in errors
    assert len(RunStore.read(directory).trials) >= 2
    assert RunStore.read(directory).dropped is None

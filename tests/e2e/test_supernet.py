"""`nasbench supernet` as a whole: a run that is killed and goes on, what it leaves, and what it refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import shared_replicas
import torch
from unit.supernet_runs import RECIPE

from nasbench.cli import main
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.registry import spaces
from nasbench.core.spec import size_of_record, task_of_record
from nasbench.core.store import RunStore
from nasbench.core.supernet_run import SupernetRun
from nasbench.core.trial import Trial
from nasbench.engine.config import ModelOverrides, SupernetConfig
from nasbench.engine.parts.models import resolve
from nasbench.engine.search.supernet.command import train_supernet
from nasbench.evaluators.supernet_training import _enough_memory
from nasbench.nn.supernet import Supernet
from nasbench.report.common.curves import read_curves
from nasbench.report.supernet.page import TRAINING
from nasbench.train.checkpoint import load_weights, put_weights
from nasbench.train.faults import trial_boundary
from nasbench.train.shared_recipes import SUPERNET

TINY = replace(SUPERNET, name="tiny", epochs=2, train_images=128, val_images=64, ema_decay=0.9)
FLAGS = {
    "space": "nasbench201",
    "dataset": "digits",
    "recipe": "e2e.test_supernet:TINY",
    "cells": 1,
    "filters": 4,
    "check": 0,
    "check_recipe": RECIPE,
    "check_sample": 6,
    "wandb": "off",
}
ENAS = {"sampler": "enas", "sampler_options": {"steps": 1, "samples": 2, "hidden_units": 4}}


def flags(**given: object) -> list[str]:
    words = [(f"--{name.replace('_', '-')}", str(value)) for name, value in {**FLAGS, **given}.items()]
    return [word for pair in words for word in pair]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("supernet") / "run"
    train_supernet(SupernetConfig.of(**FLAGS, **ENAS, run=str(directory)), ("nasbench", "supernet"))
    return directory


def test_the_fast_recipe_leaves_chance_within_a_hundred_updates(tmp_path: Path) -> None:
    """`supernet` does not: after twice as many updates its panel has 15 % of the digits."""
    given = {**FLAGS, "recipe": "supernet_fast", "epochs": 4, "filters": 8, "run": str(tmp_path)}
    train_supernet(SupernetConfig.of(**given), ("nasbench", "supernet"))
    metrics = RunStore.read(tmp_path).trials[0].metrics
    assert metrics["val_accuracy"] > 0.4


def test_a_run_leaves_all_that_a_score_needs(run: Path) -> None:
    store = RunStore.read(run)
    plan = store.run["plan"]
    assert (plan["source"], plan["sampler"], plan["spelling"]) == ("space:nasbench201", "enas", "canonical")
    assert plan["sampler_options"] == ENAS["sampler_options"]
    space = spaces.make(str(plan["source"]).removeprefix("space:"))
    supernet = space.supernet(size_of_record(plan["size"]), task_of_record(plan["task"]))
    assert isinstance(supernet, Supernet)
    put_weights(supernet, run / "supernet" / "weights.safetensors")
    assert sum(each.numel() for each in supernet.parameters()) == plan["params"] == store.trials[0].metrics["params"]
    assert sorted(path.name for path in (run / "supernet").iterdir() if not path.name.startswith(".")) == [
        "controller.safetensors",
        "curve.jsonl",
        "preprocessing.json",
        "result.json",
        "weights.safetensors",
    ]
    assert len((run / "curves.jsonl").read_text().splitlines()) == TINY.epochs
    page = (run / "report.html").read_text()
    assert "Supernet of nasbench201" in page
    assert "<h2>Controller</h2>" in page
    assert f"--evaluator supernet:{run}" in page.replace("&#x27;", "")


def test_a_supernet_is_no_model(run: Path) -> None:
    for model in (run, f"{run}#1", run / "supernet"):
        with pytest.raises(UsageError, match=r"holds a supernet, .* no network by itself; search it with: nasbench"):
            resolve(model, ModelOverrides())


def test_the_printed_object_and_a_resumed_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["supernet", "--run", str(run), "--resume", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"run", "params", "epochs", "sampler", "check"} <= set(told)
    assert (told["epochs"], told["sampler"], told["check"]) == (2, "enas", None)
    assert main(["supernet", "--run", str(run), "--resume", "--sampler", "fair"]) == 2
    assert "--sampler fair contradicts the run" in capsys.readouterr().err


def test_weights_that_are_gone_are_said_and_a_lost_result_costs_nothing(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    resume = ["supernet", "--run", str(copy), "--resume", "--trust"]
    (copy / "supernet" / "result.json").unlink()
    assert main(resume) == 0
    (copy / "supernet" / "weights.safetensors").unlink()
    capsys.readouterr()
    assert main(resume) == 2
    assert "are gone: there is no" in capsys.readouterr().err
    assert RunStore.read(copy).run["ended"], "the refusal changes nothing"


def test_a_check_may_be_added_and_goes_on_where_it_was_killed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    resume = ["supernet", "--run", str(copy), "--resume", "--trust", "--json"]
    assert main([*resume, "--check", "5"]) == 0
    found = json.loads(capsys.readouterr().out)["check"]
    store = RunStore.read(copy)
    trials, curves = store.trials, read_curves(copy, TRAINING)
    assert [trial.number for trial in trials] == list(range(1, 13))
    assert [trial.epochs for trial in trials] == [TINY.epochs, *[0] * 6, *[1] * 5]
    assert len({trial.key for trial in trials[1:7]}) == 6
    assert all(trial.score == -trial.metrics["inherited_loss"] for trial in trials[1:7])
    checked = [(trials[trial.note["check_of"] - 1], trial) for trial in trials[7:]]
    assert all(scored.key == trained.key for scored, trained in checked)
    assert {max(trials[1:7], key=score).key, min(trials[1:7], key=score).key} < {each.key for _, each in checked}
    assert (found["n"], found["tau"] is not None, found["truth"]) == (5, True, "trainings of 1 epoch")
    assert len(curves) == 1, "the page draws the training of the supernet alone"
    page = (copy / "report.html").read_text()
    assert "How far can the cheap score be trusted?" in page
    assert page.count("trained score") == 1
    log = (copy / "trials.jsonl").read_text().splitlines(keepends=True)
    record = json.loads((copy / "run.json").read_text())
    (copy / "trials.jsonl").write_text("".join(log[:9]))
    (copy / "run.json").write_text(json.dumps({**record, "ended": None}))
    assert SupernetRun.read(str(copy)).weights.exists(), "the weights can be used while their check goes on"
    assert main(resume) == 0
    assert [told(trial) for trial in RunStore.read(copy).trials] == [told(trial) for trial in trials]
    assert main([*resume, "--check", "4"]) == 2
    assert "--check 4 is fewer than the 5" in capsys.readouterr().err


def score(trial: Trial) -> float:
    return trial.score or 0.0


def told(trial: Trial) -> tuple[object, ...]:
    return trial.number, trial.key, trial.status, trial.score, trial.note


def test_a_supernet_outlives_a_check_that_fails(tmp_path: Path) -> None:
    given = {
        **FLAGS,
        "recipe": RECIPE,
        "check": 2,
        "check_sample": 2,
        "check_recipe": "unit.test_after_cheap_search:HOPELESS",
    }
    result = train_supernet(SupernetConfig.of(**given, run=str(tmp_path / "run")), ("nasbench", "supernet"))
    assert result is not None
    assert result.check is not None
    assert (result.check.count, result.check.failed) == (0, 2)
    assert "0 networks compared" in result.check.sentence
    assert SupernetRun.read(str(result.run)).weights.exists()
    assert "Failed" in (result.run / "report.html").read_text()


def test_a_table_is_the_truth_and_nothing_is_trained(tmp_path: Path) -> None:
    given = {**FLAGS, "recipe": RECIPE, "truth": "table:nasbench201-cifar10", "check": 8}
    result = train_supernet(SupernetConfig.of(**given, run=str(tmp_path / "run")), ("nasbench", "supernet"))
    assert result is not None
    trials = RunStore.read(result.run).trials
    assert [trial.epochs for trial in trials] == [1, *[0] * 6]
    assert result.to_json()["check"]["truth"] == "test_accuracy_200 of table:nasbench201-cifar10"
    assert result.to_json()["check"]["n"] == 6


def test_a_torn_checkpoint_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "run"
    (directory / "supernet").mkdir(parents=True)
    (directory / "supernet" / "checkpoint.pt").write_bytes(b"PK\x03\x04 torn")
    assert main(["supernet", *flags(run=directory)]) == 2
    told = capsys.readouterr().err
    assert "cannot read the checkpoint" in told
    assert "Delete it to start that training again." in told
    assert "Traceback" not in told


def test_lack_of_memory_says_what_to_do() -> None:
    def training() -> dict[str, float]:
        with trial_boundary("the training"):
            torch.empty(2**60)
        raise AssertionError("there is not so much memory")

    def reading() -> None:
        torch.empty(2**60)

    with pytest.raises(TrialFailed, match=r"out of memory .* Train a smaller supernet \(--cells, --filters\)"):
        _enough_memory(training)
    with pytest.raises(TrialFailed, match=r"the training failed: out of memory .* smaller images \(--image-size\)"):
        _enough_memory(reading)


@pytest.mark.slow
@pytest.mark.parametrize(
    "given", [{"cells": 5, "filters": 512}, {"image_size": 4000}, {"image_size": 64, "filters": 64}]
)
def test_a_machine_without_memory_is_one_clear_error(given: dict[str, object], tmp_path: Path) -> None:
    """The allocator of a process that may have 4.5 GB in all: weights, images or activations do not fit."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (4_500_000_000, 4_500_000_000)); "
    start = limited + "import sys; from nasbench.cli import main; sys.exit(main(sys.argv[1:]))"
    run = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", start, "supernet", *flags(**{**given, "recipe": "supernet"}, run=run)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "failed: out of memory" in done.stderr.splitlines()[-1]
    assert "Train a smaller supernet (--cells, --filters)" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "failed: out of memory" in RunStore.read(run).trials[0].error


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"space": "nasnet", "image_size": 1}, "images of 1 pixels are too small for the cifar skeleton"),
        ({"space": "nasnet", "sampler": "sandwich"}, "space 'nasnet' has none. Use one of the samplers uniform, fair"),
        ({"space": "nasbench.testing:ToySpace"}, "has no supernet. These have one: enas-macro"),
        ({"space": "mbconv"}, "--cells and --filters are for spaces of cells"),
        ({"workers": 3}, "batches of 64 images do not fall into 3 equal parts; nearest batch size: 63"),
        ({"filters": 60000}, "the weights of this network take"),
        ({"check": 7}, "--check 7 is more than the 6 architectures that are scored. Give 6 at most, or"),
        ({"check": 2, "check_recipe": "quik"}, "no recipe named 'quik'. Did you mean 'quick'"),
        ({"truth": "nasbench201-cifar10"}, "--truth takes table:FILE, or a shipped table"),
        ({"truth": "table:nasbench201-cifar10", "truth_column": "val"}, "named 'val'. Known: index, macs, params"),
    ],
)
def test_what_does_not_fit_is_refused_before_work(
    given: dict[str, object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["supernet", *flags(**given, run=tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(run: Path, tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])}
    command = [sys.executable, "-m", "nasbench", "supernet"]
    options = ["--sampler", "enas", "--sampler-options", "steps=1", "samples=2", "hidden_units=4"]
    directory = tmp_path / "run"
    log = tmp_path / "log"
    with log.open("w") as file:
        begun = subprocess.Popen([*command, *flags(run=directory), *options], env=environment, stderr=file, stdout=file)
        while "epoch 1 " not in log.read_text():
            assert begun.poll() is None, log.read_text()
            time.sleep(0.02)
        begun.send_signal(signal.SIGKILL)
        begun.wait()
    again = [*command, "--run", str(directory), "--resume"]
    subprocess.run(again, env=environment, check=True, capture_output=True, timeout=300)
    found, expected = (load_weights(each / "supernet" / "weights.safetensors") for each in (directory, run))
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.slow
def test_two_replicas_have_the_weights_of_one(tmp_path: Path) -> None:
    subprocess.run([sys.executable, shared_replicas.__file__, str(tmp_path)], check=True, timeout=300)
    for sampler in shared_replicas.SAMPLERS:
        alone, both = (load_weights(tmp_path / f"{sampler}-{count}.safetensors") for count in (1, 2))
        for name, value in alone.items():
            assert torch.allclose(value, both[name], atol=1e-5), (sampler, name)


@pytest.mark.slow
def test_ray_workers_train_one_supernet(tmp_path: Path) -> None:
    config = SupernetConfig.of(**{**FLAGS, "check": 2}, **ENAS, workers=2, run=str(tmp_path / "run"))
    result = train_supernet(config, ("nasbench", "supernet"))
    assert result is not None
    assert result.trial.metrics["replicas"] == 2
    assert result.weights.exists()
    assert len(read_curves(tmp_path / "run", TRAINING)["supernet of nasbench201 seed 0"]) == TINY.epochs
    assert result.check is not None
    assert result.check.failed == 0
    assert {trial.worker for trial in RunStore.read(result.run).trials[1:]}.isdisjoint({"local"}), "workers check too"

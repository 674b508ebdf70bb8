"""Limits and several objectives from the command line to the files they leave."""

import json
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.registry import spaces
from nasbench.core.spec import Size, Task
from nasbench.core.store import RunStore
from nasbench.evaluators.counts import CountedOnce

ROOT = Path(__file__).parents[2]
COMMON = [
    "--space",
    "examples.toy_space:ToySpace",
    "--dataset",
    "digits",
    "--recipe",
    "little:LITTLE",
    "--epochs",
    "1",
    "--wandb",
    "off",
]


@pytest.fixture(autouse=True)
def _examples_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize(
    ("strategy", "options"), [("evolution", ["population=4", "sample=2"]), ("ppo", ["batch_size=3"])]
)
def test_limits_and_objectives(
    strategy: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    goals = ["--objectives", "val_accuracy,params", "--max-params", "3k", "--control", "2"]
    arguments = [
        "--strategy",
        strategy,
        "--strategy-options",
        *options,
        "--trials",
        "6",
        "--run",
        str(run),
        "--json",
        *goals,
    ]
    assert main(["search", *COMMON, *arguments]) == 0
    record = json.loads(capsys.readouterr().out)
    trials = RunStore.read(run).trials
    assert [trial.metrics["params"] <= 3000 for trial in trials] == [True] * 8
    assert any(trial.note.get("repaired") for trial in trials)
    counts = CountedOnce(spaces.make("examples.toy_space:ToySpace"), Size(), Task(10, 8, 1))
    assert [counts(trial.proposed) for trial in trials] == [
        (trial.metrics["params"], trial.metrics["macs"]) for trial in trials
    ]
    front = json.loads((run / "best" / "front.json").read_text())["front"]
    assert [entry["number"] for entry in record["front"]] == [entry["number"] for entry in front]
    assert {"number", "key", "val_accuracy", "params"} == set(record["front"][0])
    assert record["best"]["number"] == front[0]["number"] or record["best"]["score"] == front[0]["val_accuracy"]
    assert "Pareto front" in (run / "report.html").read_text()
    assert main(["search", "--resume", "--run", str(run)]) == 0


def test_a_metric_that_an_evaluator_of_ones_own_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "kernel_0,kernel_1,kernel_2,width_0,width_1,width_2,activation,val_accuracy\n1,1,1,8,8,8,relu,0.5\n"
    )
    arguments = [
        "--space",
        "examples.toy_space:ToySpace",
        "--strategy",
        "random",
        "--evaluator",
        f"table:{table}",
        "--wandb",
        "off",
    ]
    assert main(["search", *arguments, "--objectives", "val_accuracy,latency", "--run", str(tmp_path / "run")]) == 2
    assert "'latency'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_halving_trains_in_stages(tmp_path: Path) -> None:
    run = tmp_path / "run"
    halving = [
        "--strategy",
        "asha",
        "--strategy-options",
        "eta=2",
        "--epochs",
        "4",
        "--trials",
        "11",
        "--run",
        str(run),
    ]
    assert main(["search", *[flag for flag in COMMON if flag not in ("--epochs", "1")], *halving]) == 0
    trials = RunStore.read(run).trials
    assert {trial.status for trial in trials} <= {"ok", "cached"}
    assert {trial.epochs for trial in trials} == {1, 2, 4}
    by_number = {trial.number: trial for trial in trials}
    for trial in trials:
        if "promotes" in trial.note:
            assert by_number[trial.note["promotes"]].key == trial.key
    best = json.loads((run / "best" / "metrics.json").read_text())
    assert best["epochs"] == 4
    assert (run / "best" / "weights.safetensors").exists()

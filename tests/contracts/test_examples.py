"""The examples are plug-ins that work: they pass the contract suites, and runs find them by import path."""

import csv
from pathlib import Path
from random import Random

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.registry import samplers
from nasbench.core.spec import Size, Task
from nasbench.testing import (
    TOY_SPACE,
    check_dataset,
    check_evaluator,
    check_model,
    check_objective,
    check_proxy,
    check_pruner,
    check_reward,
    check_sampler,
    check_space,
    check_strategy,
    check_tracker,
)
from nasbench.train.source import DataSource

EXAMPLES = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _examples_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_the_space_of_ones_own() -> None:
    from examples.toy_space import ToySpace

    check_space(ToySpace(), Size(), Task(10, 8, 1))


def test_the_strategy_of_ones_own() -> None:
    from examples.hill_climbing import HillClimbing

    check_strategy(HillClimbing)


def test_the_data_set_of_ones_own() -> None:
    from examples.shapes_dataset import Shapes

    check_dataset(Shapes())


def test_the_tracker_of_ones_own() -> None:
    from examples.csv_tracker import CsvLines

    check_tracker(CsvLines)


def test_the_evaluator_of_ones_own() -> None:
    from examples.activation_patterns import ActivationPatterns

    check_evaluator(ActivationPatterns(DataSource("digits"), "cpu", seed=0))


def test_the_objective_of_ones_own() -> None:
    from examples.small_objective import accurate_and_small

    check_objective(accurate_and_small)
    assert accurate_and_small({"val_accuracy": 0.9, "params": 10**5}) == pytest.approx(0.8)


def test_the_reward_of_ones_own() -> None:
    from examples.quick_learner import quick_learner

    check_reward(quick_learner, weight=0.3)
    curve = [(1, {"val_accuracy": 0.5}), (2, {"val_accuracy": 0.9})]
    assert quick_learner({"val_accuracy": 0.9}, curve) == pytest.approx(0.8)


def test_the_proxy_of_ones_own() -> None:
    from examples.logit_spread import logit_spread

    check_proxy(logit_spread)


def test_the_model_of_ones_own() -> None:
    from examples.small_net import SmallNet

    check_model(SmallNet, Task(10, 8, 1))


def test_the_pruner_of_ones_own() -> None:
    from examples.patience_pruner import Patience

    check_pruner(Patience)
    pruner = Patience()
    assert [pruner.should_stop(1, epoch, score) for epoch, score in enumerate([0.1, 0.3, 0.2, 0.3], start=1)] == [
        False,
        False,
        False,
        True,
    ]


def test_the_sampler_of_ones_own() -> None:
    from examples.neighbours_sampler import Neighbours

    check_sampler(Neighbours)
    sampler = samplers.make("examples.neighbours_sampler:Neighbours", TOY_SPACE, options={"neighbours": 2})
    first, *others = sampler.paths(Random(0))
    assert [sum(a != b for a, b in zip(first.items, each.items, strict=True)) for each in others] == [1, 1]


def test_a_search_by_import_paths_alone(tmp_path: Path) -> None:
    result = nasbench.search(
        space="examples.toy_space:ToySpace",
        strategy="examples.hill_climbing:HillClimbing",
        strategy_options=("start=2",),
        dataset="examples.shapes_dataset:Shapes",
        objectives=("examples.small_objective:accurate_and_small", "macs"),
        pruner="examples.patience_pruner:Patience",
        recipe="quick",
        trials=5,
        wandb="off",
        run=str(tmp_path / "run"),
        trackers=(),
    )
    assert len(result.trials) == 5
    assert result.best is not None
    assert result.best.metrics["val_accuracy"] > 1 / 3, "better than chance over three shapes"
    assert result.best.score == result.best.metrics["accurate_and_small"]
    assert [trial.note.get("blind") for trial in result.trials] == [True, True, None, None, None]


SEARCH = (
    "search --space examples.toy_space:ToySpace --strategy random --dataset digits --trials 2 --wandb off --run run"
)


def test_a_search_without_training_that_a_tracker_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--evaluator examples.activation_patterns:ActivationPatterns --track examples.csv_tracker:CsvLines"
    assert main(f"{SEARCH} {flags} --objectives pattern_score,params".split()) == 0
    lines = list(csv.DictReader((tmp_path / "run" / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert [line["number"] for line in lines] == ["1", "2"]
    assert all(float(line["score"]) > 0 for line in lines)


def test_a_training_of_a_network_by_import_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--dataset digits --recipe quick --epochs 1 --wandb off --run run --track examples.csv_tracker:CsvLines"
    assert main(f"train examples.small_net:SmallNet {flags}".split()) == 0
    lines = list(csv.DictReader((tmp_path / "run" / "curves.csv").read_text(encoding="utf-8").splitlines()))
    assert {line["name"] for line in lines} == {"examples.small_net:SmallNet"}
    assert {"val_accuracy", "train_loss"} <= {line["metric"] for line in lines}


PARTS = """
from torch import nn

class Tracker:
    def __init__(self, colour): ...

class Silent:
    def start(self, run): ...

class Evaluator:
    def __init__(self, datas): ...

class Pruner:
    def __init__(self, threshold): ...

class NoPruner: ...

def two(metrics, more): ...

class Net(nn.Module):
    def __init__(self, classes): ...
"""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--track needs_more:Tracker", "tracker 'needs_more:Tracker' has the required parameter 'colour'"),
        ("--track needs_more:Silent", "is no tracker: Silent lacks trial, finish"),
        (
            "--evaluator needs_more:Evaluator",
            "the required parameter 'datas', for which there is no value. Did you mean",
        ),
        ("--pruner needs_more:Pruner", "pruner 'needs_more:Pruner' has the required parameter 'threshold'"),
        ("--pruner needs_more:NoPruner", "is no pruner: NoPruner lacks should_stop"),
        ("--objectives needs_more:two", "must be a function of one argument"),
    ],
)
def test_a_part_that_cannot_be_used_is_answered_before_any_work(
    flags: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "needs_more.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(f"{SEARCH} --recipe quick {flags}".split()) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "as an option" not in told, "these parts take no options"
    assert not (tmp_path / "run").exists()


def test_a_network_that_needs_more_is_answered_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "needs_more.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["train", "needs_more:Net", "--dataset", "digits", "--recipe", "quick", "--wandb", "off"]) == 2
    message = "the required parameter 'classes', for which there is no value. Did you mean 'num_classes'"
    assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_an_objective_that_reads_a_missing_metric_ends_the_search(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"accurate_and_small.*'val_accuracy'.*pattern_score"):
        nasbench.search(
            space="examples.toy_space:ToySpace",
            strategy="random",
            dataset="digits",
            evaluator="examples.activation_patterns:ActivationPatterns",
            objectives=("examples.small_objective:accurate_and_small", "params"),
            trials=2,
            wandb="off",
            run=str(tmp_path / "run"),
            trackers=(),
        )

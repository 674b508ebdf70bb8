"""The three equal roads for plug-ins, each shown with the examples that come with the project."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zoo
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.registry import (
    PLUGIN_GROUP,
    Registry,
    datasets,
    evaluators,
    models,
    pruners,
    rewards,
    samplers,
    spaces,
    strategies,
)

ROOT = Path(__file__).parents[2]


def test_a_decorator_enters_a_part() -> None:
    registry = Registry("gadget", "--gadget", {})

    @registry.register("mine")
    class Mine:
        """A gadget of mine.

        More on it.
        """

    assert registry.get("mine") is Mine
    assert registry.names() == ["mine"]
    assert registry.describe("mine") == "A gadget of mine."


def test_two_parts_under_one_name_are_an_error() -> None:
    registry = Registry("gadget", "--gadget", {"built_in": ("some.module", "a gadget")})
    registry.register("mine")(dict)
    with pytest.raises(UsageError, match=r"'mine'.*:dict and .*:list. Rename one"):
        registry.register("mine")(list)
    with pytest.raises(UsageError, match=r"'built_in'.*some.module"):
        registry.register("built_in")(dict)


def test_an_unknown_name_names_the_nearest_and_the_road_to_ones_own() -> None:
    registry = Registry("gadget", "--gadget", {"built_in": ("some.module", "a gadget")})
    with pytest.raises(UsageError, match=r"Did you mean 'built_in'(.|\n)*--gadget my_package.my_module:MyGadget"):
        registry.get("builtin")


@pytest.mark.parametrize(
    ("path", "message"), [("no_such_module:X", "cannot import 'no_such_module'"), ("json:lods", "Did you mean 'loads'")]
)
def test_a_wrong_import_path_says_what_is_wrong(path: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Registry("gadget", "--gadget", {}).get(path)


@pytest.mark.parametrize(
    ("registry", "given", "meant"),
    [
        (evaluators, "supernt:runs/one", "supernet:runs/one"),
        (evaluators, "proxi:params", "proxy:params"),
        (datasets, "foldr:images", "folder:images"),
        (models, "zo:resnet20", "zoo:resnet20"),
        (models, "spce:nasnet:nasnet-a", "space:nasnet:nasnet-a"),
    ],
)
def test_a_misspelt_kind_before_a_colon_is_no_module(registry: Registry, given: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{meant}'"):
        registry.get(given)
    with pytest.raises(UsageError, match=r"cannot import 'quite_another'[^?]*$"):
        registry.get("quite_another:thing")


@pytest.mark.parametrize(
    ("registry", "given", "told"),
    [
        (
            strategies,
            "ppo:draws=4:lr=2",
            "Give them apart, where the command takes any: --strategy ppo --strategy-opti",
        ),
        (strategies, "ppo:draws=4:lr=2", "--strategy-options draws=4 lr=2"),
        (spaces, "nas-rl:pools=3,5", "--space nas-rl --space-options pools=3,5"),
        (samplers, "enas:entropy=1", "--sampler enas --sampler-options entropy=1"),
        (rewards, "soft-target:macs=400M", "--reward soft-target --reward-options macs=400M"),
        (pruners, "median:after=3", "No command sets those of a pruner: give --pruner median"),
    ],
)
def test_settings_in_a_name_are_no_import_path(registry: Registry, given: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        registry.get(given)


def test_an_import_path_finds_a_part() -> None:
    assert Registry("gadget", "--gadget", {}).get("json:loads") is json.loads


def _installed(tmp_path: Path, module: str, text: str) -> dict[str, str]:
    """An installed package with an entry point, as an installer lays it out; the environment in which it is found."""
    (tmp_path / f"{module}.py").write_text(text)
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{PLUGIN_GROUP}]\n{module} = {module}\n")
    return {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}


def test_an_installed_package_adds_its_parts(tmp_path: Path) -> None:
    environment = _installed(tmp_path, "nasbench_toys", "import examples.toy_space, examples.hill_climbing\n")
    lists = "from nasbench.cli import main; main(['list', 'spaces']); main(['list', 'strategies'])"
    command = [sys.executable, "-c", lists]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    for name, text in [("toy", "three stages"), ("hill_climbing", "best so far")]:
        line = next(line for line in done.stdout.splitlines() if line.startswith(name + " "))
        assert text in line


ALL_KINDS = """
from dataclasses import replace
from torch.nn import functional
from examples.activation_patterns import ActivationPatterns
from examples.csv_tracker import CsvLines
from examples.patience_pruner import Patience
from examples.small_net import SmallNet
from examples.small_objective import accurate_and_small
from examples.thread_executor import ThreadExecutor
from nasbench.core.registry import evaluators, executors, losses, models, objectives, pruners, recipes, rewards
from nasbench.core.registry import trackers

@executors.register("plugged_threads")
class Threads(ThreadExecutor):
    'Threads of a plug-in.'

@losses.register("plugged_loss")
def plugged_loss(logits, labels):
    'A loss of a plug-in.'
    return functional.cross_entropy(logits, labels)

recipes.register("plugged_recipe")(replace(recipes.get("quick"), name="plugged_recipe", loss="plugged_loss"))

@evaluators.register("plugged_patterns")
class Patterns(ActivationPatterns):
    'Patterns of a plug-in.'

@trackers.register("plugged_lines")
class Lines(CsvLines):
    'Lines of a plug-in.'

@pruners.register("plugged_patience")
class LittlePatience(Patience):
    'Stops at once.'
    def should_stop(self, number, epochs, score):
        return epochs == 2

@models.register("plugged_net")
def plugged_net(num_classes, channels):
    'A network of a plug-in.'
    return SmallNet(num_classes, channels, width=4)

@objectives.register("plugged_objective")
def plugged_objective(metrics):
    'An objective of a plug-in.'
    return accurate_and_small(metrics)

@rewards.register("plugged_reward")
def plugged_reward(metrics, curve, weight=1):
    'A reward of a plug-in.'
    return weight * metrics["pattern_score"]
"""
KINDS = {
    "evaluators": "plugged_patterns",
    "executors": "plugged_threads",
    "losses": "plugged_loss",
    "trackers": "plugged_lines",
    "pruners": "plugged_patience",
    "models": "plugged_net",
    "objectives": "plugged_objective",
    "rewards": "plugged_reward",
}
ON_DIGITS = "--dataset digits --wandb off --run run --track plugged_lines"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One package with a part of every kind that a run takes by name, installed for this process."""
    directory = tmp_path_factory.mktemp("installed")
    _installed(directory, "nasbench_all_kinds", ALL_KINDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        patch.syspath_prepend(str(directory))
        yield directory


def _lines(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_every_kind_are_listed(installed: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind, "--json"]) == 0
    found = {part["name"]: part["description"] for part in json.loads(capsys.readouterr().out)[kind]}
    assert found[KINDS[kind]]


def test_a_search_finds_installed_parts_by_name(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--objectives plugged_objective,macs --pruner plugged_patience --recipe quick --epochs 3 --trials 2"
    assert main(f"search --space nasbench.testing:TOY_SPACE --strategy random {flags} {ON_DIGITS}".split()) == 0
    lines = _lines(tmp_path / "run" / "trials.csv")
    assert [(line["status"], line["epochs"]) for line in lines] == [("pruned", "2")] * 2
    trials = [json.loads(line) for line in (tmp_path / "run" / "trials.jsonl").read_text().splitlines()]
    assert all(trial["score"] == trial["metrics"]["plugged_objective"] for trial in trials)


def test_a_search_finds_an_installed_evaluator_by_name(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--evaluator plugged_patterns --objectives pattern_score,params --trials 2"
    assert main(f"search --space nasbench.testing:TOY_SPACE --strategy random {flags} {ON_DIGITS}".split()) == 0
    assert [line["status"] for line in _lines(tmp_path / "run" / "trials.csv")] == ["ok", "ok"]


def test_a_search_finds_an_installed_reward_by_name(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--evaluator plugged_patterns --reward plugged_reward --reward-options weight=2 --trials 2"
    assert main(f"search --space nasbench.testing:TOY_SPACE --strategy random {flags} {ON_DIGITS}".split()) == 0
    trials = [json.loads(line) for line in (tmp_path / "run" / "trials.jsonl").read_text().splitlines()]
    assert [trial["score"] for trial in trials] == [2 * trial["metrics"]["pattern_score"] for trial in trials]


def test_a_training_finds_an_installed_network_loss_and_executor_by_name(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--recipe plugged_recipe --epochs 1 --executor plugged_threads --workers 1"
    assert main(f"train plugged_net {flags} {ON_DIGITS}".split()) == 0
    assert [line["name"] for line in _lines(tmp_path / "run" / "trials.csv")] == ["plugged_net"]
    plan = json.loads((tmp_path / "run" / "run.json").read_text())["plan"]
    assert plan["recipe"]["loss"] == "plugged_loss"


PLUGGED_IN_NETWORK = """
from torch import nn
from nasbench.core.spec import ModelCard, Task
from zoo import register

@register(ModelCard("pixels_only", "toys", "none", 2026, Task(10, 4, 1), params=170, macs=160))
def pixels_only(task):
    return nn.Sequential(nn.Flatten(), nn.Linear(task.channels * task.image_size**2, task.num_classes))
"""


def test_an_installed_package_adds_networks_to_the_zoo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zoo.registry._entries", zoo.entries())  # a copy: other tests do not meet the network
    _installed(tmp_path, "nasbench_networks", PLUGGED_IN_NETWORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["profile", "zoo:pixels_only", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["params"] == 170


def test_a_plug_in_that_fails_to_load_is_named(tmp_path: Path) -> None:
    environment = _installed(tmp_path, "nasbench_broken", "import no_such_module\n")
    command = [sys.executable, "-m", "nasbench", "list", "spaces"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "plug-in 'nasbench_broken'" in done.stderr
    assert "Traceback" not in done.stderr

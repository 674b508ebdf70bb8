"""Transfer as taught: the rule, what it measures, and the three ways side by side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import nasbench
import zoo
from nasbench.blank import blank
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.recipe import recipe_named
from nasbench.core.store import RunStore
from nasbench.engine.training.advice import Advice, Measured, advised
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.train.checkpoint import save_weights
from nasbench.train.datasets import resolve_dataset
from nasbench.train.freezing import stages_of
from nasbench.train.likeness import Neighbours, neighbours
from nasbench.train.top import stages_below_top
from nasbench.train.training import Training
from unit.exported import exported

ALIKE = Neighbours(0.9, {"low": 0.5, "high": 0.85}, pixels=0.3, chance=0.1, compared=2000, asked=1000)
FREEZES: Any = {"probe": "all-but-head", "top": "stages:7", "everything": "none"}
RECIPE = recipe_named("quick")
DIGITS = ["--dataset", "digits", "--recipe", "quick", "--device", "cpu", "--wandb", "off"]


def said(images: int, near: Neighbours, freezes: Any = FREEZES) -> Advice:
    return advised(Measured(images, 10, near, 90, 100), freezes, RECIPE, ("RUN",))


@pytest.mark.parametrize(
    ("images", "near", "way", "freeze", "stage"),
    [
        (999, ALIKE, "probe", "all-but-head", None),
        (1000, ALIKE, "top", "stages:7", None),
        (999, replace(ALIKE, top=0.5), "probe", "all-but-head", "high"),
        (1000, replace(ALIKE, top=0.5), "everything", "none", None),
        (1000, replace(ALIKE, top=0.54, earlier={}), "everything", "none", None),  # half of chance's rest
        (1000, replace(ALIKE, top=0.56, earlier={}), "top", "stages:7", None),
        (999, replace(ALIKE, top=0.3, earlier={"low": 0.2}, pixels=0.9), "probe", "all-but-head", None),
    ],
)
def test_the_rule(images: int, near: Neighbours, way: str, freeze: str, stage: str | None) -> None:
    advice = said(images, near)
    assert (advice.way, advice.freeze, advice.stage) == (way, freeze, stage)
    assert advice.shown_by == (() if stage is None else ("RUN",))
    assert advice.lr == RECIPE.lr_peak
    assert advice.lr_carried == (None if way == "probe" else pytest.approx(RECIPE.lr_peak / 10))
    assert advice.why[0] == "the weights give 90 of the network's 100 parameters"
    assert f"{images:,} images for 10 classes" in advice.why[1]
    assert f"{100 * near.top:.1f} % of 1,000 validation images" in advice.why[2]
    assert advice.why[-1].startswith("the rule: " + ("many" if images == 1000 else "few"))


def test_an_earlier_stage_is_better_only_beyond_chance() -> None:
    near = replace(ALIKE, top=0.8, earlier={"low": 0.83}, pixels=0.99)
    surer = replace(near, asked=10_000)
    assert (near.best_stage, said(1000, near).way, said(1000, surer).way) == ("low", "top", "everything")
    assert "an earlier stage does better: low, 83.0 %" in said(999, surer).why
    assert "an earlier stage does better: low, 83.0 %" not in said(999, near).why
    assert "the images themselves do better than the features: 99.0 %" in said(999, near).why
    assert "all" in said(1000, ALIKE, {"probe": "all-but-head", "everything": "none"}).why[-1]


def test_the_top_lies_behind_the_last_but_one_size_of_map() -> None:
    with blank():
        small, resnet = torch.zeros(1, 3, 32, 32), zoo.create("resnet20", 10, 32).eval()
        assert stages_of(resnet)[stages_below_top(resnet, small) :] == ["units.6", "units.7", "units.8"]
        alike = nn.Sequential(nn.Flatten(), *(nn.Linear(3072, 3072) for _ in range(9)))
        assert stages_below_top(alike, small) == 6, "one size throughout: the last quarter of eight parts"
        assert stages_below_top(nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)), small) is None


def test_neighbours_are_looked_for_at_the_heads_input() -> None:
    data, cpu = resolve_dataset("digits").load(None, None, False), torch.device("cpu")
    near = neighbours(nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 10)), data, cpu)
    assert 0.9 < near.pixels > near.top > near.chance
    assert near.beyond_chance(near.pixels)
    assert (near.compared, near.asked) == (len(data.train), len(data.val))
    same = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    alike = neighbours(same, data, cpu)
    assert (alike.earlier, alike.top) == ({}, alike.pixels)
    forgotten = nn.ModuleDict({"used": same, "last": nn.Linear(2, 2)})
    forgotten.forward = same.forward  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="last, the last linear layer of the network, is no part"):
        neighbours(forgotten, data, cpu)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("weights"), "lenet5")


def test_advice_says_what_was_measured_and_the_command(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(weights / "weights.safetensors")
    asked = ["transfer", "lenet5", "--weights", file, *DIGITS, "--advise"]
    assert main(asked) == 0
    printed = capsys.readouterr().out
    assert main([*asked, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    near = record["measured"]
    assert (near["images"], near["classes"], near["compared"], near["asked"]) == (1200, 10, 1200, 300)
    assert near["carried"] == near["params"] > 10_000
    assert all(reason in printed for reason in record["why"])
    assert (record["way"], record["freeze"]) == (("top", record["freeze"]) if near["alike"] else ("everything", "none"))
    assert f"nasbench transfer lenet5 --weights {file} {' '.join(DIGITS)}" in printed
    assert not list(weights.glob("runs*"))


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--advise"], "--advise is about weights to start from"),
        (["--auto", "--seeds", "2"], "--auto is about weights to start from"),
        (["--weights", "w", "--auto"], "give --seeds 2 or more"),
        (["--weights", "w", "--advise", "--freeze", "stages:2"], "leave out --freeze stages:2"),
        (["--weights", "w", "--advise", "--val-split", "0"], "leave out --val-split 0"),
        (["--weights", "w", "--advise", "--auto", "--seeds", "2", "--run", "r"], "leave out --auto and --run"),
        (["--weights", "w", "--advise", "--dry-run", "--workers", "2"], "leave out --dry-run and --workers"),
    ],
)
def test_what_leaves_nothing_to_advise_is_refused(
    flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["transfer", "lenet5", *DIGITS, *flags]) == 2
    assert told in capsys.readouterr().err


def test_a_network_without_a_head_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_weights(tmp_path / "nin.safetensors", zoo.create("nin", 10, 32))
    with pytest.raises(UsageError, match="no linear classifier at its end"):
        nasbench.transfer("nin", weights="nin.safetensors", dataset="digits", image_size=32, advise=True, device="cpu")


@pytest.mark.parametrize(
    ("flags", "frozen"),
    [
        (["--auto", "--seeds", "2"], {"probe": "all-but-head", "top": "stages:", "everything": "none"}),
        (["--freeze", "all-but-head"], {"lenet5": "all-but-head"}),
        ([], {"lenet5": "none"}),
    ],
)
def test_a_dry_run_times_what_would_be_trained(
    flags: list[str],
    frozen: dict[str, str],
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun: list[str] = []

    class Noted(Training):
        @classmethod
        def start(cls, *given: Any, **named: Any) -> Training:
            begun.append(given[3].what)
            return Training.start(*given, **named)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nasbench.evaluators.timing.Training", Noted)
    file = str(weights / "weights.safetensors")
    assert main(["transfer", "lenet5", "--weights", file, *DIGITS, *flags, "--epochs", "1", "--dry-run", "--json"]) == 0
    names = [each["model"] for each in json.loads(capsys.readouterr().out)["models"]]
    assert names == list(frozen)
    assert all(now.startswith(frozen[name]) for name, now in zip(names, begun[1:], strict=True)), begun
    assert list(tmp_path.iterdir()) == []


def test_the_stages_are_looked_for_once(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def below(*given: Any) -> int | None:
        looked.append(1)
        return stages_below_top(*given)

    def enough(*_: object) -> None:
        raise UsageError("enough")

    monkeypatch.setattr("nasbench.engine.training.ways.stages_below_top", below)
    monkeypatch.setattr("nasbench.engine.training.transfer.run_trainings", enough)
    monkeypatch.chdir(tmp_path)
    file = str(weights / "weights.safetensors")
    assert main(["transfer", "lenet5", "--weights", file, *DIGITS, "--auto", "--seeds", "2", "--epochs", "1"]) == 2
    assert len(looked) == 1


@pytest.mark.slow
def test_the_three_ways_go_on_where_they_were_interrupted(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = str(weights / "weights.safetensors")
    asked = ["transfer", "lenet5", "--weights", file, *DIGITS, "--auto", "--epochs", "1", "--seeds", "2", "--json"]
    assert main([*asked, "--run", "whole", "--trained-dir", "whole/trained"]) == 0
    whole = json.loads(capsys.readouterr().out)
    train, calls = TrainingEvaluator.train, iter(range(9))

    def interrupted(self: TrainingEvaluator, *arguments: Any) -> None:
        if next(calls) == 4:
            raise UsageError("the power went")
        train(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingEvaluator, "train", interrupted)
        assert main([*asked, "--run", "parts", "--trained-dir", "parts/trained"]) != 0
    assert len(RunStore.read(Path("parts")).trials) == 4
    capsys.readouterr()
    assert main(["transfer", "--run", "parts", "--resume", "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)
    volatile = {"run": "", "seconds": 0}
    assert {**parts, **volatile} == {**whole, **volatile}
    assert [way["way"] for way in whole["ways"]] == ["probe", "top", "everything"]
    assert [way["learn"] for way in whole["ways"]] == sorted(way["learn"] for way in whole["ways"])
    assert whole["ways"][0]["learn"] == 84 * 10 + 10
    best = max(whole["ways"], key=lambda way: way["val_accuracy"])
    assert whole["best"] == best["way"]
    assert "No winner is named with fewer than 5 seeds." in whole["verdict"]
    low, high = best["test_accuracy_interval"]
    assert low <= best["test_accuracy"] <= high
    run, page = RunStore.read(Path("whole")), Path("whole/report.html").read_text()
    assert len({trial.key for trial in run.trials}) == 3, "a way is not answered by another's training"
    assert "Ways of transfer" in page
    assert all(way["freeze"] in page for way in whole["ways"])
    assert Path("whole/best/weights.safetensors").exists()

"""`nasbench search --weight-sharing`: one command trains the shared weights, searches with them, trains the best."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from unit.supernet_runs import RECIPE

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.core.registry import spaces
from nasbench.core.store import RunStore
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import SearchConfig
from nasbench.engine.search.weight_sharing import supernet_directory
from nasbench.strategies.controller.lstm import LstmPolicy
from nasbench.strategies.controller.policy import Softmax
from nasbench.train.checkpoint import put_weights

FLAGS = {
    "space": "nasbench201",
    "weight_sharing": "uniform",
    "supernet_recipe": RECIPE,
    "dataset": "digits",
    "recipe": RECIPE,
    "cells": 1,
    "filters": 4,
    "device": "cpu",
    "wandb": "off",
}


def flags(**given: object) -> list[str]:
    words = [(f"--{name.replace('_', '-')}", str(value)) for name, value in {**FLAGS, **given}.items()]
    return [word for pair in words for word in pair]


def test_one_command_trains_shares_searches_and_trains_the_best(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert main(["search", *flags(run=run, trials=6, retrain_top=1, check=2)]) == 0
    store, supernet = RunStore.read(run), RunStore.read(supernet_directory(run))
    assert supernet.run["ended"]
    assert supernet.run["plan"]["sampler"] == "uniform"
    assert len(supernet.trials) == 1, "the search checks the scores; the training of the supernet does not"
    assert supernet.run["plan"]["size"] == store.run["plan"]["size"]
    assert store.run["config"]["evaluator"] == f"supernet:{supernet_directory(run)}"
    inherited = [trial for trial in store.trials if "inherited_loss" in trial.metrics]
    assert [trial.score for trial in inherited] == [-trial.metrics["inherited_loss"] for trial in inherited]
    assert len(inherited) == 6
    best = json.loads((run / "best" / "metrics.json").read_text())
    assert best["score"] == max(trial.score or 0.0 for trial in store.trials if trial.epochs) == best["val_accuracy"]
    assert (run / "best" / "weights.safetensors").exists()
    before = (run / "trials.jsonl").read_text()
    assert main(["search", "--run", str(run), "--resume", "--trials", "7", "--wandb", "off"]) == 0
    assert (run / "trials.jsonl").read_text().startswith(before)


def test_its_defaults_are_those_of_a_cheap_search_and_flags_win() -> None:
    from nasbench.api.configured import configured

    shared = configured(SearchConfig, {"weight_sharing": "fair", "space": "nasbench201"})
    assert (shared.trials, shared.retrain_top, shared.ranking.check) == (500, 5, 8)
    plain = configured(SearchConfig, {"space": "nasbench201"})
    assert (plain.trials, plain.retrain_top, plain.ranking.check) == (100, 0, 0)
    mine = configured(SearchConfig, {"weight_sharing": "fair", "space": "nasbench201", "trials": 9, "check": 0})
    assert (mine.trials, mine.retrain_top, mine.ranking.check) == (9, 5, 0)
    assert isinstance(shared, SearchConfig)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"space": "nas-rl"}, r"space 'nas-rl' has no supernet. These have one: "),
        ({"weight_sharing": "unifrom"}, r"no sampler named 'unifrom'. Did you mean 'uniform'"),
        ({"weight_sharing": "sandwich"}, r"sampler 'sandwich' needs decisions whose options are numbers"),
        ({"evaluator": "proxy:params"}, r"--weight-sharing uniform trains the weights that score; got --evaluator"),
        ({"epochs": 3}, r"--epochs means nothing to a score without training; got --weight-sharing uniform"),
        (
            {"space_options": "operations=('none','skip_connect')"},
            r"leave --layers, --space-options, --grow-layers and --grow-every out",
        ),
        ({"sampler_options": "num_paths=0"}, r"'num_paths' of the sampler 'uniform' must be from 1"),
        ({"filters": 0}, r"--filters takes a whole number from 1 on; got 0"),
    ],
)
def test_what_it_refuses(
    given: dict[str, object], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    assert main(["search", *flags(**{**given, "run": tmp_path / "run"})]) == 2
    assert re.search(says, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


TINY_TURNS = ("steps=1", "samples=2", "hidden_units=4", "reward_images=32")


@pytest.mark.slow
def test_the_published_preset_of_enas_and_the_controller_that_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = flags(run=run, space="enas-micro", weight_sharing="enas", preset="paper", trials=4, check=0)
    assert main(["search", *words, "--retrain-top", "0", "--sampler-options", *TINY_TURNS]) == 0
    said = capsys.readouterr().err
    line = next(each for each in said.splitlines() if "--preset paper stands for" in each)
    assert line == (
        "nasbench: --preset paper stands for --strategy enas --sampler-options lr=0.0035 tanh_constant=1.1 "
        "entropy_weight=0.0001 baseline_decay=0.99 beta1=0.0 epsilon=0.001 temperature=1.0"
    ), "explicit flags are left out: the recipes, the size and four of the sampler's options"
    assert said.index(line) < said.index("supernet of enas-micro"), "it is said before the training"
    assert "the controller that drew the supernet's paths goes on in the search" in said
    store, supernet = RunStore.read(run), RunStore.read(supernet_directory(run))
    asked = {"lr": 0.0035, "tanh_constant": 1.1, "entropy_weight": 1e-4, "baseline_decay": 0.99, "beta1": 0.0}
    asked |= {"epsilon": 1e-3, "temperature": 1.0, "steps": 1, "samples": 2, "hidden_units": 4, "reward_images": 32}
    assert supernet.run["plan"]["sampler_options"] == asked
    assert (store.run["config"]["strategy"], store.run["config"]["preset"]) == ("enas", "paper")
    drawn = [trial for trial in store.trials if "log_prob" in trial.note]
    assert drawn
    assert not any(trial.note["blind"] for trial in drawn), "a trained controller draws no control"
    controller = SupernetRun.read(str(supernet_directory(run))).controller
    policy = LstmPolicy(spaces.make("enas-micro").choices, 0, 4, Softmax(1.1))
    put_weights(policy, controller)
    policy.refresh()
    indices = policy.indices(drawn[0].proposed)
    assert policy.log_prob_and_entropy([indices])[0].item() == pytest.approx(drawn[0].note["log_prob"])


def test_settings_of_shared_weights_are_for_weight_sharing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--dataset", "digits", "--trials", "1", "--supernet-epochs", "3"]) == 2
    assert "--supernet-epochs is for a search with --weight-sharing" in capsys.readouterr().err
    with pytest.raises(UsageError, match="--dry-run cannot tell how long shared weights take"):
        nasbench.dry_run(space="nasbench201", dataset="digits", weight_sharing="fair")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_one_goes_on_with_the_same_command(how: signal.Signals, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = flags(run=run, trials=4, retrain_top=1, check=0, supernet_epochs=60)
    command = [sys.executable, "-m", "nasbench", "search", *words]
    begun = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    curves = supernet_directory(run) / "curves.jsonl"
    while not curves.exists() or curves.read_text().count("\n") < 2:
        assert begun.poll() is None
        time.sleep(0.05)
    begun.send_signal(how)
    _, told = begun.communicate(timeout=60)
    if how == signal.SIGINT:
        assert f"--weight-sharing uniform --supernet-recipe {RECIPE}" in told.splitlines()[-1]
    assert not (run / "run.json").exists()
    assert main(["search", *words]) == 0
    lines = [json.loads(line)["epoch"] for line in curves.read_text().splitlines()]
    assert lines == list(range(1, 61))
    assert RunStore.read(run).run["ended"]

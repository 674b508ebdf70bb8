"""Samplers of Optuna as strategies, and strategies as samplers of Optuna."""

from pathlib import Path

import optuna
import pytest

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.registry import strategies
from nasbench.engine.config import RaceConfig, SearchConfig
from nasbench.engine.config.trust import import_paths
from nasbench.strategies.libraries.as_optuna import StrategySampler
from nasbench.testing.strategies import check_strategy

TOY = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:MadeUp", "control": 0, "trackers": ()}


@pytest.mark.parametrize("name", ["RandomSampler", "TPESampler", "NSGAIIISampler", "QMCSampler"])
def test_a_sampler_is_a_strategy_by_the_contract(name: str) -> None:
    check_strategy(strategies.get(f"optuna:{name}"))


def test_its_arguments_are_options(tmp_path: Path) -> None:
    asked = {"strategy": "optuna:TPESampler", "strategy_options": {"n_startup_trials": 5, "multivariate": True}}
    found = nasbench.search(**TOY, **asked, trials=12, run=tmp_path / "run")
    assert [bool(trial.note["blind"]) for trial in found.trials] == [True] * 5 + [False] * 7
    assert len(nasbench.search(run=tmp_path / "run", resume=True, trials=15, trackers=()).trials) == 15


@pytest.mark.parametrize(
    ("strategy", "options", "told"),
    [
        ("optuna:TPE", {}, "no sampler of Optuna named 'TPE'. Known: BruteForceSampler"),
        ("optuna:", {}, "no sampler of Optuna named ''"),
        ("optuna:samplers", {}, "no sampler of Optuna"),
        ("optuna:TPESampler", {"startup": 3}, "no argument of Optuna's TPESampler named 'startup'"),
        ("optuna:GridSampler", {}, "Optuna's GridSampler cannot be made with no options"),
    ],
)
def test_what_is_no_sampler_is_refused(strategy: str, options: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told):
        nasbench.search(**TOY, strategy=strategy, strategy_options=options, trials=2, run=tmp_path / "run")


def test_it_is_no_import_path_that_a_run_must_be_trusted_for() -> None:
    config = SearchConfig.of(strategy="optuna:RandomSampler")
    assert import_paths(config, config.flat()) == []
    assert import_paths(RaceConfig(), {"strategies": ["random,optuna:QMCSampler,optuna:TPESampler:seed=1"]}) == []


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_categorical("x", ["a", "b", "c", "d"])
    y = trial.suggest_categorical("y", [1, 2, 3, 4])
    z = trial.suggest_float("z", 0.0, 1.0)
    return {"a": 0.0, "b": 1.0, "c": 2.0, "d": 5.0}[x] * 10 + y + z


@pytest.mark.parametrize("strategy", ["random", "evolution", "predictor", "tpe"])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_strategy_is_a_sampler(strategy: str, direction: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {"x": ["a", "b", "c", "d"], "y": [1, 2, 3, 4]}
    study = optuna.create_study(direction=direction, sampler=StrategySampler(strategy, space, seed=1))
    study.optimize(objective, n_trials=16)
    assert len({(trial.params["x"], trial.params["y"]) for trial in study.trials}) >= 8
    assert study.best_params["x"] == ("d" if direction == "maximize" else "a")


def test_a_sampler_of_a_controller_reads_what_it_proposed() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {"x": ["a", "b", "c", "d"], "y": [1, 2, 3, 4]}
    sampler = StrategySampler("ppo", space, seed=1)
    optuna.create_study(direction="maximize", sampler=sampler).optimize(objective, n_trials=16)
    assert sampler._strategy.updates > 0


def test_a_study_of_several_values_is_refused() -> None:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=StrategySampler("random", {"x": [1, 2]}))
    with pytest.raises(UsageError, match="one value"):
        study.ask().suggest_categorical("x", [1, 2])
    with pytest.raises(UsageError, match=r"\(low, high\)"):
        StrategySampler("random", {"x": (1, 2, 3)})

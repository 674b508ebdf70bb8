"""A run as an Optuna study: values, parameters and plots are those of the run."""

from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.objectives import pareto_front, parse_objectives

TABLE = {"space": "nasbench201", "evaluator": "table:nasbench201-cifar10", "control": 0, "trackers": ()}


def test_values_parameters_and_plots_are_those_of_the_run(tmp_path: Path) -> None:
    found = nasbench.search(**TABLE, strategy="evolution", trials=40, run=tmp_path / "run")
    study = nasbench.to_optuna(tmp_path / "run")
    assert study.best_value == found.best.score
    assert study.best_params == dict(found.best.genes)
    assert study.best_trial.user_attrs["number"] == found.best.number
    assert [trial.value for trial in study.trials] == [trial.score for trial in found.trials]
    assert [trial.params for trial in study.trials] == [dict(trial.genes) for trial in found.trials]
    lasted = [trial.duration.total_seconds() for trial in study.trials]
    assert lasted == pytest.approx([trial.seconds for trial in found.trials], abs=1e-6)
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        axes = optuna.visualization.matplotlib.plot_optimization_history(study)
    assert axes.collections[0].get_offsets()[:, 1].tolist() == [trial.score for trial in found.trials]
    assert max(axes.lines[0].get_ydata()) == found.best.score


def test_objectives_are_several_values_with_their_directions(tmp_path: Path) -> None:
    options = {"strategy": "nsga2", "objectives": "+val_accuracy_12,-params"}
    found = nasbench.search(**TABLE, **options, trials=30, run=tmp_path / "run")
    study = nasbench.to_optuna(tmp_path / "run", study_name="mine")
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    front = pareto_front(found.trials, parse_objectives(("+val_accuracy_12,-params",)))
    assert {trial.user_attrs["key"] for trial in study.best_trials} == {trial.key for trial in front}


def test_it_lies_in_a_storage_that_the_dashboard_opens(tmp_path: Path) -> None:
    nasbench.search(**TABLE, strategy="random", trials=5, run=tmp_path / "run")
    storage = f"sqlite:///{tmp_path / 'runs.db'}"
    nasbench.to_optuna(tmp_path / "run", storage=storage)
    assert len(optuna.load_study(study_name="run", storage=storage).trials) == 5


def test_failed_and_pruned_trials_keep_their_state(tmp_path: Path) -> None:
    toy = {"space": "nasbench.testing.toy:ToySpace", "evaluator": "unit.made_up:Sometimes", "trackers": ()}
    found = nasbench.search(**toy, strategy="random", trials=8, control=0, run=tmp_path / "run")
    states = [trial.state for trial in nasbench.to_optuna(tmp_path / "run").trials]
    assert states == [TrialState.FAIL if each.status == "failed" else TrialState.COMPLETE for each in found.trials]
    assert TrialState.FAIL in states


def test_what_is_no_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        nasbench.to_optuna(tmp_path)

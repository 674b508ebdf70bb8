"""Evaluators in the form of version 0.1.0 still work: evaluator(proposal, spec, seed, report)."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest

import nasbench
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Depends, Measures, Metrics, Report
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.trial import Proposal
from nasbench.evaluators.four_arguments import with_job
from nasbench.testing import TOY_SPACE, additive_score, check_evaluator


class Older:
    """Scores an architecture without training it, and notes what it was handed."""

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:
        assert spec.architecture == proposal.architecture
        score = additive_score(proposal.architecture)
        report(1, {"val_accuracy": score / 2})
        return {"val_accuracy": score, "number": proposal.number, "seed": seed, "pixels": spec.task.image_size}

    def check(self) -> None: ...

    def task(self) -> Task:
        return Task(10, 8, 1)


class OtherNames(Older):
    """The names of the parameters do not matter."""

    def __call__(self, asked: Proposal, model: ModelSpec, random_seed: int, tell: Report, times: int = 1) -> Metrics:
        return {**super().__call__(asked, model, random_seed, tell), "times": times}


class SaysWhat(Older):
    def metrics(self) -> Sequence[str]:
        return ("val_accuracy", "number")


def weighed(metrics: Metrics) -> float:
    return float(metrics["val_accuracy"]) + float(metrics["number"])


SEARCH = {"space": "nasbench.testing:TOY_SPACE", "strategy": "random", "trials": 3, "seed": 7, "wandb": "off"}


@pytest.mark.parametrize("evaluator", [Older, OtherNames, SaysWhat])
def test_a_search_runs_with_an_evaluator_of_the_older_form(evaluator: type[Older], tmp_path: Path) -> None:
    check_evaluator(evaluator(), TOY_SPACE)
    result = nasbench.search(**SEARCH, evaluator=evaluator, run=str(tmp_path / "run"), trackers=())
    assert [trial.status for trial in result.trials] == ["ok"] * 3
    assert [trial.metrics["number"] for trial in result.trials] == [1, 2, 3]
    assert {(trial.metrics["seed"], trial.metrics["pixels"]) for trial in result.trials} == {(7, 8)}
    assert all(trial.score == additive_score(trial.proposed) for trial in result.trials)


@pytest.mark.parametrize("evaluator", [Older, SaysWhat])
def test_an_objective_of_ones_own_goes_with_it(evaluator: type[Older], tmp_path: Path) -> None:
    objectives = (f"{__name__}:weighed", "-number")
    result = nasbench.search(
        **SEARCH, evaluator=evaluator, objectives=objectives, run=str(tmp_path / "run"), trackers=()
    )
    assert all(trial.score == weighed(trial.metrics) for trial in result.trials)


def test_a_wrong_metric_is_answered_where_it_says_what_it_returns(tmp_path: Path) -> None:
    assert not isinstance(with_job(Older()), Measures)
    assert isinstance(with_job(SaysWhat()), Measures)
    assert isinstance(with_job(Older()), Depends)
    with pytest.raises(UsageError, match="no metric of the evaluator named 'macs'"):
        nasbench.search(
            **SEARCH,
            evaluator=SaysWhat,
            objectives=("val_accuracy", "macs"),
            run=str(tmp_path / "run"),
            trackers=(),
        )


def test_it_goes_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(with_job(Older())))
    assert copy.task() == Task(10, 8, 1)

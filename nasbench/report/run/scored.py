"""What the score of a run is called, what it is made of, and which accuracy stands behind it."""

from collections.abc import Mapping
from typing import Any

from nasbench.core.objectives import Objective, parse_objectives
from nasbench.core.reward import Target, targets_of
from nasbench.core.trial import Trial
from nasbench.report.common.numbers import score
from nasbench.report.common.page import mapping

IN_WORDS = {"val_accuracy": "validation accuracy"}


def objectives_of(run: Mapping[str, Any]) -> tuple[Objective, ...]:
    """Those of the run; where one score is made of accuracy and costs with targets, these."""
    given = mapping(run.get("config")).get("objectives")
    if given and isinstance(given, list | tuple):
        return parse_objectives(given)
    costs = tuple(Objective(target.metric, False) for target in targets(run))
    return (Objective(_metric(run), True), *costs) if costs else ()


def targets(run: Mapping[str, Any]) -> tuple[Target, ...]:
    """The targets of a score that is accuracy x (cost/T)^w."""
    return targets_of(mapping(run.get("plan")))


def reward_said(run: Mapping[str, Any]) -> str:
    """The reward of the run, with what it is in words; '' where the score is the evaluator's own."""
    told = mapping(mapping(run.get("plan")).get("reward"))
    name, said = str(told.get("name", "")), str(told.get("said", ""))
    return f"{name}: {said}" if said not in ("", name) else name


def score_name(run: Mapping[str, Any]) -> str:
    """The name of the score on an axis."""
    config, plan = mapping(run.get("config")), mapping(run.get("plan"))
    if reward := mapping(plan.get("reward")):
        return f"reward {reward.get('name')}"
    if config.get("target_macs"):
        return "score"
    if name := plan.get("score_name"):
        return str(name)
    objectives = objectives_of(run)
    if objectives and not objectives[0].maximise:
        return f"minus {objectives[0].metric}"
    return in_words(str(config.get("score_column") or "score"))


def beside(run: Mapping[str, Any]) -> str | None:
    """The metric that a table shows beside the score: the accuracy of a score that is made of more."""
    made = mapping(mapping(run.get("plan")).get("reward")) or targets(run)
    return _metric(run) if made else None


def in_words(metric: str) -> str:
    return IN_WORDS.get(metric, metric)


def value_of(trial: Trial, metric: str) -> str:
    """A metric of a trial as a score is written; a dash where it has none."""
    value = trial.metrics.get(metric)
    return score(float(value)) if isinstance(value, int | float) else score(None)


def _metric(run: Mapping[str, Any]) -> str:
    """The evaluator's own score."""
    reward = mapping(mapping(run.get("plan")).get("reward"))
    return str(reward.get("metric") or mapping(run.get("config")).get("score_column") or "val_accuracy")

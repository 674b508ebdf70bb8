"""Cheap scores as one evaluator: each job says which score is asked of its network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench.core.answers import check_ready
from nasbench.core.errors import TrialFailed
from nasbench.core.identity import digest
from nasbench.core.job import Job
from nasbench.core.objectives import number_of
from nasbench.core.protocols import Depends, Evaluator, Metrics, Report
from nasbench.core.proxy import metric_of, ranked_parts
from nasbench.core.recipe import recipe_named
from nasbench.core.registry import evaluators
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import Data, FidelityConfig
from nasbench.engine.config.cheap import check_space, data_of_supernet
from nasbench.engine.config.fidelity import CheapScore
from nasbench.engine.fidelity.truth import Known, Truth
from nasbench.evaluators.four_arguments import with_job

SCORE = "score"
"""The metric that holds a score's value, and the entry of a job's note that holds its label."""


@dataclass(frozen=True)
class Scorer:
    """A score with its evaluator, and the metric that is its value; None where parts are ranked in a population.

    `sign` is -1 where less of the metric is better.
    """

    score: CheapScore
    evaluator: Evaluator
    metric: str | None
    parts: tuple[str, ...] = ()
    sign: int = 1


@dataclass(frozen=True)
class Scorers:
    """An evaluator that asks the score that the job's note names."""

    scorers: tuple[Scorer, ...]
    networks_of: Task

    def __call__(self, job: Job, report: Report) -> Metrics:
        """What the score's evaluator returns, and its value as `score`, where one network has one."""
        scorer = next(each for each in self.scorers if each.score.label == job.note[SCORE])
        metrics = scorer.evaluator(job, report)
        if scorer.metric is None:
            return metrics
        try:
            return {**metrics, SCORE: scorer.sign * number_of(metrics, scorer.metric)}
        except (KeyError, TypeError, ValueError) as error:
            raise TrialFailed(
                f"{scorer.score.label} has no number as {scorer.metric!r} ({error}); it returned {sorted(metrics)}"
            ) from error

    def check(self) -> None:
        for scorer in self.scorers:
            check_ready(scorer.evaluator)

    def task(self) -> Task:
        return self.networks_of

    def identity(self) -> Mapping[str, Any]:
        """What each score depends on."""
        return {
            each.score.label: dict(each.evaluator.identity())
            for each in self.scorers
            if isinstance(each.evaluator, Depends)
        }


def make_scorers(config: FidelityConfig, scores: Sequence[CheapScore], truth: Truth) -> Scorers:
    """Makes the evaluators of all scores. Nothing is read yet."""
    offered = {
        **truth.data.flat(),
        "data": truth.data.source,
        "space": truth.space,
        "recipe": recipe_named(config.recipe, None),
        "seed": config.seed,
        "device": config.workers.device,
        "checkpoint_dir": None,
    }
    return Scorers(
        tuple(
            _inherited(score, config, truth) if score.kind == "supernet" else _scorer(score, config, offered)
            for score in scores
        ),
        truth.task,
    )


def _scorer(score: CheapScore, config: FidelityConfig, offered: Mapping[str, Any]) -> Scorer:
    if score.kind == "epochs":
        return Scorer(score, evaluators.make("train", offered=offered), "val_accuracy")
    if score.kind == "proxy":
        parts = ranked_parts(score.argument)
        given = {**offered, "proxy": score.argument, "undefined_ranks_last": True}
        return Scorer(
            score, evaluators.make("proxy", offered=given), None if parts else metric_of(score.argument), parts
        )
    if score.kind == "table":
        from nasbench.evaluators.known_tables import card_of
        from nasbench.evaluators.table import SCORE as PLAIN

        column = config.score_column
        column = (card_of(score.argument).score_column or column) if column == PLAIN else column
        given = {**offered, "file": score.argument, "score_column": column}
        return Scorer(score, evaluators.make("table", offered=given), column)
    return Scorer(score, with_job(evaluators.make(score.argument, offered=offered)), config.score_column)


def _inherited(score: CheapScore, config: FidelityConfig, truth: Truth) -> Scorer:
    """Inherited weights, at the supernet's own size and on its own data set. UsageError for one of another space, and
    where another data set is named.
    """
    supernet, how = SupernetRun.read(score.argument), config.inherited
    check_space(supernet, truth.source.removeprefix("space:"))
    data = data_of_supernet(supernet, Data(config.data.dataset, config.data.data_dir, config.data.download))
    offered = {"supernet": supernet, "data": data.source, "device": config.workers.device, **how.flat()}
    made = evaluators.make("supernet", offered=offered)
    return Scorer(score, made, how.metric, sign=-1 if how.score_by == "loss" else 1)


def jobs_of(known: Sequence[Known], scores: Sequence[CheapScore], truth: Truth, seed: int) -> list[Job]:
    """All scores of the first architecture, then of the next: numbered from 1, so that a larger sample goes on."""
    jobs: list[Job] = []
    for each in known:
        for score in scores:
            jobs.append(
                Job(
                    number=len(jobs) + 1,
                    seed=seed,
                    epochs=score.epochs,
                    key=digest({"score": score.label, "network": each.key}),
                    model=ModelSpec(truth.source, truth.size, truth.task, architecture=each.architecture),
                    architecture=each.architecture,
                    data=truth.data.dataset,
                    note={SCORE: score.label, "truth": each.value},
                )
            )
    return jobs

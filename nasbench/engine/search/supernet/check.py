"""The ranking check of a supernet: random architectures are scored with the weights that they inherit. Some of them,
over the whole range of scores, are then trained by themselves; or all are held against a table.

They are jobs of the supernet's own run, after its training, so that they resume and fail one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench.core.arch import Architecture
from nasbench.core.count_text import quantity
from nasbench.core.errors import RunFailed
from nasbench.core.identity import settings
from nasbench.core.job import Job
from nasbench.core.loop import Executor
from nasbench.core.objectives import Objective
from nasbench.core.protocols import SearchSpace
from nasbench.core.recipe import recipe_named
from nasbench.core.retraining import checks
from nasbench.core.reward import score_of
from nasbench.core.seeds import derive
from nasbench.core.shown import sentence
from nasbench.core.source import JobList, Plan
from nasbench.core.spec import ModelSpec
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import SupernetConfig
from nasbench.engine.config.supernet import SupernetCheck
from nasbench.engine.parts.scoring import TRAINED_SCORE, After
from nasbench.engine.run.resume import rounds
from nasbench.engine.run.run import Run
from nasbench.evaluators.building import dry_build
from nasbench.evaluators.inherited import InheritedEvaluator
from nasbench.evaluators.known_truth import TRUTH, WithTruth, with_truth
from nasbench.evaluators.supernet_training import random_paths
from nasbench.evaluators.training import TrainingEvaluator
from nasbench.train.ignored import ignored_fields, told

FIRST = 2
"""The number of the first score: trial 1 is the training of the supernet."""
LOSS = Objective("inherited_loss", maximise=False)


@dataclass(frozen=True)
class Check:
    """What follows the training of a supernet.

    scores     scores an architecture with inherited weights; with a table, adds its value
    trained    what trains some of the architectures by themselves; None where a table has the truth
    plan       how an architecture becomes a network
    drawn      the architectures that are scored, all different networks
    notes      what of the recipe has no effect on the networks
    """

    config: SupernetConfig
    scores: InheritedEvaluator | WithTruth
    trained: After | None
    plan: Plan
    drawn: tuple[Architecture, ...]
    space: SearchSpace
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """What run.json says of it."""
        found: dict[str, Any] = {"score_name": f"minus {LOSS.metric}"}
        if isinstance(self.scores, WithTruth):
            return {**found, "truth_name": self.scores.name_of(str(self.config.ranking.truth))}
        return {**found, "after": None if self.trained is None else self.trained.record()}

    def identity(self) -> dict[str, Any]:
        """What it depends on, as far as that is not the default: the content of the table, another recipe."""
        if isinstance(self.scores, WithTruth):
            return {TRUTH: dict(self.scores.table.identity())}
        default = self.config.ranking.check_recipe == SupernetCheck().check_recipe
        return {} if self.trained is None or default else {"check": settings(self.trained.recipe)}

    def planned(self, run: Mapping[str, Any]) -> int:
        """How many trials it has."""
        return len(self.drawn) + sum(self._rounds(run))

    def answer(self, run: Run, executor: Executor | None = None) -> None:
        """Scores and trains what the log does not answer yet. `executor`: where, if not where the supernet was trained.

        RunFailed where that is not possible at all; the trained supernet is kept.
        """
        try:
            self._answer(run, executor)
        except RunFailed as error:
            raise RunFailed(
                f"the supernet is trained, and can be searched (--evaluator supernet:{run.directory}), but how it "
                f"ranks could not be checked: {sentence(str(error))}"
            ) from error

    def _answer(self, run: Run, executor: Executor | None) -> None:
        if not self.planned(run.store.run):
            return
        self.scores.check()
        run.answer(JobList(self._scores()), self.scores, score_of((LOSS,), "", None), executor=executor)
        number = FIRST + len(self.drawn)
        for count in self._rounds(run.store.run):
            assert self.trained is not None
            scored = [trial for trial in run.trials if trial.architecture is not None]
            jobs = JobList(checks(scored, self.plan, count, self.trained.epochs, number))
            run.answer(jobs, self.trained.evaluator, self.trained.score, executor=executor)
            number += count

    def _scores(self) -> list[Job]:
        plan = self.plan
        return [
            Job(
                number=number,
                seed=plan.seed,
                epochs=0,
                key=self.space.canonical(each).key,
                model=ModelSpec(plan.source, plan.size, plan.task, architecture=each),
                architecture=each,
                data=plan.data,
            )
            for number, each in enumerate(self.drawn, FIRST)
        ]

    def _rounds(self, run: Mapping[str, Any]) -> list[int]:
        """How many are trained, as planned at the start and each time that --check was raised."""
        if self.trained is None:
            return []
        config = {**self.config.recorded(), **run["config"]}
        return [min(each["check"], len(self.drawn)) for each in rounds({**run, "config": config}, ("check",))]

    def told(self) -> tuple[str, ...]:
        """What is said before the training starts."""
        if not self.drawn:
            return ()
        start = f"after the training, {quantity(len(self.drawn), 'random architecture')} are scored with it"
        if self.trained is None:
            return (f"{start} and held against {self.record()['truth_name']}",)
        trained = f"{self.config.ranking.checked} of them, over the whole range of scores, are trained by themselves"
        epochs = f"{quantity(self.trained.epochs, 'epoch')} under {self.trained.recipe.name}"
        return (f"{start}, and {trained} for {epochs}: how well do the scores rank?",)


def prepare_check(config: SupernetConfig, space: SearchSpace, supernet: SupernetRun) -> Check:
    """Looks everything up, and answers what is wrong before any work starts. `supernet` need not be
    trained yet."""
    asked, data, device = config.ranking, config.data.source, config.workers.device
    plan = Plan((), config.seed, 0, supernet.source, supernet.size, supernet.task, supernet.dataset)
    inherited, seed = InheritedEvaluator(supernet, data, device), derive(config.seed, "check")
    if asked.truth is not None:
        beside = with_truth(inherited, space, asked.truth_file or "", asked.truth_column)
        beside.check_table()
        return Check(config, beside, None, plan, beside.drawn(space, asked.scored, seed), space)
    recipe = recipe_named(asked.check_recipe, None)
    trained = After(TrainingEvaluator(data, recipe, device), score_of((), TRAINED_SCORE, None), recipe.epochs, recipe)
    if not asked.check:
        return Check(config, inherited, trained, plan, (), space)
    drawn, child = random_paths(space, asked.scored, seed), dry_build(space, plan)
    notes = told(f"networks of space {space.name!r}", recipe, ignored_fields(*child, recipe))
    return Check(config, inherited, trained, plan, drawn, space, notes)

"""What scores the children of a search, and what trains those that follow a search by a cheap score."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nasbench.core.answers import metrics_of
from nasbench.core.count_text import quantity
from nasbench.core.errors import UsageError, unknown
from nasbench.core.loop import Executor
from nasbench.core.objectives import Objective, parse_objectives
from nasbench.core.protocols import Evaluator, Measures, Metrics, SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators
from nasbench.core.reward import Rewarded, score_of
from nasbench.core.reward_part import reward_named
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.costing import costs_in_search
from nasbench.evaluators.costs import Costed, CostsBy, with_costs
from nasbench.evaluators.four_arguments import with_job
from nasbench.evaluators.measured import with_objectives

TRAINED_SCORE = "val_accuracy"
"""The metric of a training that is its score."""


@dataclass(frozen=True)
class After:
    """What trains the front-runners of a search by a cheap score, and its ranking check, by themselves."""

    evaluator: Evaluator
    score: Callable[[Metrics], float]
    epochs: int
    recipe: Recipe

    def record(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {"epochs": self.epochs, "recipe": asdict(self.recipe)}


@dataclass(frozen=True)
class Scoring:
    """How the children of a search are scored.

    Attributes:
        made: the evaluator that --evaluator names, alone.
        evaluator: the same with costs, objectives of the user's own and the truth among its metrics.
        score: metrics of a child -> the score that the strategy is told.
        objectives: as --objectives names them.
        costs: those that are among the metrics.
        after: what trains the front-runners, and the ranking check; None where the evaluator itself does.
        record: what run.json says of a reward, of a cheap score and of what follows it.
        told_of_reward, told_of_cheap: what is said of these before the search starts.
        costed: the evaluator with other costs.
    """

    made: Any
    evaluator: Evaluator
    score: Callable[[Metrics], float]
    objectives: tuple[Objective, ...]
    costs: CostsBy
    after: After | None
    record: Mapping[str, Any]
    told_of_reward: tuple[str, ...]
    told_of_cheap: tuple[str, ...]
    costed: Callable[[CostsBy], Evaluator]

    def by(self, costs: CostsBy) -> "Scoring":
        """The same with costs that are taken in another way."""
        after = self.after
        if after is not None and isinstance(after.evaluator, Costed):
            after = replace(after, evaluator=replace(after.evaluator, costs=costs))
        return replace(self, costs=costs, evaluator=self.costed(costs), after=after)


def scoring_of(
    config: SearchConfig,
    space: SearchSpace,
    recipe: Recipe,
    directory: Path | None,
    supernet: SupernetRun | None,
    executor: Executor,
) -> Scoring:
    """What scores, made and held against what the search reads of it. No image and no table is read yet.

    `executor` carries the evaluations: a reward that is made of curves needs one that passes reports on. Without a
    directory no weights are kept.
    """
    goals, metric, columns = config.goals, config.table.score_column, config.table
    target_macs, trains = goals.count("target_macs"), config.evaluator == "train" or config.trains_after
    images = {} if config.table_file is not None else _of_images(config, directory)
    objectives = parse_objectives(goals.objectives)
    reward, trained_score = None, score_of((), TRAINED_SCORE, target_macs)
    if goals.reward is not None:
        reward = reward_named(goals.reward, goals.reward_options, metric)
        if config.trains_after:
            trained_score = reward_named(goals.reward, goals.reward_options, TRAINED_SCORE)
    reads = (*(each.metric for each in objectives), *(reward.reads if reward else ()))
    name, offered = config.evaluator, {"space": space, "recipe": recipe, "seed": config.seed, **images}
    if config.table_file is not None:
        name, offered = "table", {**offered, **vars(columns), "file": config.table_file}
        offered |= {"report_columns": columns.columns(), "time_budget": config.time_budget}
        offered["objectives"] = tuple(objective.metric for objective in objectives)
        offered["reward"] = () if reward is None else reward.reads
    if config.proxy is not None:
        name, offered = "proxy", {**offered, "proxy": config.proxy}
    if supernet is not None:
        name, offered = "supernet", {**offered, "supernet": supernet, **config.inherited.flat()}
    made = evaluators.make(name, offered=offered)
    trainer = evaluators.make("train", offered={"recipe": recipe, **images}) if config.trains_after else None
    alone = with_job(made)
    read = set() if config.table_file is not None else set(reads) - set(metrics_of(config.evaluator, alone))
    costs = costs_in_search(config.costs, goals, read, recipe if trains else None, set(reads) - read)

    after = None
    if trainer is not None:
        epochs = config.retrain_epochs or recipe.epochs
        after = After(with_costs(trainer, costs), trained_score, epochs, recipe)
    truth, truth_name = None, None
    if config.ranking.truth is not None:
        from nasbench.evaluators.known_truth import with_truth

        truth = with_truth(alone, space, config.ranking.truth_file or "", config.ranking.truth_column)
        truth_name = truth.name_of(config.ranking.truth)

    def costed(costs: CostsBy) -> Evaluator:
        found = with_costs(alone, costs)
        found = with_objectives(found, objectives)
        return found if truth is None else replace(truth, evaluator=found)

    evaluator = costed(costs)
    minus_loss = config.inherits and not objectives and config.inherited.score_by == "loss"
    signed = (Objective(config.inherited.metric, maximise=False),) if minus_loss else objectives
    if reward is not None:
        _check_reward(reward, evaluator, executor, config)
    record: dict[str, Any] = {} if reward is None else {"reward": reward.to_json()}
    if config.cheap:
        record["after"] = None if after is None else after.record()
    if minus_loss:
        record["score_name"] = f"minus {config.inherited.metric}"
    if truth_name is not None:
        record["truth_name"] = truth_name
    return Scoring(
        made=made,
        evaluator=evaluator,
        score=reward or score_of(signed, metric, target_macs),
        objectives=objectives,
        costs=costs,
        after=after,
        record=record,
        told_of_reward=() if reward is None else (_told_of_reward(reward),),
        told_of_cheap=_told_of_cheap(config, supernet, after, minus_loss, truth_name),
        costed=costed,
    )


def _check_reward(reward: Rewarded, evaluator: object, executor: object, config: SearchConfig) -> None:
    """UsageError where the evaluator does not return what the reward reads, as far as both say so."""
    if reward.reads_curve and (config.table_file is not None or config.inherits):
        raise UsageError(
            f"the reward {reward.name!r} is made of what a training reports after each epoch, and nothing is "
            f"trained for a score by {config.evaluator}: leave --reward out, or take --reward accuracy"
        )
    if reward.reads_curve and not getattr(executor, "reports_travel", True):
        raise UsageError(
            f"the reward {reward.name!r} is made of what a training reports after each epoch, and the executor "
            f"{config.workers.executor_name!r} passes no reports on. Take --executor local (--workers 0) or ray, or "
            "leave --reward out."
        )
    returned = evaluator.metrics() if isinstance(evaluator, Measures) else None
    for name in reward.reads:
        if returned is not None and name not in returned:
            option = name != reward.metric and config.goals.reward_options
            then = "Name one of these in --reward-options." if option else f"The reward {reward.name!r} reads it."
            raise unknown("metric of the evaluator", name, returned, then)


def _told_of_reward(reward: Rewarded) -> str:
    return f"the score of a child is the reward {reward.name}" + (f": {reward.said}" * (reward.said != reward.name))


def _told_of_cheap(
    config: SearchConfig, supernet: SupernetRun | None, after: After | None, minus_loss: bool, truth_name: str | None
) -> tuple[str, ...]:
    lines = []
    if supernet is not None:
        score = "minus the loss" if minus_loss else "the metrics" if config.goals.objectives else "the accuracy"
        lines.append(
            f"children are paths of the supernet in {supernet.directory}: their score is {score} of up to "
            f"{config.inherited.score_images:,} validation images of {supernet.dataset}, and none is trained"
        )
        if config.strategy == "enas" and supernet.controller.exists():
            lines.append("the controller that drew the supernet's paths goes on in the search")
        elif config.strategy == "enas":
            lines.append("the search begins with a new controller: none drew the supernet's paths")
    if after is not None:
        parts = [f"the best {config.retrain_top}" if config.retrain_top > 1 else "the best"] * bool(config.retrain_top)
        parts += [f"{config.checked} over the whole range of scores"] if config.checked else []
        epochs = f"{quantity(after.epochs, 'epoch')}"
        lines.append(f"trained by themselves after the search, for {epochs}: {', and '.join(parts)}")
    if config.cheap and truth_name is not None:
        lines.append(f"every score is held against {truth_name}")
    return tuple(lines)


def _of_images(config: SearchConfig, directory: Path | None) -> dict[str, Any]:
    """What evaluators that read images are offered."""
    checkpoints = None if directory is None else config.place.checkpoints(directory)
    offered = {**config.data.flat(), "data": config.data.source}
    return {**offered, "device": config.workers.device, "checkpoint_dir": checkpoints}

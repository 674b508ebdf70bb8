"""What scores the children of a search, and what trains those that follow a search by a cheap score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.control import SMALLEST_SEARCH, due
from nasbench.core.count_text import quantity
from nasbench.core.objectives import Objective, parse_objectives
from nasbench.core.protocols import Evaluator, Metrics, SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators
from nasbench.core.reward import Rewarded, Score, score_of
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.cheap import RankingCheck
from nasbench.engine.config.names import file_of
from nasbench.engine.parts.rewarding import columns_read, reward_of

if TYPE_CHECKING:
    from nasbench.evaluators.known_truth import WithTruth

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


def make_evaluator(
    config: SearchConfig, space: SearchSpace, recipe: Recipe, directory: Path, supernet: SupernetRun | None
) -> Any:
    """The evaluator that --evaluator names. Nothing is read yet."""
    name, offered = config.evaluator, {"space": space, "recipe": recipe, "seed": config.seed}
    if config.table_file is not None:
        columns, objectives = config.table, parse_objectives(config.goals.objectives)
        offered = {**offered, **vars(columns), "file": config.table_file}
        offered |= {"report_columns": columns.columns(), "time_budget": config.time_budget}
        offered |= {"objectives": tuple(objective.metric for objective in objectives), "reward": columns_read(config)}
        return evaluators.make("table", offered=offered)
    offered |= _of_images(config, directory)
    if config.proxy is not None:
        name, offered = "proxy", {**offered, "proxy": config.proxy}
    if supernet is not None:
        name, offered = "supernet", {**offered, "supernet": supernet, **config.inherited.flat()}
    return evaluators.make(name, offered=offered)


def with_truth(config: SearchConfig, space: SearchSpace, evaluator: Evaluator) -> Evaluator:
    """The evaluator, with the value of the table of --truth beside its scores."""
    return evaluator if config.ranking.truth is None else beside_truth(config.ranking, space, evaluator)


def beside_truth(ranking: RankingCheck, space: SearchSpace, evaluator: Evaluator) -> "WithTruth":
    """The evaluator with the value of the table of --truth beside its scores."""
    from nasbench.evaluators.known_truth import WithTruth
    from nasbench.evaluators.table import TableEvaluator

    file = file_of(ranking.truth or "", "--truth") or ""
    return WithTruth(evaluator, TableEvaluator(file, space, truth_column(ranking)))


def truth_column(ranking: RankingCheck) -> str:
    """The column of --truth that is the truth."""
    from nasbench.evaluators.table import SCORE, shipped

    table = shipped(file_of(ranking.truth or "", "--truth") or "")
    own = SCORE if table is None else [table.score_column, *table.report_columns][-1]
    return ranking.truth_column or own


def make_after(config: SearchConfig, recipe: Recipe, directory: Path) -> After | None:
    """What follows a search by a cheap score; None where nothing does. Nothing is read yet."""
    if not config.trains_after:
        return None
    evaluator = evaluators.make("train", offered={"recipe": recipe, **_of_images(config, directory)})
    score = reward_of(config, TRAINED_SCORE) or score_of((), TRAINED_SCORE, config.goals.count("target_macs"))
    return After(evaluator, score, config.retrain_epochs or recipe.epochs, recipe)


def score_in_search(config: SearchConfig, objectives: Sequence[Objective]) -> Callable[[Metrics], float]:
    """Metrics of a child -> the score that the strategy is told."""
    if minus_loss(config):
        objectives = (Objective(config.inherited.metric, maximise=False),)
    if (reward := reward_of(config, config.table.score_column)) is not None:
        return reward
    return score_of(objectives, config.table.score_column, config.goals.count("target_macs"))


def minus_loss(config: SearchConfig) -> bool:
    """Whether the score is minus the loss with inherited weights."""
    of_supernet = config.cheap and config.proxy is None
    return of_supernet and not config.goals.objectives and config.inherited.score_by == "loss"


def record_of(config: SearchConfig, after: After | None, score: Score) -> Mapping[str, Any]:
    """What run.json says of a reward, of a cheap score and of what follows it; nothing for other searches."""
    found: dict[str, Any] = {"reward": score.to_json()} if isinstance(score, Rewarded) else {}
    if not config.cheap:
        return found
    found |= {"after": None if after is None else after.record()}
    if minus_loss(config):
        found["score_name"] = f"minus {config.inherited.metric}"
    if config.ranking.truth is not None:
        found["truth_name"] = f"{truth_column(config.ranking)} of {config.ranking.truth}"
    return found


def told_of(score: Score) -> tuple[str, ...]:
    """What is said of a reward before the search starts; nothing of other scores."""
    if not isinstance(score, Rewarded):
        return ()
    return (f"the score of a child is the reward {score.name}" + (f": {score.said}" * (score.said != score.name)),)


def told_of_control(config: SearchConfig, mixed: bool) -> tuple[str, ...]:
    """What is said of the random children among the trials of a new search; nothing where there are none."""
    if not mixed or config.trials < SMALLEST_SEARCH or config.place.resume:
        return ()
    return (
        f"{due(config.trials)} of the {config.trials:,} trials are random children, by which the report tells whether "
        "the search beats chance; a strategy's own random start counts (--control 0: none)",
    )


def told_before(config: SearchConfig, supernet: SupernetRun | None, after: After | None) -> tuple[str, ...]:
    """What is said of a cheap score before the search starts; nothing of other evaluators."""
    lines = []
    if supernet is not None:
        score = "minus the loss" if minus_loss(config) else "the metrics" if config.goals.objectives else "the accuracy"
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
    if config.cheap and config.ranking.truth is not None:
        lines.append(f"every score is held against {truth_column(config.ranking)} of {config.ranking.truth}")
    return tuple(lines)


def _of_images(config: SearchConfig, directory: Path) -> dict[str, Any]:
    """What evaluators that read images are offered."""
    checkpoints = str((directory / "checkpoints").absolute())
    offered = {**config.data.flat(), "data": config.data.source}
    return {**offered, "device": config.workers.device, "checkpoint_dir": checkpoints}

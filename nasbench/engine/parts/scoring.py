"""What scores the children of a search, and what trains those that follow a search by a cheap score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nasbench.core.answers import checked_names
from nasbench.core.blame import blame
from nasbench.core.errors import UsageError
from nasbench.core.objectives import Objective, score_of
from nasbench.core.protocols import Evaluator, Measures, Metrics, SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.names import file_of
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
    """What scores the children of a search, and what is said of it."""

    named: Any
    """The evaluator that --evaluator names."""
    evaluator: Evaluator
    """The same, with what is logged beside its metrics."""
    score: Callable[[Metrics], float]
    """Metrics of a child -> the score that the strategy is told."""
    supernet: SupernetRun | None
    after: After | None
    record: Mapping[str, Any]
    """What run.json says of a cheap score and of what follows it; nothing for other evaluators."""
    told: tuple[str, ...]
    """What is said of a cheap score before the search starts; nothing of other evaluators."""


def scoring_of(
    config: SearchConfig, objectives: Sequence[Objective], space: SearchSpace, recipe: Recipe, directory: Path
) -> Scoring:
    """All that scores the children. UsageError for what does not fit. No image, table or weight is read yet."""
    supernet = config.supernet
    named = _evaluator(config, objectives, space, recipe, directory, supernet)
    after = _after(config, recipe, directory)
    if isinstance(named, Measures):
        with blame(named, "metrics()", UsageError, "Mend it there."):
            checked_names(f"the evaluator {config.evaluator!r}", named, "metrics()", named.metrics())
    return Scoring(
        named=named,
        evaluator=_with_truth(config, space, with_objectives(named, objectives)),
        score=_score(config, objectives),
        supernet=supernet,
        after=after,
        record=_record(config, after),
        told=_told(config, supernet, after),
    )


def _evaluator(
    config: SearchConfig,
    objectives: Sequence[Objective],
    space: SearchSpace,
    recipe: Recipe,
    directory: Path,
    supernet: SupernetRun | None,
) -> Any:
    """The evaluator that --evaluator names. Nothing is read yet."""
    name, offered = config.evaluator, {"space": space, "recipe": recipe, "seed": config.seed}
    if config.table_file is not None:
        columns = config.table
        offered = {**offered, **vars(columns), "file": config.table_file}
        offered |= {"report_columns": columns.columns(), "time_budget": config.time_budget}
        offered |= {"objectives": tuple(objective.metric for objective in objectives)}
        return evaluators.make("table", offered=offered)
    offered |= _of_images(config, directory)
    if config.proxy is not None:
        name, offered = "proxy", {**offered, "proxy": config.proxy}
    if supernet is not None:
        name, offered = "supernet", {**offered, "supernet": supernet, **config.inherited.flat()}
    return evaluators.make(name, offered=offered)


def _with_truth(config: SearchConfig, space: SearchSpace, evaluator: Evaluator) -> Evaluator:
    """The evaluator, with the value of the table of --truth beside its scores."""
    if config.ranking.truth is None:
        return evaluator
    from nasbench.evaluators.known_truth import WithTruth
    from nasbench.evaluators.table import TableEvaluator

    file = file_of(config.ranking.truth, "--truth") or ""
    return WithTruth(evaluator, TableEvaluator(file, space, _truth_column(config)))


def _truth_column(config: SearchConfig) -> str:
    """The column of --truth that is the truth."""
    from nasbench.evaluators.table import SCORE, shipped

    table = shipped(file_of(config.ranking.truth or "", "--truth") or "")
    own = SCORE if table is None else [table.score_column, *table.report_columns][-1]
    return config.ranking.truth_column or own


def _after(config: SearchConfig, recipe: Recipe, directory: Path) -> After | None:
    """What follows a search by a cheap score; None where nothing does. Nothing is read yet."""
    if not config.trains_after:
        return None
    evaluator = evaluators.make("train", offered={"recipe": recipe, **_of_images(config, directory)})
    score = score_of((), TRAINED_SCORE, config.goals.count("target_macs"))
    return After(evaluator, score, config.retrain_epochs or recipe.epochs, recipe)


def _score(config: SearchConfig, objectives: Sequence[Objective]) -> Callable[[Metrics], float]:
    """Metrics of a child -> the score that the strategy is told."""
    if _minus_loss(config):
        objectives = (Objective(config.inherited.metric, maximise=False),)
    return score_of(objectives, config.table.score_column, config.goals.count("target_macs"))


def _minus_loss(config: SearchConfig) -> bool:
    """Whether the score is minus the loss with inherited weights."""
    of_supernet = config.cheap and config.proxy is None
    return of_supernet and not config.goals.objectives and config.inherited.score_by == "loss"


def _record(config: SearchConfig, after: After | None) -> Mapping[str, Any]:
    """What run.json says of a cheap score and of what follows it; nothing for other evaluators."""
    if not config.cheap:
        return {}
    found: dict[str, Any] = {"after": None if after is None else after.record()}
    if _minus_loss(config):
        found["score_name"] = f"minus {config.inherited.metric}"
    if config.ranking.truth is not None:
        found["truth_name"] = f"{_truth_column(config)} of {config.ranking.truth}"
    return found


def _told(config: SearchConfig, supernet: SupernetRun | None, after: After | None) -> tuple[str, ...]:
    """What is said of a cheap score before the search starts; nothing of other evaluators."""
    lines = []
    if supernet is not None:
        score = (
            "minus the loss" if _minus_loss(config) else "the metrics" if config.goals.objectives else "the accuracy"
        )
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
        epochs = f"{after.epochs} epoch{'' if after.epochs == 1 else 's'}"
        lines.append(f"trained by themselves after the search, for {epochs}: {', and '.join(parts)}")
    if config.cheap and config.ranking.truth is not None:
        lines.append(f"every score is held against {_truth_column(config)} of {config.ranking.truth}")
    return tuple(lines)


def _of_images(config: SearchConfig, directory: Path) -> dict[str, Any]:
    """What evaluators that read images are offered."""
    checkpoints = str((directory / "checkpoints").absolute())
    offered = {**config.data.flat(), "data": config.data.source}
    return {**offered, "device": config.workers.device, "checkpoint_dir": checkpoints}
